"""The database. `reading()` gives a session that reads; `transaction()` one that changes rows, commits, and then
announces. `read()` and `write()` run one statement, for the streaming package.

On Postgres, `dedicated()` gives connections of its own to what must not wait for those of requests.

No session outlives the block that opened it, and none is open while anything waits for a client.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Any, TypeVar

from sqlalchemy import Executable, Row
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from api import postgres, sqlite
from api.postgres_address import Address
from api.reads import Reads
from api.streaming.guard import ANNOUNCED, refuse_unseen_changes
from api.streaming.publisher import Publisher
from api.streaming.session import TrackedSession

POOL_SIZE = 10
"""Connections that are opened when they are needed, and stay open: to open one costs more than ten statements, and a
burst would do so again and again. Statements are short, so a few connections serve thousands of viewers."""

DEDICATED_POOL_SIZE = 1
"""Connections of a writer: it runs one statement at a time."""

STATEMENT_SECONDS = 10.0
"""For one statement: far more than ours take, and less than a lease, within which a writer must be able to retry."""

CLOSE_SECONDS = 5.0
"""For running statements to end when a process stops, and again for the connections to close. A Postgres that hangs
does not delay the end of the process further."""

Result = TypeVar("Result")


class Database:
    """One engine, whose sessions announce to the publisher. Close it with `aclose`.

    On Postgres, a single statement commits itself: a process that is frozen in the middle of one holds no locks.
    """

    def __init__(
        self,
        url: str,
        publisher: Publisher,
        *,
        pool_size: int = POOL_SIZE,
        statement_seconds: float | None = STATEMENT_SECONDS,
    ) -> None:
        self.url = url
        self._publisher = publisher
        self._threads = sqlite.ConnectionThreads()
        # An error is logged, and the parameters of its statement are what users wrote.
        pool: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 0, "hide_parameters": True}
        self.dialect = make_url(url).get_backend_name()
        if self.dialect == "sqlite":
            self.engine = create_async_engine(url, **pool, **self._threads.options())
            sqlite.prepare(self.engine.sync_engine)
            self._writing: Any = asyncio.Lock()
            self._statements = self.transactions = self.engine.execution_options(sqlite_begin="IMMEDIATE")
        else:
            address = Address.of(url)
            self.engine = create_async_engine(address.url, **pool, **postgres.options(address, statement_seconds))
            postgres.prepare(self.engine.sync_engine, address)
            self._writing = nullcontext()
            self._statements = self.engine
            self.transactions = self.engine.execution_options(isolation_level="READ COMMITTED")
        refuse_unseen_changes(self.engine.sync_engine)
        self._detached: set[asyncio.Task[Any]] = set()
        # On SQLite a connection would read the state of its first query again.
        self._reads = None if self.dialect == "sqlite" else Reads(self.engine, pool_size, self._detach)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that only reads."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            yield session

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose changes are committed at the end of the block, and announced right after."""
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
        """Commit, to the end even if the caller is cancelled: what is committed must be announced."""
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

    async def read(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """The rows that a query finds. If the caller is cancelled, the query still runs to its end."""
        if self._reads is not None:
            return await self._reads.read(statement, parameters)
        return await self.finish(self._read(statement, parameters))

    async def _read(self, statement: Executable, parameters: Mapping[str, Any] | None) -> Sequence[Row[Any]]:
        async with self.engine.connect() as connection:
            return (await connection.execute(statement, parameters)).all()

    async def write(self, *statements: Executable, **parameters: Any) -> Sequence[Row[Any]]:
        """Run statements of the streaming package and commit them. Returns the rows that the last one returns."""
        return await self.finish(self._write(statements, parameters))

    async def _write(self, statements: Sequence[Executable], parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        engine = self._statements if len(statements) == 1 else self.transactions
        async with self._writing, engine.begin() as connection:
            for statement in statements:
                result = await connection.execute(statement, parameters, execution_options={ANNOUNCED: True})
            return result.all() if result.returns_rows else []

    async def finish(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Await the work. If the caller is cancelled, it runs to its end: a cancelled query leaks its connection."""
        return await asyncio.shield(self._detach(work))

    def _detach(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        task = asyncio.create_task(work)
        self._detached.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._detached.discard(task)
        if not task.cancelled():
            task.exception()  # counts as retrieved, in case the caller was cancelled

    @asynccontextmanager
    async def dedicated(self, *, statement_seconds: float = STATEMENT_SECONDS) -> AsyncIterator["Database"]:
        """The same database over a connection that requests do not use. On SQLite this object: all share one lock."""
        if self.dialect == "sqlite":
            yield self
            return
        dedicated = Database(
            self.url,
            self._publisher,
            pool_size=DEDICATED_POOL_SIZE,
            statement_seconds=statement_seconds,
        )
        try:
            yield dedicated
        finally:
            await dedicated.aclose()

    @property
    def connections(self) -> int:
        """Connections in use."""
        return self.engine.pool.checkedout()  # type: ignore[attr-defined, no-any-return]

    async def aclose(self) -> None:
        """Wait for running statements, and close all connections."""
        timeout = None if self.dialect == "sqlite" else CLOSE_SECONDS
        if self._detached:
            await asyncio.wait(self._detached, timeout=timeout)
        try:
            await asyncio.wait_for(self.engine.dispose(), timeout)
        except TimeoutError:
            await self.engine.dispose(close=False)
        await self._threads.join(CLOSE_SECONDS)
