"""Ten thousand followed messages cost a sweep one batched read for each thousand, and next to no time."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

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

FOLLOWED = 10_000
CPU_SECONDS = 0.5
"""For all of them: one in ten of what one read for each would cost."""


class CountedStore:
    """The server's database, and how often it was asked."""

    def __init__(self, store: Store) -> None:
        self.dialect = store.dialect
        self.reads = self.writes = 0
        self._store = store

    async def read(self, statement: Executable, parameters: Any = None) -> Sequence[Row[Any]]:
        self.reads += 1
        return await self._store.read(statement, parameters)

    async def write(self, statement: Executable) -> Sequence[Row[Any]]:
        self.writes += 1
        return await self._store.write(statement)


async def test_ten_thousand_followed_messages_cost_one_read_for_each_thousand(server: Running) -> None:
    hub, store = server.runtime.hub, CountedStore(server.runtime.database)
    sweep = Sweep(store, hub, server.runtime.publisher, [Message], patience=PATIENCE_SECONDS, wait=PATIENCE_SECONDS)
    keys = await make_messages(server)
    async with hub.joined(Subscriber(None), [(Message, key) for key in keys], streams=True):
        await sweep.once()  # from here on, nothing moves
        assert [topic.latest.revision for topic in hub.topics] == [1] * FOLLOWED
        store.reads = store.writes = 0
        before = time.process_time()
        await sweep.once()
        took = time.process_time() - before
    assert (store.reads, store.writes) == (FOLLOWED // 1_000, 1)
    assert took < CPU_SECONDS, took


async def make_messages(server: Running) -> list[UUID]:
    """Replies being written, all in one chat."""
    database = server.runtime.database
    async with database.transaction() as session:
        user = User(name="Ann", email="ann@example.com", password="none")
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
    keys = [uuid7() for _ in range(FOLLOWED)]
    async with database.transactions.begin() as connection:
        rows = [{"id": key, **row} for key in keys]
        await connection.execute(insert(Message.__table__), rows, execution_options={ANNOUNCED: True})
    return keys
