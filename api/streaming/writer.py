"""Text in at any speed; updates out at the cadence; always a final status.

    async with writer.stream(message) as text:      # it is this writer's: STREAMING, lease, heartbeat
        async for event in model.reply_to(history):
            text.append(event.delta)
    # left: COMPLETE. An exception: FAILED. Stopped or settled by somebody else: the block is cancelled.

One statement a tick writes the updates of all rows that are due, and one more the heartbeats of the silent ones.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import structlog
from sqlalchemy import select, update

from api.streaming import announcements, channels, leases
from api.streaming.columns import Status, Streamed
from api.streaming.draft import Draft
from api.streaming.errors import ProducerError
from api.streaming.flush import flush, is_refused, texts_of
from api.streaming.publisher import Publisher
from api.streaming.store import Store, unforeseen

log = structlog.get_logger(__name__)

TICK_SECONDS = 0.05
"""The least time between two statements: updates that fall due together are written together."""

HEARTBEATS_PER_LEASE = 3
"""Two may be lost before the lease runs out."""

PARTING_SECONDS = 5.0
"""For the last updates of a process that ends."""

RETRY_SECONDS = 0.25
"""How long to wait before a database that is away is asked again."""

BROKEN = "Writing this went wrong on our side. Ask for it again."


class Writer:
    """Writes the rows that this process holds. Its lifetime is an `async with`."""

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        *,
        cadence: float,
        lease: float,
        wait: float,
        limit: int,
        on_end: Callable[[type[Streamed], Status], None] = lambda model, status: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._cadence = cadence
        self._lease = lease
        self._wait = wait
        self._limit = limit
        self._on_end = on_end
        self._clock = clock
        self._drafts: dict[UUID, Draft] = {}
        self._changed = asyncio.Event()
        self._ticking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._ticking = asyncio.create_task(self._run(), name="writer")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The last updates get a moment. What a database that is away does not take is settled after its lease."""
        assert self._ticking is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(PARTING_SECONDS):
                for draft in [draft for draft in self._drafts.values() if draft.leaving]:
                    await draft.settled.wait()
        self._ticking.cancel()
        await asyncio.gather(self._ticking, return_exceptions=True)

    @asynccontextmanager
    async def stream(self, row: Streamed) -> AsyncIterator[Draft]:
        """Write a claimed row. Leaving the block ends it; when somebody else ends it first, the block is cancelled.

        A block that is cancelled for another reason hands back a row that has shown nothing yet, and fails any other.
        """
        self.dismiss(row.id, row.fence - 1)
        task = asyncio.current_task()
        assert task is not None
        cancelled_before = task.cancelling()
        draft = Draft(row, cadence=self._cadence, limit=self._limit, now=self._clock(), wake=self._changed.set)
        draft.task = task
        self._drafts[row.id] = draft
        self._changed.set()  # its heart is to beat, though nothing may be written for long
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
            draft.end(Status.FAILED, "INTERRUPTED", BROKEN)
        except BaseException:
            draft.leave()
            if not draft.lost:
                raise
        else:
            draft.end(Status.COMPLETE)
        finally:
            draft.task = None
        if draft.lost:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0)  # a block that was left before it could be cancelled is cancelled here
            if task.uncancel() > cancelled_before:
                raise asyncio.CancelledError
        await draft.settled.wait()  # whoever is cancelled here leaves the last update to the writer

    def dismiss(self, key: UUID, fence: int) -> None:
        """Somebody else decided about this row as it was under this fence: let go, and cancel whoever writes it.

        The word may be late: by then the row may be this writer's again, under a greater fence.
        """
        draft = self._drafts.get(key)
        if draft is None or draft.fence > fence:
            return
        draft.lost = draft.task is not None
        if draft.task is not None:
            draft.task.cancel()
        self._settled(draft)

    def _settled(self, draft: Draft) -> None:
        draft.settled.set()
        if self._drafts.get(draft.id) is draft:
            del self._drafts[draft.id]

    async def _run(self) -> None:
        away = False
        while True:
            await self._next_tick()
            try:
                await self.tick()
            except Exception as error:
                if not away:  # once per outage, not four times a second
                    log.warning(
                        "nothing written", error=repr(error), held=len(self._drafts), exc_info=unforeseen(error)
                    )
                away = True
                await asyncio.sleep(RETRY_SECONDS)
            else:
                away = False
                await asyncio.sleep(TICK_SECONDS)

    async def _next_tick(self) -> None:
        """Until an update or a heartbeat is due."""
        while True:
            self._changed.clear()
            wait = min((self._next_of(draft) for draft in self._drafts.values()), default=float("inf")) - self._clock()
            if wait <= 0:
                return
            try:
                async with asyncio.timeout(wait if wait < float("inf") else None):
                    await self._changed.wait()
            except TimeoutError:
                return

    def _next_of(self, draft: Draft) -> float:
        return min(draft.due_at(), self._beat_at(draft))

    def _beat_at(self, draft: Draft) -> float:
        return draft.beaten + self._lease / HEARTBEATS_PER_LEASE

    async def tick(self) -> None:
        """Write all updates and heartbeats that are due now. Raises what the database raises when it is away.

        A step that fails skips none of the others: a text that cannot be stored for now, as on a full disk, must not
        cost its writer the lease.
        """
        at = self._clock()
        due = [draft for draft in self._drafts.values() if not draft.returned and draft.due_at() <= at]
        returned = [draft for draft in self._drafts.values() if draft.returned]
        failures = [*await self._each(self._flush, due), *await self._each(self._hand_back, returned)]
        silent = [draft for draft in self._drafts.values() if not draft.returned and self._beat_at(draft) <= at]
        failures += await self._each(self._beat, silent)
        if failures:
            raise failures[0]

    async def _each(
        self, step: Callable[[type[Streamed], Sequence[Draft]], Awaitable[None]], drafts: Iterable[Draft]
    ) -> list[Exception]:
        """Take this step for the drafts of each model. Returns what was raised."""
        by_model: dict[type[Streamed], list[Draft]] = defaultdict(list)
        for draft in drafts:
            by_model[draft.model].append(draft)
        failures = []
        for model, those in by_model.items():
            try:
                await step(model, those)
            except Exception as error:
                failures.append(error)
        return failures

    async def _flush(self, model: type[Streamed], drafts: Sequence[Draft]) -> None:
        """One statement for all; if it fails for its contents, one for each, and only the offender fails."""
        taken = {draft.id: draft.take(self._clock()) for draft in sorted(drafts, key=lambda draft: draft.id)}
        try:
            rows = await self._store.write(flush(model, self._store.dialect, list(taken.values()), lease=self._lease))
        except Exception as error:
            for draft in drafts:
                draft.put_back()
            if not is_refused(error):
                raise
            if len(drafts) > 1:
                for draft in drafts:
                    await self._flush(model, [draft])
            else:
                await self._give_up(drafts[0], error)
            return
        written = {row.id: row for row in rows}
        missed = []
        for draft in drafts:
            if (row := written.get(draft.id)) is not None:
                texts = {name: taken[draft.id][name] for name in texts_of(model)}
                self._written(draft, {**row._mapping, **texts})
            else:
                draft.put_back()
                missed.append(draft)
        for draft in await self._lost(model, missed):
            if draft.ending is not None:
                await self._ended(draft, draft.ending[0])
            else:
                self.dismiss(draft.id, draft.fence)

    def _written(self, draft: Draft, values: dict[str, Any]) -> None:
        """Announce what is committed; a final status settles the draft."""
        self._publisher.announce(announcements.on_stream(draft.model, values))
        draft.shown = True
        draft.beaten = self._clock()
        if values["status"] != Status.STREAMING:
            self._on_end(draft.model, values["status"])
            self._settled(draft)

    async def _lost(self, model: type[Streamed], missed: Sequence[Draft]) -> list[Draft]:
        """Of those of which nothing came back, the ones that are not ours any more; the others are locked for now."""
        if not missed:
            return []
        table = model.__table__
        asked = select(table.c.id, table.c.fence).where(table.c.id.in_([draft.id for draft in missed]), model.streaming)
        ours = {(row.id, row.fence) for row in await self._store.read(asked)}
        return [draft for draft in missed if (draft.id, draft.fence) not in ours]

    async def _ended(self, draft: Draft, status: Status) -> None:
        """Somebody else decided, or the answer to our own last update was lost on its way."""
        table = draft.model.__table__
        for row in await self._store.read(select(table).where(table.c.id == draft.id, table.c.fence == draft.fence)):
            if row.status == status:
                self._written(draft, dict(row._mapping))
                return
        self.dismiss(draft.id, draft.fence)

    async def _give_up(self, draft: Draft, error: Exception) -> None:
        """The database refuses this text for what it is: end the row with what it last took."""
        log.error("the database refuses a text", id=str(draft.id), error=repr(error))
        model = draft.model
        values = {
            "status": Status.FAILED,
            "error_code": "INTERRUPTED",
            "error_message": BROKEN,
            "revision": model.revision + 1,
        }
        mine = (model.id == draft.id, model.fence == draft.fence, model.streaming)
        rows = await self._store.write(update(model).where(*mine).values(values).returning(model.__table__))
        self.dismiss(draft.id, draft.fence)
        for row in rows:
            self._written(draft, dict(row._mapping))

    async def _hand_back(self, model: type[Streamed], drafts: Sequence[Draft]) -> None:
        """Let other writers have what has shown nothing yet; what is no longer ours, they have already."""
        fences = {draft.id: draft.fence for draft in drafts}
        rows = await self._store.write(leases.hand_back(model, self._store.dialect, fences, wait=self._wait))
        if rows:
            self._publisher.publish(channels.work(model.__tablename__), "")
        for draft in await self._lost(model, drafts):
            self._settled(draft)

    async def _beat(self, model: type[Streamed], drafts: Sequence[Draft]) -> None:
        fences = {draft.id: draft.fence for draft in drafts}
        rows = await self._store.write(leases.beat(model, self._store.dialect, fences, lease=self._lease))
        kept = {row.id for row in rows}
        for draft in drafts:
            if draft.id in kept:
                draft.beaten = self._clock()
        for draft in await self._lost(model, [draft for draft in drafts if draft.id not in kept]):
            self.dismiss(draft.id, draft.fence)
