"""The sync track in GraphQL: one subscription to the revisions of what a page shows.

`sync` accepts the ids of each GraphQL type that names its model, `__model__ = ChatRow`, if the model's rows have a page
(see `has_page`). The model needs an access rule.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator, Sequence
from contextlib import aclosing, contextmanager
from functools import lru_cache
from typing import Annotated, Any

import strawberry
from graphql import GraphQLSchema

from api.errors import BadUserInput
from api.graphql import relay
from api.graphql.context import Context, Info, counted
from api.graphql.execution.events import EVENTS, Events
from api.graphql.followed_ids import FollowedIds
from api.streaming.access import Key, RevisedModel
from api.streaming.tracks import has_page

IDS_PER_SYNC = 100

IDS_PER_SOCKET = 1_000
"""Different ids on one socket. Ten full subscriptions: a list of a thousand chats on one page."""

IDS_PER_USER = 10_000
"""Different ids that one user follows at once in one process, over all sockets and requests. Each may be a channel."""

OWN_TYPE = "Viewer"
"""The type whose object changes whenever its user gains access to another object: it lists what the user sees."""


@strawberry.type(
    description="Revision of a followed object. Refetch if it is greater than the revision that your latest fetch of "
    "the page returned, or if `deleted` is true."
)
class SyncEvent:
    id: strawberry.ID = strawberry.field(description="Id of the followed object, exactly as the client sent it.")
    revision: int = strawberry.field(
        description="Current revision; 0 if the object is deleted or not visible to the viewer."
    )
    deleted: bool = strawberry.field(description="True if the object is unknown, deleted or not visible to the viewer.")


SYNC_DESCRIPTION = (
    "Sends the revision of each followed object immediately, and again whenever it rises. Refetch if it is greater "
    "than the revision that your latest fetch of the page returned."
)


def sync_field(*, description: str = SYNC_DESCRIPTION, ids: str = f"Ids to follow, at most {IDS_PER_SYNC}.") -> Any:
    """A subscription field that follows the revisions of up to 100 objects. `ids` describes its argument."""
    Ids = Annotated[list[strawberry.ID], strawberry.argument(description=ids)]

    async def sync(info: Info, ids: list[strawberry.ID]) -> AsyncIterator[SyncEvent]:
        async with aclosing(sync_events(info.schema._schema, info.context, ids)) as events:
            async for event in events:
                yield event

    sync.__annotations__["ids"] = Ids
    return strawberry.subscription(
        resolver=sync, description=description, metadata={EVENTS: Events("ids", sync_events)}
    )


async def sync_events(
    schema: GraphQLSchema, context: Context[Any], ids: Sequence[strawberry.ID]
) -> AsyncGenerator[SyncEvent, None]:
    """The events of one subscription. Raises RequestError."""
    reader = context.reader
    asked = list(dict.fromkeys(ids))
    if len(asked) > IDS_PER_SYNC:
        raise BadUserInput(
            f"`sync` follows at most {IDS_PER_SYNC} ids in one subscription; these are {len(asked)}. "
            "Subscribe again for the rest."
        )
    pages = pages_of(schema)
    followed = {key: id for id in asked if (key := _page_key(id, pages)) is not None}
    own = None if reader.is_guest or OWN_TYPE not in pages else (pages[OWN_TYPE], reader.id)
    with following(context, followed), counted(context, "sync"):
        for id in asked:
            if id not in followed.values():
                yield SyncEvent(id=id, revision=0, deleted=True)
        hub, metrics = context.services.hub, context.services.metrics
        async with hub.changes(list(followed), reader.id, own=own, shares=reader.is_guest) as changes:
            async for change in changes:
                id = followed[change.model, change.key]
                yield SyncEvent(id=id, revision=change.revision, deleted=change.deleted)
                metrics.updated_sync(change.model.__name__)


@contextmanager
def following(context: Context[Any], keys: Collection[Key]) -> Iterator[None]:
    """Count the ids of a subscription for as long as it is open. Raises LimitExceeded."""
    with context.followed.counting(keys, IDS_PER_SOCKET, "on one socket"):
        if context.reader.is_guest:  # a link stands for any number of people, who are counted by their sockets alone
            yield
            return
        followed = context.services.followed
        of_user = followed.setdefault(context.reader.id, FollowedIds())
        try:
            with of_user.counting(keys, IDS_PER_USER, "for one user at once"):
                yield
        finally:
            if not of_user:
                followed.pop(context.reader.id, None)


@lru_cache(maxsize=8)
def pages_of(schema: GraphQLSchema) -> dict[str, RevisedModel]:
    """The models whose rows `sync` follows, by the name of their GraphQL type."""
    pages: dict[str, RevisedModel] = {}
    for name, kind in schema.type_map.items():
        definition = kind.extensions.get("strawberry-definition")
        model = getattr(getattr(definition, "origin", None), "__model__", None)
        if model is not None and has_page(model):
            pages[name] = model
    return pages


def _page_key(id: str, pages: dict[str, RevisedModel]) -> Key | None:
    try:
        kind, key = relay.read(id)
    except BadUserInput:
        return None
    model = pages.get(kind)
    return None if model is None else (model, key)
