"""Connections of the database: none outlives it, and none keeps a lock."""

import asyncio
import gc
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from api.database import Database
from api.sqlite import ConnectionThread
from api.streaming.publisher import Publisher
from tests.support.until import PATIENCE_SECONDS, until


async def discard(messages: object) -> None:
    """Nothing is announced here."""


async def test_closing_waits_for_a_connection_whose_opening_was_cancelled_and_closes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, granted = threading.Event(), threading.Event()
    connect = sqlite3.connect
    opened: list[sqlite3.Connection] = []

    def slow(*args: Any, **options: Any) -> sqlite3.Connection:
        asked.set()
        granted.wait()
        opened.append(connect(*args, **{**options, "check_same_thread": False}))
        return opened[0]

    monkeypatch.setattr(sqlite3, "connect", slow)
    before = set(threading.enumerate())
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'one.db'}", Publisher(discard))
    pinging = asyncio.create_task(ping(database))
    await until(asked.is_set)
    pinging.cancel()
    await asyncio.wait((pinging,))
    leaving = asyncio.create_task(database.aclose())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not leaving.done()
    granted.set()
    await leaving
    threads = [thread for thread in threading.enumerate() if thread not in before and "connection" in thread.name]
    assert threads == []
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")


async def ping(database: Database) -> None:
    async with database.engine.connect():
        raise AssertionError("connected, although it was cancelled")


@pytest.fixture
def no_garbage_is_collected() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


async def test_a_task_that_is_cancelled_in_a_transaction_leaves_no_lock(
    tmp_path: Path, no_garbage_is_collected: None
) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'one.db'}", Publisher(discard))
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE rows AS SELECT 1 AS id UNION SELECT 2")
    reading = asyncio.Event()

    async def change() -> None:
        async with database.transaction() as session:
            await session.connection()
            reading.set()
            await session.execute(text("SELECT id FROM rows"))

    def cancel(*_: object) -> None:
        if reading.is_set():
            changing.cancel()

    event.listen(database.engine.sync_engine, "before_cursor_execute", cancel)
    changing = asyncio.create_task(change())
    with pytest.raises(asyncio.CancelledError):
        await changing
    reading.clear()
    with closing(sqlite3.connect(tmp_path / "one.db", timeout=0)) as another:
        await until(lambda: database.connections == 0)
        another.execute("BEGIN IMMEDIATE")
    await database.aclose()


async def test_a_connection_that_is_stopped_twice_closes(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'one.db'}", Publisher(discard))
    async with database.engine.connect() as connection:
        raw = await connection.get_raw_connection()
        thread = raw.driver_connection
        assert isinstance(thread, ConnectionThread)
        closed = asyncio.create_task(thread.close())
        await asyncio.sleep(0)
        thread.stop()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await closed
        await connection.invalidate()
    await database.aclose()
