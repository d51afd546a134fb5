"""A sweep reads a thousand followed messages in one query, and its work grows no faster than their number."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Executable, Row, insert
from uuid_utils.compat import uuid7

from api.accounts.models import User
from api.chats.models import Chat, Membership, Message, MessageRole
from api.streaming.columns import Status
from api.streaming.guard import ANNOUNCED
from api.streaming.store import Store
from api.streaming.subscriber import Subscriber
from api.streaming.sweep import Sweep
from tests.support.server import Running
from tests.support.until import PATIENCE_SECONDS


class CountedStore:
    """The server's database, and how often it was asked."""

    def __init__(self, store: Store) -> None:
        self.dialect = store.dialect
        self.reads = self.writes = 0
        self._store = store

    async def read(self, statement: Executable, parameters: Any = None) -> Sequence[Row[Any]]:
        self.reads += 1
        return await self._store.read(statement, parameters)

    async def write(self, *statements: Executable, **parameters: Any) -> Sequence[Row[Any]]:
        self.writes += 1
        return await self._store.write(*statements, **parameters)


@dataclass
class Calls:
    """Calls of Python functions, which a busy machine does not change, as it does seconds."""

    number: int = 0


@contextmanager
def counting_calls() -> Iterator[Calls]:
    """Count those of this thread, until this is left."""
    calls = Calls()

    def note(frame: FrameType, event: str, argument: object) -> None:
        calls.number += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)


@dataclass
class Cost:
    reads: int
    writes: int
    calls: int


async def cost_of_a_sweep(server: Running, followed: int) -> Cost:
    """Of so many messages, none of which has changed since the last sweep."""
    hub, store = server.runtime.hub, CountedStore(server.runtime.database)
    sweep = Sweep(store, hub, server.runtime.publisher, [Message], patience=PATIENCE_SECONDS, wait=PATIENCE_SECONDS)
    keys = await make_messages(server, followed)
    async with hub.joined(Subscriber(None), [(Message, key) for key in keys], streams=True):
        await sweep.once()
        assert [topic.latest.revision for topic in hub.topics] == [1] * followed
        store.reads = store.writes = 0
        with counting_calls() as calls:
            await sweep.once()
    return Cost(store.reads, store.writes, calls.number)


@pytest.mark.parametrize(("followed", "reads"), [(1, 1), (1_000, 1), (1_001, 2), (10_000, 10)])
async def test_a_sweep_reads_a_thousand_messages_in_one_query(server: Running, followed: int, reads: int) -> None:
    cost = await cost_of_a_sweep(server, followed)
    assert (cost.reads, cost.writes) == (reads, 1)


async def test_the_work_of_a_sweep_grows_no_faster_than_the_messages(server: Running) -> None:
    few, many = await cost_of_a_sweep(server, 1_000), await cost_of_a_sweep(server, 4_000)
    assert many.calls < 8 * few.calls  # quadratic work would be 16 times as much


async def make_messages(server: Running, number: int) -> list[UUID]:
    """Replies being written, all in one chat."""
    database = server.runtime.database
    async with database.transaction() as session:
        user = User(name="Ann", email=f"ann.{number}@example.com", password="none")
        session.add(user)
        await session.flush()
        chat = Chat(title="A long chat", owner_id=user.id)
        session.add(chat)
        await session.flush()
        session.add(Membership(chat_id=chat.id, user_id=user.id))
    now = datetime.now(UTC)
    row = {
        "revision": 1, "chat_id": chat.id, "role": MessageRole.ASSISTANT, "content": "", "status": Status.STREAMING,
        "fence": 1, "lease": time.time() + 600, "writer": uuid7(), "tries": 1, "created_at": now, "updated_at": now,
    }  # fmt: skip
    keys = [uuid7() for _ in range(number)]
    async with database.transactions.begin() as connection:
        rows = [{"id": key, **row} for key in keys]
        await connection.execute(insert(Message), rows, execution_options={ANNOUNCED: True})
    return keys
