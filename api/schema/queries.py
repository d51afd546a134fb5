"""What can be asked. What the viewer may not see is answered like what does not exist: with null."""

from typing import Annotated

import strawberry

from api.accounts.models import User as UserRow
from api.accounts.reads import users_by_id
from api.chats.access import visible_chats, visible_messages, visible_users
from api.chats.models import Chat as ChatRow
from api.chats.models import Message as MessageRow
from api.graphql import relay
from api.graphql.relay import Node
from api.schema.context import Info
from api.schema.types import Chat, ChatId, Message, MessageId, User, Viewer


@strawberry.type(description="What can be asked.")
class Query:
    @strawberry.field(description="The one who asks; null when signed out.")
    async def viewer(self, info: Info) -> Viewer | None:
        if info.context.viewer is None:
            return None
        row = await info.context.load(users_by_id, info.context.viewer.id)
        return None if row is None else Viewer.of(row)

    @strawberry.field(description="Anything by its id; null when it is not there or not the viewer's to see.")
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="As it was received.")]
    ) -> Node | None:
        kind, _ = relay.read(id)
        match kind:
            case "Chat":
                return await _chat(info, id)
            case "Message":
                return await _message(info, id)
            case "User":
                return await _user(info, id)
            case "Viewer":
                return await _viewer(info, id)
        return None

    @strawberry.field(description="A chat of the viewer's, or null.")
    async def chat(self, info: Info, id: ChatId) -> Chat | None:
        return await _chat(info, id)

    @strawberry.field(description="A message of one of the viewer's chats, or null.")
    async def message(self, info: Info, id: MessageId) -> Message | None:
        return await _message(info, id)


async def _chat(info: Info, id: str) -> Chat | None:
    key = relay.key_of("Chat", id)
    if info.context.viewer is None:
        return None
    async with info.context.services.database.reading() as session:
        row = await session.scalar(visible_chats(info.context.viewer.id).where(ChatRow.id == key))
    return None if row is None else Chat.of(row)


async def _message(info: Info, id: str) -> Message | None:
    key = relay.key_of("Message", id)
    if info.context.viewer is None:
        return None
    async with info.context.services.database.reading() as session:
        row = await session.scalar(visible_messages(info.context.viewer.id).where(MessageRow.id == key))
    return None if row is None else Message.of(row)


async def _user(info: Info, id: str) -> User | None:
    """Oneself, and whom one shares a chat with."""
    key = relay.key_of("User", id)
    if info.context.viewer is None:
        return None
    async with info.context.services.database.reading() as session:
        row = await session.scalar(visible_users(info.context.viewer.id).where(UserRow.id == key))
    return None if row is None else User.of(row)


async def _viewer(info: Info, id: str) -> Viewer | None:
    key = relay.key_of("Viewer", id)
    if info.context.viewer is None or info.context.viewer.id != key:
        return None
    row = await info.context.load(users_by_id, key)
    return None if row is None else Viewer.of(row)
