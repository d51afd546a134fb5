"""SQLite's connections, each in a thread of its own: whoever is cut off in the middle of one leaves no lock behind, and
no thread that outlives the database."""

import asyncio
import sqlite3
from collections.abc import Callable
from threading import Thread
from typing import Any
from weakref import WeakSet

import aiosqlite
from sqlalchemy import Engine, event

BUSY_SECONDS = 10
"""How long a write waits for another process (a migration, a shell) that holds the write lock."""


class Connection(sqlite3.Connection):
    """Closes its cursors with it. SQLite keeps a closed connection, and its locks, for as long as one of them stands
    before further rows; and that of a cancelled query does so until its traceback is collected as garbage.
    https://www.sqlite.org/c3ref/close.html
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._cursors: WeakSet[sqlite3.Cursor] = WeakSet()

    def cursor(self, *args: Any, **options: Any) -> Any:
        cursor = super().cursor(*args, **options)
        self._cursors.add(cursor)
        return cursor

    def close(self) -> None:
        while self._cursors:
            self._cursors.pop().close()
        super().close()


class Worker(aiosqlite.Connection):
    """The thread of a connection. It is told once to end: after that, nobody would be answered."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        opened: list[sqlite3.Connection] = []

        def open_() -> sqlite3.Connection:
            opened.append(connect())
            return opened[0]

        def close() -> None:
            for connection in opened:
                connection.close()

        super().__init__(open_, iter_chunk_size=64)
        self._close_opened = close
        self._is_leaving = False

    def stop(self) -> asyncio.Future[Any] | None:
        if self._is_leaving:
            return None
        self._is_leaving = True
        self._tx.put_nowait((None, self._close_opened))  # nobody else knows of one whose opening was cancelled
        return super().stop()


class Workers:
    """Those of one engine."""

    def __init__(self) -> None:
        self._threads: WeakSet[Thread] = WeakSet()

    def options(self) -> dict[str, Any]:
        """For `create_async_engine`."""
        return {"connect_args": {"timeout": BUSY_SECONDS, "factory": Connection, "async_creator_fn": self._open}}

    def _open(self, *args: Any, **options: Any) -> Worker:
        worker = Worker(lambda: sqlite3.connect(*args, **options))
        worker._thread.daemon = True  # as SQLAlchemy has it
        self._threads.add(worker._thread)
        return worker

    async def ended(self, patience_seconds: float) -> None:
        """A thread answers the loop even when nobody waits for it any more: the loop must outlive it. The pool knows
        only of those that it was handed; the opening of others was cancelled."""
        for thread in list(self._threads):
            if thread.is_alive():
                await asyncio.to_thread(thread.join, patience_seconds)


def prepare(engine: Engine) -> None:
    """WAL, foreign keys, and BEGIN said by us: a deferred transaction that turns to writing fails at once."""

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        kind = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {kind}")
