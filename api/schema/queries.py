"""Queries. Objects that the viewer may not see are answered like objects that do not exist: with null."""

from typing import Annotated

import strawberry

from api import chats
from api.accounts import users_by_id
from api.graphql import relay
from api.graphql.relay import Node
from api.networks import network
from api.schema.context import Info
from api.schema.types.chats import Chat, Message
from api.schema.types.users import User
from api.schema.types.viewer import Viewer

NodeId = Annotated[strawberry.ID, strawberry.argument(description="Id of the object, exactly as it was received.")]
ChatId = Annotated[strawberry.ID, strawberry.argument(description="Id of the chat.")]
MessageId = Annotated[strawberry.ID, strawberry.argument(description="Id of the message.")]


@strawberry.type(description="Queries. An object that the viewer may not see is null, like one that does not exist.")
class Query:
    @strawberry.field(
        description="The authenticated viewer; null if the request has no token or that of a link, and if the account "
        "no longer exists."
    )
    async def viewer(self, info: Info) -> Viewer | None:
        if info.context.viewer is None:
            return None
        row = await info.context.load(users_by_id, info.context.viewer.id)
        return None if row is None else Viewer.of(row)

    @strawberry.field(
        description="The chat that the token of a reader link shows; null for other tokens, and if the link was "
        "revoked. Fails with RATE_LIMITED beyond 10,000 openings of a link per minute from one network address."
    )
    async def shared(self, info: Info) -> Chat | None:
        sender, services = info.context.sender, info.context.services
        if sender is None or not sender.is_guest:
            return None
        who = f"{sender.id} {network(info.context.client)}"
        await services.accounts.rates.spend("open this link", who, services.settings.guests_per_minute)
        found = await chats.shared_chat(services.database, sender.id)
        return None if found is None else Chat.of(found[0])

    @strawberry.field(description="The user who created the link by which the chat is shown; null if `shared` is null.")
    async def shared_by(self, info: Info) -> User | None:
        if info.context.sender is None or not info.context.sender.is_guest:
            return None
        found = await chats.shared_chat(info.context.services.database, info.context.sender.id)
        row = None if found is None else await info.context.load(users_by_id, found[1])
        return None if row is None else User.of(row)

    @strawberry.field(
        description="Fetches an object by its id. Returns null if it does not exist or is not visible to the viewer, "
        "and fails with BAD_USER_INPUT for a malformed id."
    )
    async def node(self, info: Info, id: NodeId) -> Node | None:
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

    @strawberry.field(
        description="Fetches a chat by its id. Returns null if it does not exist or is not visible to the viewer."
    )
    async def chat(self, info: Info, id: ChatId) -> Chat | None:
        return await _chat(info, id)

    @strawberry.field(
        description="Fetches a message by its id. Returns null if it does not exist or is not visible to the viewer."
    )
    async def message(self, info: Info, id: MessageId) -> Message | None:
        return await _message(info, id)


async def _chat(info: Info, id: str) -> Chat | None:
    key = relay.key_of("Chat", id)
    if info.context.sender is None:
        return None
    row = await chats.chat_for(info.context.services.database, info.context.sender.id, key)
    return None if row is None else Chat.of(row)


async def _message(info: Info, id: str) -> Message | None:
    key = relay.key_of("Message", id)
    if info.context.sender is None:
        return None
    row = await chats.message_for(info.context.services.database, info.context.sender.id, key)
    return None if row is None else Message.of(row)


async def _user(info: Info, id: str) -> User | None:
    key = relay.key_of("User", id)
    if info.context.viewer is None:
        return None
    row = await chats.user_for(info.context.services.database, info.context.viewer.id, key)
    return None if row is None else User.of(row)


async def _viewer(info: Info, id: str) -> Viewer | None:
    key = relay.key_of("Viewer", id)
    if info.context.viewer is None or info.context.viewer.id != key:
        return None
    row = await info.context.load(users_by_id, key)
    return None if row is None else Viewer.of(row)
