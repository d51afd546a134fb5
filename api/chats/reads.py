"""Reads of chats, messages and participants."""

from collections.abc import Sequence
from itertools import accumulate, takewhile
from uuid import UUID

from sqlalchemy import Select, bindparam, select

from api.accounts import User
from api.characters import utf8_bytes
from api.chats.access import own_chats, visible_chats, visible_messages, visible_users
from api.chats.models import Chat, Membership, Message
from api.database import Database
from api.keyset import Slice, Window
from api.streaming.columns import Revised

# Built once: a statement that is built for each call costs more than its execution, and leaves reference cycles.
CHATS = select(Chat).where(Chat.id.in_(bindparam("keys", expanding=True)))
PARTICIPANTS = (
    select(Membership.chat_id, User)
    .join(User, User.id == Membership.user_id)
    .where(Membership.chat_id.in_(bindparam("keys", expanding=True)))
    .order_by(Membership.joined_at, Membership.user_id)
)


async def chat_for(database: Database, viewer: UUID, key: UUID) -> Chat | None:
    """The chat; None if it does not exist or is not visible to the viewer."""
    async with database.reading() as session:
        return await session.scalar(visible_chats(viewer).where(Chat.id == key))


async def message_for(database: Database, viewer: UUID, key: UUID) -> Message | None:
    """The message; None if it does not exist or is not visible to the viewer."""
    async with database.reading() as session:
        return await session.scalar(visible_messages(viewer).where(Message.id == key))


async def user_for(database: Database, viewer: UUID, key: UUID) -> User | None:
    """The viewer or a participant of one of the viewer's chats; None for other users."""
    async with database.reading() as session:
        return await session.scalar(visible_users(viewer).where(User.id == key))


async def chats_by_id(database: Database, keys: Sequence[UUID]) -> list[Chat | None]:
    """The chats with these ids, in this order; None for one that does not exist."""
    async with database.reading() as session:
        found = {chat.id: chat for chat in await session.scalars(CHATS, {"keys": list(keys)})}
    return [found.get(key) for key in keys]


async def participants_of(database: Database, keys: Sequence[UUID]) -> list[list[User]]:
    """The participants of the chats with these ids, in the order of joining."""
    found: dict[UUID, list[User]] = {key: [] for key in keys}
    async with database.reading() as session:
        for chat, user in await session.execute(PARTICIPANTS, {"keys": list(keys)}):
            found[chat].append(user)
    return [found[key] for key in keys]


async def messages_of(database: Database, chat: UUID, window: Window, most_bytes: int) -> tuple[int, Slice[Message]]:
    """Messages of a chat, oldest first, and the chat's revision, read no later than they.

    The page ends early, with one message at least, where its texts exceed `most_bytes`.
    """

    async def read() -> tuple[int, Slice[Message]]:
        async with database.reading() as session:
            revision = await session.scalar(_revision(Chat, chat))
            messages = select(Message).where(Message.chat_id == chat)
            return revision or 0, await window.read(session, messages, [Message.position, Message.id])

    revision, found = await database.finish(read())
    rows = reversed(found.items) if window.backward else found.items
    sizes = accumulate(utf8_bytes(row.content) + utf8_bytes(row.reasoning or "") for row in rows)
    count = sum(1 for _ in takewhile(lambda size: size <= most_bytes, sizes))
    return revision, found.begun(max(1, count), backward=window.backward)


async def chats_of(database: Database, viewer: UUID, window: Window) -> tuple[int, Slice[Chat]]:
    """Chats of the viewer, most recently active first, and the viewer's revision, read no later than they."""

    async def read() -> tuple[int, Slice[Chat]]:
        async with database.reading() as session:
            revision = await session.scalar(_revision(User, viewer))
            order = [Chat.updated_at, Chat.id]
            return revision or 0, await window.read(session, own_chats(viewer), order, descending=True)

    return await database.finish(read())


def _revision(model: type[Revised], key: UUID) -> Select[int]:
    return select(model.revision).where(model.id == key)
