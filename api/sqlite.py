"""SQLite's connections, each in a thread of its own. A task that is cancelled while it uses one leaves neither a lock
behind nor a thread that outlives the database."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any
from weakref import WeakSet

import aiosqlite
from sqlalchemy import Engine, event

from api.private_files import make_private

BUSY_SECONDS = 10
"""How long a write waits for another process that holds the write lock, such as a migration or a shell."""


class Connection(sqlite3.Connection):
    """Closes its cursors when it is closed.

    SQLite keeps a closed connection and its locks while a cursor has unread rows (https://www.sqlite.org/c3ref/close.html).
    The cursor of a cancelled query has, until its traceback is collected as garbage.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.text_factory = _text
        self._cursors: WeakSet[sqlite3.Cursor] = WeakSet()

    def cursor(self, *args: Any, **options: Any) -> Any:
        cursor = super().cursor(*args, **options)
        self._cursors.add(cursor)
        return cursor

    def close(self) -> None:
        while self._cursors:
            self._cursors.pop().close()
        super().close()


def _text(stored: bytes) -> str:
    """A text of which a part is not UTF-8 would fail the query that reads it."""
    return stored.decode(errors="replace")


class ConnectionThread(aiosqlite.Connection):
    """A connection with its thread. Only the first `stop` counts: after it, the thread answers no call any more."""

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
        self._is_stopping = False

    def stop(self) -> asyncio.Future[Any] | None:
        if self._is_stopping:
            return None
        self._is_stopping = True
        self._tx.put_nowait((None, self._close_opened))  # aiosqlite has no reference to one whose opening was cancelled
        return super().stop()


class ConnectionThreads:
    """The connections of one engine, with their threads."""

    def __init__(self) -> None:
        self._threads: WeakSet[Thread] = WeakSet()

    def options(self) -> dict[str, Any]:
        """For `create_async_engine`."""
        return {
            # One INSERT of many rows would give all of them the same position.
            "use_insertmanyvalues": False,
            "connect_args": {"timeout": BUSY_SECONDS, "factory": Connection, "async_creator_fn": self._open},
        }

    def _open(self, *args: Any, **options: Any) -> ConnectionThread:
        connection = ConnectionThread(lambda: _connect(*args, **options))
        connection._thread.daemon = True  # SQLAlchemy sets it as well
        self._threads.add(connection._thread)
        return connection

    async def join(self, timeout_seconds: float) -> None:
        """Wait for all threads, also those whose opening was cancelled, which the pool does not know.

        A thread calls back into the event loop even if nothing awaits it any more, so the loop must outlive it.
        """
        for thread in list(self._threads):
            if thread.is_alive():
                await asyncio.to_thread(thread.join, timeout_seconds)


def _connect(database: str, **options: Any) -> sqlite3.Connection:
    make_private(Path(database))  # SQLite gives the files that belong to it the same permissions
    connection: sqlite3.Connection = sqlite3.connect(database, **options)
    return connection


def prepare(engine: Engine) -> None:
    """Set WAL and foreign keys, and send BEGIN ourselves: a deferred transaction that starts to write fails at once if
    another one is writing."""

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
