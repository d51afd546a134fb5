"""Operations on memberships: add a participant, remove one, leave a chat or all of them."""

from contextlib import suppress
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts import RateLimits, User
from api.chats.chats import delete_rows
from api.chats.locks import NO_KEY_UPDATE, lock_members, lock_membership
from api.chats.models import Chat, Link, Membership, Message, Removal
from api.database import Database
from api.errors import Forbidden, LimitExceeded, NotFound
from api.settings import Settings
from api.streaming.columns import Status


async def add_participant(
    database: Database, settings: Settings, rates: RateLimits, viewer: UUID, key: UUID, email: str
) -> Chat:
    """Add the user with this e-mail address. Raises NotFound, LimitExceeded, and RateLimited.

    Attempts are limited because the answers show which addresses have accounts.
    """
    await rates.spend("add participants", str(viewer), settings.invitations_per_minute)
    async with database.transaction() as session:
        await lock_membership(session, key, viewer)
        user = await session.scalar(select(User.id).where(User.email == email, User.deleted_at.is_(None)))
        if user is None:
            raise NotFound("No account has this e-mail address. Check it, or ask its owner to sign up first.")
        # Locked before the count, because another member may be adding a participant at this moment.
        chat = await session.get_one(Chat, key, with_for_update=NO_KEY_UPDATE)
        await add_member(session, settings, chat, user, by=viewer)
    return chat


async def add_member(session: AsyncSession, settings: Settings, chat: Chat, user: UUID, *, by: UUID) -> None:
    """Add the user to the locked chat, unless they participate already.

    Raises LimitExceeded, and Forbidden for a user whom the owner has removed, unless the owner adds them.
    """
    if await session.get(Membership, (chat.id, user)) is not None:
        return
    count = select(func.count()).select_from(Membership).where(Membership.chat_id == chat.id)
    if (await session.scalar(count) or 0) >= settings.chat_participants:
        raise LimitExceeded(
            f"A chat has at most {settings.chat_participants} participants. "
            "Remove a participant first, or create another chat."
        )
    await _end_removal(session, chat, user, by=by)
    session.add(Membership(chat_id=chat.id, user_id=user))


async def remove_participant(database: Database, viewer: UUID, key: UUID, leaver: UUID) -> Chat | None:
    """Remove a participant, who may be the viewer. Returns None if the viewer has left. Raises NotFound, and Forbidden.

    The links that the participant created end, so that a removed one cannot go on reading by one of them.
    An owner who leaves is succeeded by the participant who joined first. The last participant who leaves deletes the
    chat.
    """
    async with database.transaction() as session:
        members = await lock_members(session, key, viewer)
        chat = await session.get_one(Chat, key)  # not locked yet: messages come first
        if leaver != viewer and chat.owner_id != viewer:
            raise Forbidden("Only the chat's owner can remove other participants. You can remove yourself.")
        leaving = next((member for member in members if member.user_id == leaver), None)
        if leaving is None:
            raise NotFound("This user is not a participant of the chat. Refetch its participants.")
        staying = [member for member in members if member is not leaving]
        if not staying:
            await delete_rows(session, chat, members)
        else:
            await _stop_replies(session, key, leaver)
            await session.refresh(chat, with_for_update=NO_KEY_UPDATE)
            await session.delete(leaving)
            await session.execute(delete(Link).where(Link.chat_id == key, Link.creator_id == leaver))
            chat.access_epoch += 1
            if leaver != viewer and await session.get(Removal, (key, leaver)) is None:
                session.add(Removal(chat_id=key, user_id=leaver))
            if chat.owner_id == leaver:
                chat.owner_id = staying[0].user_id
    return None if leaver == viewer else chat


async def _end_removal(session: AsyncSession, chat: Chat, user: UUID, *, by: UUID) -> None:
    """Let a user come back whom the owner has removed. Raises Forbidden unless the owner does it."""
    removal = await session.get(Removal, (chat.id, user))
    if removal is None:
        return
    if chat.owner_id != by:
        raise Forbidden("The owner of this chat has removed this user. Only the owner can add them again.")
    await session.delete(removal)


async def leave_all_chats(database: Database, user: UUID) -> None:
    """Leave every chat, as `remove_participant` does, one transaction for each."""
    chats = select(Membership.chat_id).where(Membership.user_id == user)
    async with database.reading() as session:
        keys = (await session.scalars(chats)).all()
    for key in keys:
        with suppress(NotFound):  # left, or deleted, meanwhile
            await remove_participant(database, user, key, user)


async def _stop_replies(session: AsyncSession, chat: UUID, author: UUID) -> None:
    """Stop the replies that this user writes from outside: appending asks for no membership."""
    written = select(Message).where(Message.chat_id == chat, Message.author_id == author, Message.streaming)
    for message in await session.scalars(written.order_by(Message.id).with_for_update()):
        message.status = Status.STOPPED
