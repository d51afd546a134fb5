"""A worker claims the waiting rows of one model, up to its limit, and has the producer write each."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from api.streaming import worker as workers
from api.streaming.columns import Status, Streamed
from api.streaming.draft import Draft
from api.streaming.errors import ProducerError
from api.streaming.worker import StreamWorker
from api.streaming.writer import Writer
from tests.support.until import becomes, until
from tests.unit.streaming.essays import Essay, Shop, shop
from tests.unit.streaming.house import LEASE, House
from tests.unit.streaming.notes import Note

Produce = Callable[[Any, Draft], Awaitable[None]]


@pytest.fixture(autouse=True)
def _rare_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """What starts in these tests was called for over the bus."""
    monkeypatch.setattr(workers, "POLL_SECONDS", 3_600)


@pytest_asyncio.fixture
async def writer(here: House) -> AsyncIterator[Writer]:
    async with here.writer() as writer:
        yield writer


@pytest_asyncio.fixture
async def essays(here: House) -> AsyncIterator[Shop]:
    async with shop(here) as essays:
        yield essays


@asynccontextmanager
async def working(
    here: House, writer: Writer, model: type[Streamed], produce: Produce, *, limit: int = 10, grace: float = 0
) -> AsyncIterator[StreamWorker[Any]]:
    worker = StreamWorker(model, produce, store=here.database, bus=here.bus, writer=writer, lease=LEASE, limit=limit)
    async with worker.working(grace):
        yield worker


async def ended(here: House, row: Any) -> Any:
    """The row once it is final."""
    return await becomes(lambda: here.fresh(row), lambda row: not row.streaming)


class Held:
    """A producer that writes when the test says so."""

    def __init__(self) -> None:
        self.begun: list[Any] = []
        self.let_go = asyncio.Event()

    async def __call__(self, row: Any, draft: Draft) -> None:
        self.begun.append(row)
        await self.let_go.wait()
        draft.append("written")


async def says_its_table(row: Any, draft: Draft) -> None:
    draft.append(type(row).__tablename__)


async def test_a_row_that_waits_when_the_worker_starts_is_written(here: House, writer: Writer) -> None:
    note = await here.queued(await here.shelf())
    async with working(here, writer, Note, says_its_table):
        row = await ended(here, note)
    assert (row.status, row.body, row.tries) == (Status.COMPLETE, "notes", 1)


async def test_a_row_that_is_enqueued_is_called_for_over_the_bus(here: House, writer: Writer) -> None:
    async with working(here, writer, Note, says_its_table) as worker:
        await until(lambda: worker._claim_now.is_set() is False and here.bus.channels >= 3)
        row = await ended(here, await here.queued(await here.shelf()))
    assert (row.status, row.body) == (Status.COMPLETE, "notes")


async def test_two_models_are_written_at_once_each_by_its_own_producer(
    here: House, essays: Shop, writer: Writer
) -> None:
    notes, other = Held(), Held()
    async with working(here, writer, Note, notes), working(here, writer, Essay, other):
        note, essay = await here.queued(await here.shelf()), await essays.essay()
        await until(lambda: notes.begun and other.begun)
        assert [type(row) for row in notes.begun + other.begun] == [Note, Essay]
        notes.let_go.set()
        other.let_go.set()
        rows = await ended(here, note), await ended(here, essay)
    assert [(row.status, row.body) for row in rows] == [(Status.COMPLETE, "written")] * 2


async def test_a_call_for_one_model_claims_no_row_of_another(here: House, essays: Shop, writer: Writer) -> None:
    async with working(here, writer, Essay, says_its_table):
        note, essay = await here.queued(await here.shelf()), await essays.essay()
        assert (await ended(here, essay)).body == "essays"
    assert (await here.fresh(note)).writer is None


async def test_no_more_rows_are_written_at_once_than_the_limit_and_the_rest_after_them(
    here: House, writer: Writer
) -> None:
    produce = Held()
    notes = [await here.queued(await here.shelf()) for _ in range(3)]
    async with working(here, writer, Note, produce, limit=2):
        await until(lambda: len(produce.begun) == 2)
        claimed = [await here.fresh(note) for note in notes]
        assert [row.writer is not None for row in claimed] == [True, True, False]
        produce.let_go.set()
        assert [(await ended(here, note)).body for note in notes] == ["written"] * 3


async def test_what_a_producer_raises_fails_its_row_and_no_other(here: House, writer: Writer) -> None:
    async def produce(row: Note, draft: Draft) -> None:
        draft.append("so far")
        if row.id == bad.id:
            raise ProducerError("It broke off.")

    bad, good = await here.queued(await here.shelf()), await here.queued(await here.shelf())
    async with working(here, writer, Note, produce):
        failed, written = await ended(here, bad), await ended(here, good)
    assert (failed.status, failed.body, failed.error_message) == (Status.FAILED, "so far", "It broke off.")
    assert (written.status, written.body) == (Status.COMPLETE, "so far")


async def test_a_decision_of_another_process_cancels_the_producer(here: House, writer: Writer) -> None:
    cancelled = asyncio.Event()

    async def produce(row: Note, draft: Draft) -> None:
        draft.append("so far")
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    note = await here.queued(await here.shelf())
    async with working(here, writer, Note, produce):
        await becomes(lambda: here.fresh(note), lambda row: row.body == "so far")
        await here.stop(note)
        await until(cancelled.is_set)
    assert (await here.fresh(note)).status == Status.STOPPED


async def test_a_worker_that_leaves_finishes_what_it_writes_and_claims_no_more(here: House, writer: Writer) -> None:
    produce, first = Held(), await here.queued(await here.shelf())
    async with working(here, writer, Note, produce, grace=20):
        await until(lambda: produce.begun)
        produce.let_go.set()
    second = await here.queued(await here.shelf())
    assert (await here.fresh(first)).status == Status.COMPLETE
    assert (await here.fresh(second)).writer is None


async def test_a_worker_that_leaves_without_grace_hands_back_what_has_no_text(here: House, writer: Writer) -> None:
    produce, note = Held(), await here.queued(await here.shelf())
    async with working(here, writer, Note, produce):
        await until(lambda: produce.begun)
    row = await becomes(lambda: here.fresh(note), lambda row: row.writer is None)
    assert (row.status, row.tries) == (Status.STREAMING, 0)
