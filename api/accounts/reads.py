"""Reads of users."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, select

from api.accounts.models import User
from api.database import Database

# Built once: a statement that is built for each call costs more than its execution, and leaves reference cycles.
USERS = select(User).where(User.id.in_(bindparam("keys", expanding=True)))


async def users_by_id(database: Database, keys: Sequence[UUID]) -> list[User | None]:
    """The users with these ids, in this order; None for one that does not exist."""
    async with database.reading() as session:
        found = {user.id: user for user in await session.scalars(USERS, {"keys": list(keys)})}
    return [found.get(key) for key in keys]
