"""Chats, and who takes part in them.

Rows are locked in one order everywhere: participations, messages, chats, users.
"""

from uuid import UUID

import strawberry
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from api.accounts.models import User as UserRow
from api.accounts.operations import ACCOUNT_GONE
from api.chats.models import Chat as ChatRow
from api.chats.models import Membership
from api.chats.models import Message as MessageRow
from api.errors import Forbidden, LimitExceeded, NotFound, Unauthenticated
from api.graphql import relay
from api.inputs import TITLE_CHARACTERS, email_address, text
from api.schema.context import Info
from api.schema.types import Chat
from api.streaming.access import RevisedModel

UNTITLED = "New chat"

DELETED_AT_ONCE = 200
"""Messages of a chat: some 10 ms in which a process does nothing else."""

BUT_ITS_KEY = {"key_share": True}
"""How a chat is locked: whoever sends has its key locked already, and two of them would wait in a circle behind
somebody who waits for both."""


@strawberry.input(description="A new chat.")
class CreateChatInput:
    title: str | None = strawberry.field(
        default=strawberry.UNSET, description="What it is about: at most 200 characters."
    )


@strawberry.input(description="A chat's new title.")
class RenameChatInput:
    chat_id: strawberry.ID = strawberry.field(description="Which chat.")
    title: str = strawberry.field(description="What it is about: at most 200 characters.")


@strawberry.input(description="The chat to delete.")
class DeleteChatInput:
    chat_id: strawberry.ID = strawberry.field(description="Which chat.")


@strawberry.input(description="Whom to let in.")
class ParticipantInput:
    chat_id: strawberry.ID = strawberry.field(description="Which chat.")
    email: str = strawberry.field(description="The address that they signed up with.")


@strawberry.input(description="Who leaves.")
class RemoveParticipantInput:
    chat_id: strawberry.ID = strawberry.field(description="Which chat.")
    user_id: strawberry.ID = strawberry.field(description="Which participant.")


@strawberry.type(description="The chat as it is now.")
class ChatPayload:
    chat: Chat | None = strawberry.field(description="Null when the one who asks has left it.")


@strawberry.type(description="What is gone.")
class DeletePayload:
    deleted_id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.type
class Chats:
    @strawberry.mutation(description="Open a chat of one's own.")
    async def create_chat(self, info: Info, input: CreateChatInput | None = strawberry.UNSET) -> ChatPayload:
        viewer = info.context.signed_in
        title = _title(input.title) if input and input.title else UNTITLED
        async with info.context.services.database.transaction() as session:
            if await session.get(UserRow, viewer) is None:
                raise Unauthenticated(ACCOUNT_GONE)
            chat = ChatRow(title=title, owner_id=viewer)
            session.add(chat)
            await session.flush()
            session.add(Membership(chat_id=chat.id, user_id=viewer))
        return ChatPayload(chat=Chat.of(chat))

    @strawberry.mutation(description="Give a chat another title; any participant may.")
    async def rename_chat(self, info: Info, input: RenameChatInput) -> ChatPayload:
        key, title = relay.key_of("Chat", input.chat_id), _title(input.title)
        async with info.context.services.database.transaction() as session:
            await taking_part(session, key, info.context.signed_in)
            chat = await session.get_one(ChatRow, key, with_for_update=BUT_ITS_KEY)
            chat.title = title
        return ChatPayload(chat=Chat.of(chat))

    @strawberry.mutation(description="Delete a chat with all its messages; the owner's right.")
    async def delete_chat(self, info: Info, input: DeleteChatInput) -> DeletePayload:
        key, viewer = relay.key_of("Chat", input.chat_id), info.context.signed_in
        async with info.context.services.database.transaction() as session:
            members = await _members(session, key, viewer)
            chat = await session.get_one(ChatRow, key)
            if chat.owner_id != viewer:
                raise Forbidden("Only its owner may delete a chat. You can leave it instead.")
            await _delete(session, chat, members)
        return DeletePayload(deleted_id=input.chat_id)

    @strawberry.mutation(
        description="Let somebody in by their e-mail address; any participant may. An address that nobody has: "
        "NOT_FOUND."
    )
    async def add_participant(self, info: Info, input: ParticipantInput) -> ChatPayload:
        key, viewer = relay.key_of("Chat", input.chat_id), info.context.signed_in
        email = email_address(text(input.email, "e-mail address"))
        settings = info.context.services.settings
        await info.context.services.rates.spend("add participants", str(viewer), settings.invitations_per_minute)
        async with info.context.services.database.transaction() as session:
            await taking_part(session, key, viewer)
            user = await session.scalar(select(UserRow.id).where(UserRow.email == email))
            if user is None:
                raise NotFound("Nobody has signed up with this address. Check it, or ask them to sign up first.")
            # Locked before anybody is counted: others may be letting somebody in at this moment.
            chat = await session.get_one(ChatRow, key, with_for_update=BUT_ITS_KEY)
            if await session.get(Membership, (key, user)) is None:
                count = select(func.count()).select_from(Membership).where(Membership.chat_id == key)
                if (await session.scalar(count) or 0) >= settings.chat_participants:
                    raise LimitExceeded(
                        f"A chat has at most {settings.chat_participants} participants. "
                        "Remove somebody first, or open another chat."
                    )
                session.add(Membership(chat_id=key, user_id=user))
        return ChatPayload(chat=Chat.of(chat))

    @strawberry.mutation(
        description="Leave a chat, or, as its owner, remove somebody. An owner who leaves hands over to whoever joined "
        "first; the last to leave deletes the chat."
    )
    async def remove_participant(self, info: Info, input: RemoveParticipantInput) -> ChatPayload:
        key, leaver, viewer = (
            relay.key_of("Chat", input.chat_id),
            relay.key_of("User", input.user_id),
            info.context.signed_in,
        )
        async with info.context.services.database.transaction() as session:
            members = await _members(session, key, viewer)
            chat = await session.get_one(ChatRow, key)  # not locked yet: messages come first
            if leaver != viewer and chat.owner_id != viewer:
                raise Forbidden("Only the chat's owner may remove others. You can leave it yourself.")
            leaving = next((member for member in members if member.user_id == leaver), None)
            if leaving is None:
                raise NotFound("They do not take part in this chat. Reload its participants.")
            staying = [member for member in members if member is not leaving]
            if not staying:
                await _delete(session, chat, members)
            else:
                await session.refresh(chat, with_for_update=BUT_ITS_KEY)
                await session.delete(leaving)
                chat.access_epoch += 1
                if chat.owner_id == leaver:
                    chat.owner_id = staying[0].user_id
        return ChatPayload(chat=None if leaver == viewer else Chat.of(chat))


def _title(written: str) -> str:
    return text(written, "title", most=TITLE_CHARACTERS).strip()


async def taking_part(session: AsyncSession, chat: UUID, viewer: UUID, *, sought: RevisedModel = ChatRow) -> None:
    """Raises NotFound unless the viewer takes part, and keeps them in until this transaction ends.

    `sought` is what they asked for: the answer must be the same as if there were no such thing.
    """
    key = (Membership.chat_id == chat, Membership.user_id == viewer)
    if await session.scalar(select(Membership.user_id).where(*key).with_for_update(read=True)) is None:
        raise NotFound.of(sought)


async def _members(session: AsyncSession, chat: UUID, viewer: UUID) -> list[Membership]:
    """All participations, whoever joined first leading, locked. Raises NotFound unless the viewer's is among them."""
    all_of_it = select(Membership).where(Membership.chat_id == chat)
    locking = all_of_it.order_by(Membership.user_id).with_for_update()
    # Read until nobody is new, so twice at least. A statement sees what was committed before it began: whom a member
    # let in after that shows only to the next, even if no lock had to be waited for. Who is locked lets nobody in.
    locked, before = list(await session.scalars(locking)), 0
    while len(locked) > before:
        locked, before = list(await session.scalars(locking)), len(locked)
    members = sorted(locked, key=lambda member: (member.joined_at, member.user_id))
    if not any(member.user_id == viewer for member in members):
        raise NotFound.of(ChatRow)
    return members


async def _delete(session: AsyncSession, chat: ChatRow, members: list[Membership]) -> None:
    """The chat, its participations and its messages, some at a time; whoever writes one of them is stopped."""
    some = (
        select(MessageRow)
        .where(MessageRow.chat_id == chat.id)
        .options(defer(MessageRow.content), defer(MessageRow.reasoning))
        .order_by(MessageRow.id)
        .limit(DELETED_AT_ONCE)
        .with_for_update()
    )
    while messages := (await session.scalars(some)).all():
        for message in messages:
            await session.delete(message)
        await session.flush()
    for member in members:
        await session.delete(member)
    await session.flush()
    await session.delete(chat)
