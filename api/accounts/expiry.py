"""Deletes credentials that have expired. They prove nothing any more, so no process needs to know."""

from sqlalchemy import delete

from api.accounts.models import ApiToken, Session
from api.database import Database
from api.streaming.columns import now


async def delete_expired_credentials(database: Database) -> int:
    """Delete sessions and API tokens that have expired. Returns how many there were."""
    deleted = 0
    async with database.transaction() as session:
        for model in (Session, ApiToken):
            expired = delete(model).where(model.expires_at <= now()).returning(model.id)
            deleted += len((await session.scalars(expired)).all())
    return deleted
