"""What can be followed: one message as it grows, and the revisions of what a page shows."""

from collections.abc import AsyncIterator
from typing import Annotated

import strawberry

from api import models
from api.errors import BadUserInput
from api.schema import ids
from api.schema.context import Info, counted
from api.schema.shared import SHARES, Shares
from api.schema.types import Message, MessageId
from api.streaming.topic import Key, Model

FOLLOWED_AT_ONCE = 100

Followed = Annotated[
    list[strawberry.ID],
    strawberry.argument(description="Of the viewer's own Viewer and Chats, at most 100; duplicates collapse."),
]

FOLLOWABLE: dict[str, Model] = {"Viewer": models.User, "Chat": models.Chat}


@strawberry.type(
    description="Where a followed object stands. Refetch when `revision` is greater than your page's own, or it says "
    "`deleted`."
)
class SyncEvent:
    id: strawberry.ID = strawberry.field(description="The followed id, as it was given.")
    revision: int = strawberry.field(description="The object's revision; 0 when it is deleted or out of sight.")
    deleted: bool = strawberry.field(description="Whether it is unknown, deleted or not the viewer's to see.")


@strawberry.type(description="What can be followed.")
class Subscription:
    @strawberry.subscription(
        description="The whole message as it grows: at once as it is now, at last the finished one, then complete.",
        metadata={SHARES: Shares(models.Message, Message.of)},
    )
    async def message_stream(self, info: Info, id: MessageId) -> AsyncIterator[Message]:
        viewer, key = info.context.signed_in, ids.key_of("Message", id)
        with counted(info.context, "stream"):
            async with info.context.server.hub.follow(models.Message, key, viewer) as snapshots:
                async for snapshot in snapshots:
                    yield Message.of(snapshot)
                    info.context.server.watch.updated_stream()

    @strawberry.subscription(
        description="The revisions of the viewer's own Viewer and Chats: first one event for each id, then whatever is "
        "greater."
    )
    async def sync(self, info: Info, ids: Followed) -> AsyncIterator[SyncEvent]:
        viewer = info.context.signed_in
        asked = list(dict.fromkeys(ids))
        if len(asked) > FOLLOWED_AT_ONCE:
            raise BadUserInput(
                f"Follow at most {FOLLOWED_AT_ONCE} ids in one subscription; these are {len(asked)}. "
                "Open another for the rest."
            )
        followed = {key: id for id in asked if (key := _followable(id)) is not None}
        with counted(info.context, "sync"):
            for id in asked:
                if id not in followed.values():
                    yield SyncEvent(id=id, revision=0, deleted=True)
            async with info.context.server.hub.changes(list(followed), viewer) as changes:
                async for change in changes:
                    yield SyncEvent(
                        id=followed[change.model, change.key], revision=change.revision, deleted=change.deleted
                    )
                    info.context.server.watch.updated_sync()


def _followable(id: str) -> Key | None:
    try:
        kind, key = ids.read(id)
    except BadUserInput:
        return None
    model = FOLLOWABLE.get(kind)
    return None if model is None else (model, key)
