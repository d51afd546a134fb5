"""What writing a row costs the database: the growth of its log, for a text that is written piece by piece.

The pieces are what a model sends in one cadence, and the clock does not wait.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import text

from api.accounts.models import User
from api.chats.models import Chat, Message, MessageRole
from api.database import Database
from api.replies.prose import markdown
from api.streaming import leases, snapshot
from api.streaming.columns import Streamed, enqueue
from api.streaming.publisher import Publisher
from api.streaming.writer import Writer

AnyRow = TypeVar("AnyRow", bound=Streamed)

CADENCE_SECONDS = 0.35

PIECE = 100
"""Characters of one update: 58 tokens of 5 characters a second, at this cadence."""

LIMIT = 1_000_000

PAGE_BYTES, FRAME_HEADER_BYTES, LOG_HEADER_BYTES = 4_096, 24, 32
"""https://www.sqlite.org/fileformat2.html#the_write_ahead_log"""


def prose(characters: int) -> str:
    """A text of this length, like that of a model. ASCII, so that characters are bytes."""
    words = "".join(markdown("What would you do first?", characters + characters // 10))
    return words.encode("ascii", "replace").decode()[:characters]


async def reply(database: Database) -> Message:
    """A reply that waits to be written, in a chat of its own."""
    async with database.transaction() as session:
        user = User(name="Ann", email=f"{uuid4()}@example.com", password="")
        session.add(user)
        await session.flush()
        chat = Chat(title="Tides", owner_id=user.id)
        session.add(chat)
        await session.flush()
        row = Message(chat_id=chat.id, role=MessageRole.ASSISTANT)
        enqueue(row, 60)
        session.add(row)
    return row


async def write(database: Database, row: AnyRow, words: str, updated: Callable[[], None] = lambda: None) -> AnyRow:
    """Write this text into a waiting row, and end it. Calls `updated` after each update.

    Returns the row as it is then.
    """
    now = 0.0

    async def discard(messages: object) -> None:
        """Nobody reads the row."""

    writer = Writer(
        database, Publisher(discard), cadence=CADENCE_SECONDS, lease=15, wait=60, limit=LIMIT, clock=lambda: now
    )
    model: type[Any] = type(row)
    appended = asyncio.Event()
    claimed = await database.write(leases.claim(model, uuid4(), limit=100, lease=15))  # type: ignore[arg-type]
    values = next(dict(found._mapping) for found in claimed if found.id == row.id)

    async def produce() -> None:
        nonlocal now
        async with writer.stream(snapshot.from_values(model, values)) as draft:
            for start in range(0, len(words), PIECE):
                draft.append(words[start : start + PIECE])
                await writer.tick()
                updated()
                now += CADENCE_SECONDS
            appended.set()

    producing = asyncio.create_task(produce())
    await asyncio.wait((producing, asyncio.create_task(appended.wait())), return_when=asyncio.FIRST_COMPLETED)
    await asyncio.sleep(0)  # the block ends
    await writer.tick()
    await producing
    async with database.reading() as session:
        return await session.get_one(type(row), row.id)


async def postgres_log(database: Database) -> int:
    """How many bytes Postgres has written to its log, for all databases of the server."""
    ((position,),) = await database.read(text("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))
    return int(position)


def sqlite_pages(path: Path) -> int:
    """How many pages are in the log of an SQLite file that had no checkpoint yet."""
    size = path.with_name(f"{path.name}-wal").stat().st_size
    return (size - LOG_HEADER_BYTES) // (FRAME_HEADER_BYTES + PAGE_BYTES)
