"""Deletes data that is no longer needed: old idempotency keys, and credentials that have expired."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
from sqlalchemy import delete, select, tuple_

from api.accounts import delete_expired_credentials
from api.chats.models import IdempotencyKey, Link
from api.chats.quotas import delete_old_usage
from api.database import Database
from api.streaming.columns import now
from api.streaming.store import unless_outage

log = structlog.get_logger(__name__)

BETWEEN_SECONDS = 24 * 3600.0
"""Between two rounds of a process. A round reads the whole table once, in batches."""

BATCH_ROWS = 1_000
"""Most rows that one transaction deletes: few enough that no writer waits for it."""


@asynccontextmanager
async def retention(database: Database, *, key_days: int) -> AsyncIterator[None]:
    """Delete what is old, once a day while the block runs. With `key_days` 0, idempotency keys are kept.

    Processes that started together take their rounds at different times.
    """
    task = asyncio.create_task(_run(database, timedelta(days=key_days)), name="retention")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _run(database: Database, age: timedelta) -> None:
    while True:
        await asyncio.sleep(BETWEEN_SECONDS * random.random())  # noqa: S311
        try:
            credentials = await delete_expired_credentials(database) + await delete_expired_links(database)
            await delete_old_usage(database)
            keys = await delete_old_keys(database, age) if age else 0
        except Exception as error:
            log.warning("old rows not deleted", error=repr(error), exc_info=unless_outage(error))
        else:
            log.info("old rows deleted", idempotency_keys=keys, credentials=credentials)
        await asyncio.sleep(BETWEEN_SECONDS / 2)


async def delete_expired_links(database: Database) -> int:
    """Delete links that have expired. Returns how many there were."""
    async with database.transaction() as session:
        return len((await session.scalars(delete(Link).where(Link.expires_at <= now()).returning(Link.id))).all())


async def delete_old_keys(database: Database, age: timedelta) -> int:
    """Delete the idempotency keys of messages that were sent longer ago than this. Returns how many there were."""
    old = IdempotencyKey.created_at < now() - age
    columns = (IdempotencyKey.author_id, IdempotencyKey.key)
    place = tuple_(*columns)
    following = old
    deleted = 0
    while True:
        query = select(*columns).where(following).order_by(*columns).limit(BATCH_ROWS)
        async with database.reading() as session:
            found = [tuple(row) for row in await session.execute(query)]
        if not found:
            return deleted
        async with database.transaction() as session:
            await session.execute(delete(IdempotencyKey).where(place.in_(found)))
        deleted += len(found)
        following = old & (place > found[-1])
