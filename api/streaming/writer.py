"""The writer: producers append text at any speed, updates leave at the cadence, and every row gets a final status.

    async with writer.stream(message) as draft:
        async for event in model.reply_to(history):
            draft.append(event.delta)

When the block ends, the row is COMPLETE. When it raises an exception, the row is FAILED. When another process ends the
row, by a stop or by settling it, the block is cancelled.

The writer decides when an update or a heartbeat is due. `Flusher` writes them.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Self, TypeVar
from uuid import UUID

import structlog

from api.streaming.columns import Status, Streamed
from api.streaming.draft import Draft
from api.streaming.errors import ProducerError
from api.streaming.flush import INTERNAL_ERROR, Flusher
from api.streaming.observer import NO_OBSERVER, Observer
from api.streaming.outside_draft import OutsideDraft
from api.streaming.publisher import Publisher
from api.streaming.store import FailureLog, Store

log = structlog.get_logger(__name__)

TICK_SECONDS = 0.05
"""Least time between two ticks. Updates that become due in between are written in one statement."""

HEARTBEATS_PER_LEASE = 3
"""Two heartbeats may be lost before the lease runs out."""

SHUTDOWN_SECONDS = 5.0
"""How long a process that shuts down tries to write the last updates."""

RETRY_SECONDS = 0.25
"""Pause after a tick that failed, for example because the database is away."""

AnyDraft = TypeVar("AnyDraft", bound=Draft)


class Writer:
    """Writes the rows that this process has claimed. Its lifetime is an `async with`.

    Three arguments are in seconds: `cadence` is the least time between two updates of a row, `lease` is how long a
    lease lasts after an update or a heartbeat, and `wait` is how long a row that is handed back waits for a worker.
    `limit` is in bytes of a row's texts together. Rows of the models in `resumable` are handed back with their text,
    which the producer of another worker continues. `observer` is called when a row shows text and when it ends.
    """

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        *,
        cadence: float,
        lease: float,
        wait: float,
        limit: int,
        resumable: Collection[type[Streamed]] = (),
        observer: Observer = NO_OBSERVER,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cadence = cadence
        self._lease = lease
        self._limit = limit
        self._resumable = frozenset(resumable)
        self.clock = clock
        self._flusher = Flusher(
            store,
            publisher,
            lease=lease,
            wait=wait,
            observer=observer,
            clock=clock,
            close=self._close,
            cancel=self.cancel,
        )
        self._drafts: dict[UUID, Draft] = {}
        self._changed = asyncio.Event()
        self._ticking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._ticking = asyncio.create_task(self._run(), name="writer")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the last updates, within SHUTDOWN_SECONDS. What is not written by then is settled after its lease."""
        assert self._ticking is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(SHUTDOWN_SECONDS):
                for draft in [draft for draft in self._drafts.values() if draft.closing]:
                    await draft.done.wait()
        self._ticking.cancel()
        await asyncio.gather(self._ticking, return_exceptions=True)

    @asynccontextmanager
    async def stream(self, row: Streamed) -> AsyncIterator[Draft]:
        """Write a claimed row while the block runs; the producer appends to the draft.

        The row ends COMPLETE with the block, or FAILED if the block raises an exception. If another process decides
        about the row first, the block is cancelled. If the block is cancelled for another reason, a row that has shown
        no text or is resumable is handed back, and any other row fails.
        """
        self.cancel(row.id, row.fence - 1)  # an earlier claim of the row, if this writer still holds it
        task = asyncio.current_task()
        assert task is not None
        cancelled_before = task.cancelling()
        draft = Draft(
            row,
            cadence=self._cadence,
            limit=self._limit,
            now=self.clock(),
            wake=self._changed.set,
            resumable=type(row) in self._resumable,
        )
        draft.producer = task
        self._drafts[row.id] = draft
        self._changed.set()  # its heartbeats must be scheduled, even if no text comes for long
        try:
            yield draft
        except ProducerError as error:
            cause = repr(error.__cause__)
            log.warning(
                "stream failed",
                model=draft.model.__name__,
                id=str(row.id),
                code=error.code,
                reason=str(error),
                cause=cause,
            )
            draft.end(Status.FAILED, error.code, str(error))
        except Exception:
            log.exception("writing failed", id=str(row.id))
            draft.end(Status.FAILED, "INTERRUPTED", INTERNAL_ERROR)
        except BaseException:
            draft.interrupt()
            if not draft.cancelled:
                raise
        else:
            draft.end(Status.COMPLETE)
        finally:
            draft.producer = None
        if draft.cancelled:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0)  # the block may have ended before its cancellation came: it comes here
            if task.uncancel() > cancelled_before:
                raise asyncio.CancelledError
        await draft.done.wait()  # if the task is cancelled here, the writer nevertheless writes the last update

    def cancel(self, key: UUID, fence: int) -> None:
        """Stop writing the row, and cancel its producer: another process decided about it while it had this fence.

        The message may come late. If this writer has claimed the row again by then, its fence is greater, and nothing
        happens.
        """
        draft = self._drafts.get(key)
        if draft is None or draft.fence > fence:
            return
        draft.cancelled = draft.producer is not None
        if draft.producer is not None:
            draft.producer.cancel()
        self._close(draft)

    def outside(self, key: UUID) -> OutsideDraft | None:
        """The draft that holds appends to this row, if there is one."""
        draft = self._drafts.get(key)
        return draft if isinstance(draft, OutsideDraft) else None

    def adopt(self, row: Streamed, *, updated_seconds_ago: float) -> OutsideDraft:
        """A draft to hold appends to this row, in place of an earlier one. `row` is as the database has it now."""
        if (earlier := self._drafts.get(row.id)) is not None:
            self._close(earlier)
        draft = OutsideDraft(
            row,
            cadence=self._cadence,
            limit=self._limit,
            now=self.clock(),
            wake=self._changed.set,
            updated_seconds_ago=updated_seconds_ago,
            idle=self._lease,
        )
        self._drafts[row.id] = draft
        self._changed.set()
        return draft

    def release(self, draft: OutsideDraft) -> None:
        """Forget a draft. Requests whose appends it holds read the row, and decide again."""
        self._close(draft)

    def _close(self, draft: Draft) -> None:
        draft.close()
        if self._drafts.get(draft.id) is draft:
            del self._drafts[draft.id]

    async def _run(self) -> None:
        failures = FailureLog("write failed")
        while True:
            await self._next_tick()
            try:
                await self.tick()
            except Exception as error:
                failures.failed(error, rows=len(self._drafts))
                await asyncio.sleep(RETRY_SECONDS)
            else:
                failures.succeeded()
                await asyncio.sleep(TICK_SECONDS)

    async def _next_tick(self) -> None:
        """Wait until an update or a heartbeat is due."""
        while True:
            self._changed.clear()
            wait = min((self._due_at(draft) for draft in self._drafts.values()), default=float("inf")) - self.clock()
            if wait <= 0:
                return
            try:
                async with asyncio.timeout(wait if wait < float("inf") else None):
                    await self._changed.wait()
            except TimeoutError:
                return

    def _due_at(self, draft: Draft) -> float:
        return min(draft.due_at(), self._heartbeat_at(draft), draft.expires_at())

    def _heartbeat_at(self, draft: Draft) -> float:
        return draft.heartbeat_at(self._lease / HEARTBEATS_PER_LEASE)

    async def tick(self) -> None:
        """Write all updates and heartbeats that are due now. Raises the database's exception if it is away.

        A step that fails skips none of the others. For example, no text can be stored while the disk is full, but the
        writer must keep its leases.
        """
        now = self.clock()
        due = [draft for draft in self._drafts.values() if not draft.to_hand_back and draft.due_at() <= now]
        to_hand_back = [draft for draft in self._drafts.values() if draft.to_hand_back]
        failures = [
            *await _for_each_model(self._flusher.flush, due),
            *await _for_each_model(self._flusher.hand_back, to_hand_back),
        ]
        silent = [
            draft for draft in self._drafts.values() if not draft.to_hand_back and self._heartbeat_at(draft) <= now
        ]
        ours = [draft for draft in silent if not isinstance(draft, OutsideDraft)]
        outside = [draft for draft in silent if isinstance(draft, OutsideDraft)]
        failures += await _for_each_model(self._flusher.heartbeat, ours)
        failures += await _for_each_model(self._flusher.renew, outside)
        for draft in [draft for draft in self._drafts.values() if draft.expires_at() <= now]:
            self._close(draft)
        if failures:
            raise failures[0]


async def _for_each_model(
    step: Callable[[type[Streamed], Sequence[AnyDraft]], Awaitable[None]], drafts: Iterable[AnyDraft]
) -> list[Exception]:
    """Take this step once for each model, with its drafts. Returns the exceptions that were raised."""
    by_model: dict[type[Streamed], list[AnyDraft]] = defaultdict(list)
    for draft in drafts:
        by_model[draft.model].append(draft)
    failures = []
    for model, drafts_of_model in by_model.items():
        try:
            await step(model, drafts_of_model)
        except Exception as error:
            failures.append(error)
    return failures
