"""Reads of users."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from api.accounts.models import User
from api.database import Database


async def users_by_id(database: Database, keys: Sequence[UUID]) -> list[User | None]:
    """The users with these ids, in this order; None for one that does not exist."""
    async with database.reading() as session:
        found = {user.id: user for user in await session.scalars(select(User).where(User.id.in_(keys)))}
    return [found.get(key) for key in keys]
