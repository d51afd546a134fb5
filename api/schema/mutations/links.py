"""Mutations of links: create and revoke them, and join a chat by one."""

from datetime import datetime

import strawberry

from api import chats, inputs
from api.graphql.relay import key_of
from api.schema.context import Info
from api.schema.mutations.chats import ChatPayload
from api.schema.types.chats import Chat
from api.schema.types.links import Link


@strawberry.input(description="Input for creating a link to a chat.")
class CreateLinkInput:
    chat_id: strawberry.ID = strawberry.field(description="Id of the chat.")
    role: chats.LinkRole = strawberry.field(description="Purpose of the link.")
    expires_at: datetime | None = strawberry.field(
        default=None, description="Date and time when the link expires. Null if it does not expire."
    )


@strawberry.type(description="A new link with its token.")
class CreateLinkPayload:
    link: Link = strawberry.field(description="The new link.")
    token: str = strawberry.field(
        description="The token. It is not stored, and is shown only here. The page serves it at `/l#<token>`. That of "
        "a reader link is used like the token of a session: `Authorization: Bearer <token>`."
    )


@strawberry.input(description="Input for revoking a link.")
class RevokeLinkInput:
    link_id: strawberry.ID = strawberry.field(description="Id of the link.")


@strawberry.type(description="The result of revoking a link.")
class RevokeLinkPayload:
    revoked_id: strawberry.ID = strawberry.field(description="Id of the revoked link.")


@strawberry.input(description="Input for joining a chat.")
class JoinChatInput:
    token: str = strawberry.field(description="Token of a link with the role PARTICIPANT.")


@strawberry.type
class LinkMutations:
    @strawberry.mutation(
        description="Creates a link to a chat. Any participant may do this. The link ends when it expires or is "
        "revoked, and when its creator leaves the chat. Fails with LIMIT_EXCEEDED beyond 50 links of a chat."
    )
    async def create_link(self, info: Info, input: CreateLinkInput) -> CreateLinkPayload:
        key, viewer = key_of("Chat", input.chat_id), info.context.signed_in
        until = inputs.instant(input.expires_at)
        row, token = await chats.create_link(info.context.services.database, viewer, key, input.role, until)
        return CreateLinkPayload(link=Link.of(row), token=token)

    @strawberry.mutation(
        description="Revokes a link. On all servers, the sockets of its guests close with 4403, and their streaming "
        "responses end. Fails with FORBIDDEN unless the viewer created the link or owns the chat."
    )
    async def revoke_link(self, info: Info, input: RevokeLinkInput) -> RevokeLinkPayload:
        key, services = key_of("Link", input.link_id), info.context.services
        await chats.revoke_link(services.database, services.accounts.credentials, info.context.signed_in, key)
        return RevokeLinkPayload(revoked_id=input.link_id)

    @strawberry.mutation(
        description="Makes the viewer a participant of the chat to which a participant link leads. Joining again "
        "changes nothing. Fails with NOT_FOUND if the link was revoked or has expired, with FORBIDDEN if the owner has "
        "removed the viewer, with LIMIT_EXCEEDED if the chat has 100 participants, and with RATE_LIMITED beyond 30 "
        "attempts per minute."
    )
    async def join_chat(self, info: Info, input: JoinChatInput) -> ChatPayload:
        services, viewer = info.context.services, info.context.signed_in
        row = await chats.join_chat(services.database, services.settings, services.accounts.rates, viewer, input.token)
        return ChatPayload(chat=Chat.of(row))
