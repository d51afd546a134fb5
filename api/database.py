"""The database: one engine. `reading()` gives a session to look with; `transaction()` one that changes, commits, then
announces. `read()` and `write()` run one statement, for the streaming package.

On Postgres, who must not wait for the others' connections has an engine of its own: `dedicated()`.

No session lives longer than the block that opened it, and none is open while anything waits for a client.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Any, TypeVar

from sqlalchemy import Executable, Row, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from api import sqlite
from api.streaming.guard import ANNOUNCED, refuse_unseen_changes
from api.streaming.publisher import Publisher
from api.streaming.session import TrackedSession

POOL_SIZE = 5
"""Connections kept; statements are short, so a few serve many thousand viewers."""

POOL_OVERFLOW = 5

DEDICATED = 1
"""Connections of a writer's own: its statements go one after the other."""

CONNECT_SECONDS = 5.0
"""For Postgres to accept a connection."""

STATEMENT_SECONDS = 10.0
"""For any one statement: far more than ours take, and less than a lease, within which a writer must try again."""

IDLE_SECONDS = 5
"""Postgres ends a transaction that waits for so long for its process. Ours never do, unless the process is frozen;
then its locks would hold up every reply that is written together with the locked one."""

PARTING_SECONDS = 5.0
"""For what is under way when a process ends, and as much to take leave: nobody waits for a Postgres that hangs."""

Result = TypeVar("Result")


class Database:
    """An engine whose sessions announce to the publisher. Close it with `aclose`.

    A single statement commits itself on Postgres: a process that is frozen in the middle of one holds no locks.
    """

    def __init__(
        self,
        url: str,
        publisher: Publisher,
        *,
        pool_size: int = POOL_SIZE,
        pool_overflow: int = POOL_OVERFLOW,
        statement_seconds: float | None = STATEMENT_SECONDS,
    ) -> None:
        self.url = url
        self.dialect = make_url(url).get_backend_name()
        self._publisher = publisher
        self._workers = sqlite.Workers()
        options = self._workers.options() if self.dialect == "sqlite" else _postgres_options(statement_seconds)
        self.engine = create_async_engine(url, pool_size=pool_size, max_overflow=pool_overflow, **options)
        if self.dialect == "sqlite":
            sqlite.prepare(self.engine.sync_engine)
            self._writing: Any = asyncio.Lock()
            self._statements = self.transactions = self.engine.execution_options(sqlite_begin="IMMEDIATE")
        else:
            _prepare_postgres(self.engine.sync_engine)
            self._writing = nullcontext()
            self._statements = self.engine
            self.transactions = self.engine.execution_options(isolation_level="READ COMMITTED")
        refuse_unseen_changes(self.engine.sync_engine)
        self._detached: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session to look with."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            yield session

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose changes are committed when the block is left, and announced right after."""
        async with self._writing:
            session = AsyncSession(
                self.transactions,
                sync_session_class=TrackedSession,
                expire_on_commit=False,
                info={"publisher": self._publisher},
            )
            async with session:
                yield session
                await self._commit(session)

    async def _commit(self, session: AsyncSession) -> None:
        """To its end even if the caller is cancelled meanwhile: what is committed must be announced."""
        committing = asyncio.create_task(session.commit())
        cancelled = False
        while not committing.done():
            try:
                await asyncio.wait((committing,))
            except asyncio.CancelledError:
                cancelled = True
        if cancelled:
            raise asyncio.CancelledError from committing.exception()
        committing.result()

    async def read(self, statement: Executable) -> Sequence[Row[Any]]:
        """The rows that a query finds now. Cancelling the caller cancels no query in the middle."""
        return await self.finish(self._read(statement))

    async def _read(self, statement: Executable) -> Sequence[Row[Any]]:
        async with self.engine.connect() as connection:
            return (await connection.execute(statement)).all()

    async def write(self, statement: Executable) -> Sequence[Row[Any]]:
        """One statement of the streaming package, in a transaction of its own; what it returns is committed."""
        return await self.finish(self._write(statement))

    async def _write(self, statement: Executable) -> Sequence[Row[Any]]:
        async with self._writing, self._statements.begin() as connection:
            return (await connection.execute(statement, execution_options={ANNOUNCED: True})).all()

    async def finish(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Await the work; if the caller is cancelled, let it end by itself. A query cut off leaks its connection."""
        task = asyncio.create_task(work)
        self._detached.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._detached.discard(task)
        if not task.cancelled():
            task.exception()  # of no interest to anybody, if whoever asked has left

    @asynccontextmanager
    async def dedicated(self) -> AsyncIterator["Database"]:
        """The same database, over a connection that requests cannot hold. On SQLite, where all share a lock: this."""
        if self.dialect == "sqlite":
            yield self
            return
        own = Database(self.url, self._publisher, pool_size=DEDICATED, pool_overflow=0)
        try:
            yield own
        finally:
            await own.aclose()

    async def ping(self) -> None:
        """Raises what the database raises when it does not answer."""
        await self.read(text("SELECT 1"))

    @property
    def connections(self) -> int:
        """How many connections are in use now."""
        return self.engine.pool.checkedout()  # type: ignore[attr-defined, no-any-return]

    async def aclose(self) -> None:
        """What is under way gets a moment."""
        patience = None if self.dialect == "sqlite" else PARTING_SECONDS
        if self._detached:
            await asyncio.wait(self._detached, timeout=patience)
        try:
            await asyncio.wait_for(self.engine.dispose(), patience)
        except TimeoutError:
            await self.engine.dispose(close=False)
        await self._workers.ended(PARTING_SECONDS)


def _postgres_options(statement_seconds: float | None) -> dict[str, Any]:
    return {
        "isolation_level": "AUTOCOMMIT",
        "pool_use_lifo": True,  # whoever was used last has its statements prepared, and its memory in the caches
        "pool_pre_ping": True,  # after a restart of Postgres, nobody is handed a connection that died with it
        "connect_args": {"timeout": CONNECT_SECONDS, "command_timeout": statement_seconds},
    }


def _prepare_postgres(engine: Any) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        # Said here and not while connecting, where a connection pooler between us and Postgres would refuse it.
        patience = f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'"
        connection.run_async(lambda postgres: postgres.execute(patience))
