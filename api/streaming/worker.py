"""Workers: a worker claims waiting rows of one model and calls a producer for each of them, in a task of its own.

    async def produce(note: Note, draft: Draft) -> None:
        async for word in words_for(note):
            draft.append(word)

    worker = StreamWorker(Note, produce, store=database, bus=bus, writer=writer, lease=15, limit=200)
    async with worker.working(grace=60): ...

A worker receives a message when a row starts to wait, and when another process has decided about one of its rows. If
the bus loses the first, the worker finds the row within POLL_SECONDS. If the bus loses the second, the writer notices
at its next update or heartbeat.
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
from api.streaming.observer import NO_OBSERVER, Observer
from api.streaming.store import FailureLog, Store
from api.streaming.writer import Writer

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
"""Longest time that a row waits for an idle worker if the bus loses the message."""

Row = TypeVar("Row", bound=Streamed)


class StreamWorker(Generic[Row]):
    """Claims rows of one model and has them written. Use `working` to run it.

    `produce` is the producer. It gets the row and its draft, and appends text to the draft. When it returns, the row is
    COMPLETE. When it raises an exception, the row is FAILED: a ProducerError says why, and any other exception is
    logged as a bug. `lease` is in seconds. `limit` is the most rows that are written at the same time,
    and `at_once` the most of one requester on all workers, 0 for any number.
    `observer` is called when a row is claimed, and when the number of rows that are written changes.
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
        at_once: int = 0,
        observer: Observer = NO_OBSERVER,
    ) -> None:
        self.id: UUID = uuid7()
        self._model = model
        self._produce = produce
        self._store = store
        self._bus = bus
        self._writer = writer
        self._lease = lease
        self._limit = limit
        self._at_once = at_once
        self._observer = observer
        self._tasks: set[asyncio.Task[None]] = set()
        self._claim_now = asyncio.Event()
        """Set when a row may wait, or when there is room for one more."""
        self._is_open = False

    @asynccontextmanager
    async def working(self, grace: float) -> AsyncIterator[None]:
        """Claim and write while the block runs. Then finish within `grace` seconds, and hand back or fail the rest."""
        self._is_open = True
        claiming = asyncio.create_task(self._claim(), name="worker: claim")
        listening = [
            asyncio.create_task(receive, name="worker: receive")
            for receive in (self._receive_work(), self._receive_decisions())
        ]
        try:
            yield
        finally:
            self._is_open = False
            self._claim_now.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await claiming  # a claim that is under way may still return rows, which must be written, too
                    await self._finish()
            remaining = [claiming, *listening, *self._tasks]
            for task in remaining:
                task.cancel()
            await asyncio.gather(*remaining, return_exceptions=True)

    async def _finish(self) -> None:
        if self._tasks:
            log.info("worker finishing", model=self._model.__name__, rows=len(self._tasks))
            await asyncio.wait(self._tasks)

    async def _claim(self) -> None:
        failures = FailureLog("claim failed", model=self._model.__name__)
        while self._is_open:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._claim_now.wait()
            except TimeoutError:
                pass
            self._claim_now.clear()
            try:
                while self._is_open and (room := self._limit - len(self._tasks)):
                    claim = leases.claim(
                        self._model,  # type: ignore[arg-type]
                        self.id,
                        limit=room,
                        lease=self._lease,
                        at_once=self._at_once,
                    )
                    rows = await self._store.write(claim)
                    for row in rows:
                        self._start(snapshot.from_values(self._model, dict(row._mapping)))
                    if len(rows) < room:
                        break
            except Exception as error:
                failures.failed(error)
            else:
                failures.succeeded()

    def _start(self, row: Row) -> None:
        task = asyncio.create_task(self._write(row), name=f"{self._model.__name__}: {row.id}")
        self._tasks.add(task)
        self._observer.claimed(row)
        self._observer.writing(self._model, len(self._tasks))
        task.add_done_callback(self._done)

    async def _write(self, row: Row) -> None:
        try:
            async with self._writer.stream(row) as draft:
                await self._produce(row, draft)
        finally:
            self._observer.released(row)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._observer.writing(self._model, len(self._tasks))
        self._claim_now.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("write task failed", model=self._model.__name__, exc_info=error)

    async def _receive_work(self) -> None:
        async with self._bus.subscribe(channels.work(self._model.__tablename__)) as messages:
            log.info("worker started", model=self._model.__name__, worker=str(self.id), limit=self._limit)
            self._claim_now.set()
            async for _ in messages:
                self._claim_now.set()

    async def _receive_decisions(self) -> None:
        async with self._bus.subscribe(channels.writer(self.id)) as decisions:
            async for decision in decisions:
                with ignoring_malformed(channels.writer(self.id)):
                    key, fence = decision.split()
                    self._writer.cancel(UUID(hex=key), int(fence))
