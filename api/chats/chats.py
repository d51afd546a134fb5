"""Operations on chats: create, rename, choose when the assistant answers, delete."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from api.accounts import ACCOUNT_GONE, User
from api.chats.locks import NO_KEY_UPDATE, lock_members, lock_membership
from api.chats.models import Assistant, Chat, Link, Membership, Message, ReadMark, Removal
from api.chats.titles import UNTITLED
from api.database import Database
from api.errors import Forbidden, Unauthenticated

DELETE_BATCH = 200
"""Messages that are deleted at a time. The process does nothing else meanwhile, for about 10 ms."""


async def create_chat(database: Database, viewer: UUID, title: str | None = None) -> Chat:
    """Create a chat that the viewer owns. Without a title, it is named after its first message."""
    async with database.transaction() as session:
        if await session.get(User, viewer) is None:
            raise Unauthenticated(ACCOUNT_GONE)
        chat = Chat(title=title or UNTITLED, owner_id=viewer)
        session.add(chat)
        await session.flush()
        session.add(Membership(chat_id=chat.id, user_id=viewer))
    return chat


async def rename_chat(database: Database, viewer: UUID, key: UUID, title: str) -> Chat:
    """Change the title. Raises NotFound."""
    async with database.transaction() as session:
        await lock_membership(session, key, viewer)
        chat = await session.get_one(Chat, key, with_for_update=NO_KEY_UPDATE)
        chat.title = title
    return chat


async def set_assistant(database: Database, viewer: UUID, key: UUID, assistant: Assistant) -> Chat:
    """Choose when the assistant answers. Raises NotFound."""
    async with database.transaction() as session:
        await lock_membership(session, key, viewer)
        chat = await session.get_one(Chat, key, with_for_update=NO_KEY_UPDATE)
        chat.assistant = assistant
    return chat


async def delete_chat(database: Database, viewer: UUID, key: UUID) -> None:
    """Delete a chat with its messages. Raises NotFound, and Forbidden unless the viewer is the owner."""
    async with database.transaction() as session:
        members = await lock_members(session, key, viewer)
        chat = await session.get_one(Chat, key)
        if chat.owner_id != viewer:
            raise Forbidden("Only the owner can delete a chat. Leave the chat instead.")
        await delete_rows(session, chat, members)


async def delete_rows(session: AsyncSession, chat: Chat, members: Sequence[Membership]) -> None:
    """Delete a chat with all that belongs to it, messages in batches. Deleting one that streams stops its writer."""
    batch = (
        select(Message)
        .where(Message.chat_id == chat.id)
        .options(defer(Message.content), defer(Message.reasoning))
        .order_by(Message.id)
        .limit(DELETE_BATCH)
        .with_for_update()
    )
    while messages := (await session.scalars(batch)).all():
        for message in messages:
            await session.delete(message)
        await session.flush()
    await session.execute(delete(Removal).where(Removal.chat_id == chat.id))
    await session.execute(delete(Link).where(Link.chat_id == chat.id))
    for mark in await session.scalars(select(ReadMark).where(ReadMark.chat_id == chat.id)):
        await session.delete(mark)
    for member in members:
        await session.delete(member)
    await session.flush()
    await session.delete(chat)
