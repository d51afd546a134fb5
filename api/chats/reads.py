"""Chats and participants by id, many in one query."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from api.accounts.models import User
from api.chats.models import Chat, Membership
from api.database import Database


async def chats_by_id(database: Database, keys: Sequence[UUID]) -> list[Chat | None]:
    """The chats with these ids, in this order; None for one that does not exist."""
    async with database.reading() as session:
        found = {chat.id: chat for chat in await session.scalars(select(Chat).where(Chat.id.in_(keys)))}
    return [found.get(key) for key in keys]


async def participants_of(database: Database, keys: Sequence[UUID]) -> list[list[User]]:
    """The participants of the chats with these ids, in the order in which they joined."""
    members = (
        select(Membership.chat_id, User)
        .join(User, User.id == Membership.user_id)
        .where(Membership.chat_id.in_(keys))
        .order_by(Membership.joined_at, Membership.user_id)
    )
    found: dict[UUID, list[User]] = {key: [] for key in keys}
    async with database.reading() as session:
        for chat, user in await session.execute(members):
            found[chat].append(user)
    return [found[key] for key in keys]
