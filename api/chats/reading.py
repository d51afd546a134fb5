"""What a list of chats shows of their messages: how many are unread, and whether a reply is being written."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from sqlalchemy import and_, func, literal, or_, select
from sqlalchemy.exc import IntegrityError

from api.chats.locks import lock_membership
from api.chats.models import Chat, Message, ReadMark
from api.database import Database
from api.errors import NotFound

MOST_COUNTED = 1_000
"""Unread messages of one chat that are counted."""


async def mark_read(database: Database, viewer: UUID, chat: UUID, message: UUID) -> Chat:
    """Mark the chat as read up to this message. A mark that is further stays where it is. Raises NotFound."""
    with suppress(IntegrityError):  # another request of the viewer made the first mark at the same moment
        return await _mark(database, viewer, chat, message)
    return await _mark(database, viewer, chat, message)


async def _mark(database: Database, viewer: UUID, chat: UUID, message: UUID) -> Chat:
    async with database.transaction() as session:
        await lock_membership(session, chat, viewer)
        place = select(Message.position).where(Message.id == message, Message.chat_id == chat)
        position = await session.scalar(place)
        if position is None:
            raise NotFound.of(Message)
        mark = await session.get(ReadMark, (chat, viewer), with_for_update=True)
        if mark is None:
            session.add(ReadMark(chat_id=chat, user_id=viewer, position=position))
        elif mark.position < position:
            mark.position = position
        return await session.get_one(Chat, chat)


async def unread_counts(database: Database, keys: Sequence[tuple[UUID, UUID]]) -> list[int]:
    """How many final messages of others came after the viewer's mark, for each (viewer, chat). At most 1,000 each."""
    found: dict[tuple[UUID, UUID], int] = {}
    for viewer in {viewer for viewer, _ in keys}:
        mark = select(ReadMark.position).where(ReadMark.chat_id == Chat.id, ReadMark.user_id == viewer)
        unread = (
            select(literal(1))
            .select_from(Message)
            .where(
                Message.chat_id == Chat.id,
                Message.position > func.coalesce(mark.correlate(Chat).scalar_subquery(), 0),
                and_(~Message.streaming, or_(Message.author_id.is_(None), Message.author_id != viewer)),
            )
            .limit(MOST_COUNTED)
            .correlate(Chat)
            .subquery()
        )
        count = select(func.count()).select_from(unread).correlate(Chat).scalar_subquery()
        query = select(Chat.id, count).where(Chat.id.in_([chat for reader, chat in keys if reader == viewer]))
        async with database.reading() as session:
            found |= {(viewer, chat): number for chat, number in await session.execute(query)}
    return [found.get(key, 0) for key in keys]


async def chats_with_replies(database: Database, keys: Sequence[UUID]) -> list[bool]:
    """Whether a reply is being written, or waits for its turn, in each of these chats."""
    query = select(Message.chat_id).where(Message.chat_id.in_(keys), Message.streaming).distinct()
    async with database.reading() as session:
        found = set(await session.scalars(query))
    return [key in found for key in keys]
