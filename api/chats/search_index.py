"""The search index: the terms of all final messages, in SQLite's FTS5 or Postgres' full text search.

Triggers note a message in `search_queue` when it is sent, edited, ended or begun again, so that no
statement that writes text touches the index. The indexer reads the queue, also right before each search.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import structlog
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY

from api.chats.models import Message
from api.chats.search_terms import INDEXED_CHARACTERS, terms_of
from api.database import Database
from api.streaming.columns import Status
from api.streaming.store import unless_outage

log = structlog.get_logger(__name__)

BETWEEN_SECONDS = 10.0
"""Between two readings of the queue, if no search empties it."""

BATCH_ROWS = 20
"""Messages that one transaction indexes: few enough that no writer on SQLite waits for it."""

SEARCH_BATCHES = 10
"""Batches that one search indexes. What is still queued then, such as after an upgrade, is found later."""

TABLES = MetaData()
"""Not among the tables of the models, as the two databases have different ones."""

QUEUE = Table("search_queue", TABLES, Column("number", BigInteger, primary_key=True), Column("message_id", Uuid))

TERMS = Table(
    "search_terms",
    TABLES,
    Column("rowid", Integer),  # SQLite: the message's position
    Column("message_id", Uuid),  # Postgres, as those below
    Column("position", BigInteger),
    Column("terms", Text),
)

_REMOVE = {
    "sqlite": text("DELETE FROM search_terms WHERE rowid = (SELECT position FROM messages WHERE id = :id)").bindparams(
        bindparam("id", type_=Uuid())
    ),
    "postgresql": text("DELETE FROM search_terms WHERE message_id = :id").bindparams(bindparam("id", type_=Uuid())),
}

_FINAL = "FROM messages WHERE id = :id AND status <> 'STREAMING'"

_ADD = {
    "sqlite": text(f"INSERT INTO search_terms (rowid, terms) SELECT position, :terms {_FINAL}").bindparams(
        bindparam("id", type_=Uuid())
    ),
    "postgresql": text(
        "INSERT INTO search_terms (message_id, position, terms) "
        f"SELECT id, position, array_to_tsvector(:terms) {_FINAL}"
    ).bindparams(bindparam("id", type_=Uuid()), bindparam("terms", type_=ARRAY(Text))),
}


def chat_term(chat: UUID) -> str:
    """The term that all messages of a chat have. No text contains it: the section sign is no letter."""
    return f"§{chat.hex}"


@asynccontextmanager
async def indexing(database: Database) -> AsyncIterator[None]:
    """Index what is queued, now and then, while the block runs."""
    task = asyncio.create_task(_run(database), name="search index")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _run(database: Database) -> None:
    while True:
        await asyncio.sleep(BETWEEN_SECONDS * (0.5 + random.random()))  # noqa: S311
        try:
            while await database.finish(_index_batch(database)):
                pass
        except Exception as error:
            log.warning("messages not indexed", error=repr(error), exc_info=unless_outage(error))


async def catch_up(database: Database) -> None:
    """Index what is queued, at most as much as a search may wait for."""
    for _ in range(SEARCH_BATCHES):
        if not await database.finish(_index_batch(database)):
            return


async def _index_batch(database: Database) -> int:
    """Index the messages that have waited longest. Returns how many were queued."""
    query = (
        select(
            QUEUE.c.number,
            QUEUE.c.message_id,
            Message.chat_id,
            func.substr(type_coerce(literal_column("messages.content"), Text), 1, INDEXED_CHARACTERS).label("content"),
            (Message.status != Status.STREAMING).label("final"),
        )
        .outerjoin(Message, Message.id == QUEUE.c.message_id)
        .order_by(QUEUE.c.number)
        .limit(BATCH_ROWS)
    )
    queued = await database.read(query)
    if not queued:
        return 0
    latest = {row.message_id: row for row in queued}
    final = [row for row in latest.values() if row.final]
    terms = await asyncio.to_thread(lambda: [[*terms_of(row.content), chat_term(row.chat_id)] for row in final])
    terms_by_number = {row.number: found for row, found in zip(final, terms, strict=True)}
    async with database.transaction() as session:
        locked = (
            select(QUEUE.c.number)
            .where(QUEUE.c.number.in_([row.number for row in queued]))
            .order_by(QUEUE.c.number)
            .with_for_update()
        )
        ours = set(await session.scalars(locked))  # another process has indexed the others, no earlier than we read
        for row in sorted(latest.values(), key=lambda row: str(row.message_id)):
            if row.number not in ours:
                continue
            await session.execute(_REMOVE[database.dialect], {"id": row.message_id})
            if (found := terms_by_number.get(row.number)) is not None:
                await session.execute(
                    _ADD[database.dialect], {"id": row.message_id, "terms": _written(database, found)}
                )
        await session.execute(delete(QUEUE).where(QUEUE.c.number.in_(ours)))
    return len(queued)


def _written(database: Database, terms: Sequence[str]) -> object:
    return list(terms) if database.dialect == "postgresql" else " ".join(terms)
