"""Writing costs what was written: the log of the database grows with the length of a text, not with its square."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import make_url

from api.accounts.models import User
from api.database import Database
from api.streaming.columns import Status, enqueue
from api.streaming.publisher import Publisher
from examples.notes.models import Note
from examples.notes.product import create_tables
from tests.support.backends import Backend
from tests.support.log_volume import PIECE, postgres_log, prose, reply, sqlite_pages, write

MOST_BYTES_PER_BYTE = 12
MOST_PAGES_PER_UPDATE = 4


async def discard(messages: object) -> None:
    """Nobody reads the rows."""


async def note(database: Database) -> Note:
    """A note of the second product, which waits to be written."""
    await create_tables(database)
    async with database.transaction() as session:
        user = User(name="Ann", email=f"{uuid4()}@example.com", password="")
        session.add(user)
        await session.flush()
        row = Note(title="Tides", owner_id=user.id)
        enqueue(row, 60)
        session.add(row)
    return row


@pytest.mark.parametrize("waiting", [reply, note])
async def test_writing_costs_what_was_written(backend: Backend, waiting: Callable[[Database], Awaitable[Any]]) -> None:
    database = Database(backend.database_url, Publisher(discard))
    if database.dialect == "postgresql":
        costs = [await bytes_per_byte(database, await waiting(database), length) for length in (5_000, 30_000)]
        assert max(costs) <= MOST_BYTES_PER_BYTE
        assert max(costs) <= 1.5 * min(costs)
    else:
        path = Path(str(make_url(database.url).database))
        row, pages = await waiting(database), [0]
        await write(database, row, prose(20_000), lambda: pages.append(sqlite_pages(path)))
        assert (pages[-1] - pages[1]) / (len(pages) - 2) <= MOST_PAGES_PER_UPDATE
    await database.aclose()


async def bytes_per_byte(database: Database, row: Any, length: int) -> float:
    before = await postgres_log(database)
    final = await write(database, row, prose(length))
    cost = (await postgres_log(database) - before) / length
    assert (final.status, final.revision) == (Status.COMPLETE, row.revision + length // PIECE + 1)
    assert final.__dict__.get("content", final.__dict__.get("body")) == prose(length)
    return cost
