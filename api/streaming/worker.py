"""Claims rows that wait for a writer and has their text produced, up to a limit at once, each in a task of its own.

    async def produce(note: Note, draft: Draft) -> None:
        async for word in words_for(note):
            draft.append(word)

    worker = StreamWorker(Note, produce, store=database, bus=bus, writer=writer, lease=15, limit=200)
    async with worker.working(grace=60): ...

The bus tells when a row starts to wait and when another process decided about a row. The database is asked every
second in case the bus lost that.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Generic, TypeVar
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from api.streaming import channels, leases, snapshot
from api.streaming.bus import Bus, ignoring_malformed
from api.streaming.columns import Streamed
from api.streaming.draft import Draft
from api.streaming.store import Store, unforeseen
from api.streaming.writer import Writer

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
"""How long a waiting row goes unnoticed at most if the bus lost the event."""

Row = TypeVar("Row", bound=Streamed)


class StreamWorker(Generic[Row]):
    """Writes rows of one model. `produce` appends to the draft; returning completes the row, an exception fails it.

    `lease` in seconds, `limit` in rows at once.
    """

    def __init__(
        self,
        model: type[Row],
        produce: Callable[[Row, Draft], Awaitable[None]],
        *,
        store: Store,
        bus: Bus,
        writer: Writer,
        lease: float,
        limit: int,
    ) -> None:
        self.id: UUID = uuid7()
        self._model = model
        self._produce = produce
        self._store = store
        self._bus = bus
        self._writer = writer
        self._lease = lease
        self._limit = limit
        self._tasks: set[asyncio.Task[None]] = set()
        self._called = asyncio.Event()
        self._is_open = False

    @asynccontextmanager
    async def working(self, grace: float) -> AsyncIterator[None]:
        """Claim and write until left; then finish within `grace` seconds, and hand back or fail the rest."""
        self._is_open = True
        claiming = asyncio.create_task(self._claim(), name="worker: claiming")
        listening = [
            asyncio.create_task(listen, name="worker: listening")
            for listen in (self._listen_for_work(), self._listen_for_decisions())
        ]
        try:
            yield
        finally:
            self._is_open = False
            self._called.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await claiming  # a claim that is under way takes rows, which must then be written
                    await self._finish()
            remaining = [claiming, *listening, *self._tasks]
            for task in remaining:
                task.cancel()
            await asyncio.gather(*remaining, return_exceptions=True)

    async def _finish(self) -> None:
        if self._tasks:
            log.info("finishing", model=self._model.__name__, rows=len(self._tasks))
            await asyncio.wait(self._tasks)

    async def _claim(self) -> None:
        while self._is_open:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._called.wait()
            except TimeoutError:
                pass
            self._called.clear()
            try:
                while self._is_open and (room := self._limit - len(self._tasks)):
                    claim = leases.claim(self._model, self.id, limit=room, lease=self._lease)
                    rows = await self._store.write(claim)
                    for row in rows:
                        self._start(snapshot.from_values(self._model, dict(row._mapping)))
                    if len(rows) < room:
                        break
            except Exception as error:
                log.warning(
                    "claiming failed", model=self._model.__name__, error=repr(error), exc_info=unforeseen(error)
                )

    def _start(self, row: Row) -> None:
        task = asyncio.create_task(self._write(row), name=f"{self._model.__name__}: {row.id}")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def _write(self, row: Row) -> None:
        async with self._writer.stream(row) as draft:
            await self._produce(row, draft)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._called.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a writing task failed", model=self._model.__name__, exc_info=error)

    async def _listen_for_work(self) -> None:
        async with self._bus.subscribe(channels.work(self._model.__tablename__)) as calls:
            log.info("working", model=self._model.__name__, worker=str(self.id), limit=self._limit)
            self._called.set()
            async for _ in calls:
                self._called.set()

    async def _listen_for_decisions(self) -> None:
        async with self._bus.subscribe(channels.writer(self.id)) as decisions:
            async for decision in decisions:
                with ignoring_malformed(channels.writer(self.id)):
                    key, fence = decision.split()
                    self._writer.dismiss(UUID(hex=key), int(fence))
