"""Appends of producers outside, when two processes hold some of the same row and the database decides."""

import asyncio
from dataclasses import dataclass

import pytest

from api.streaming.columns import Status
from api.streaming.errors import Ended, Gap, TakenOver, TooLong
from api.streaming.outside import Append, Finish, OutsideWriter, Request, take_over
from api.streaming.writer import Writer
from tests.support.until import PATIENCE_SECONDS, until
from tests.unit.streaming.desk import Line
from tests.unit.streaming.house import LEASE, LIMIT, WAIT, House
from tests.unit.streaming.notes import Clock, Note

CADENCE = 0.35


def anybody(note: Note) -> None:
    """Everyone may write every note."""


@dataclass
class Process:
    """A process that accepts appends, and writes them when the test says so."""

    writer: Writer
    outside: OutsideWriter
    clock: Clock

    async def submits(self, note: Note, request: Request) -> "asyncio.Task[Note]":
        """The request, which this process holds or has answered when this returns."""
        task = asyncio.create_task(self.outside.submit(Note, note.id, request, admit=anybody))
        await until(lambda: task.done() or self.holds(note, request))
        return task

    def holds(self, note: Note, request: Request) -> bool:
        draft = self.writer.outside(note.id)
        return draft is not None and draft.fence == request.fence and draft.held >= request.sequence

    async def answers(self, note: Note, request: Request) -> Note:
        """The row after a request that is written at once."""
        task = await self.submits(note, request)
        self.clock.now += CADENCE
        await self.writer.tick()
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await task


def process(here: House, line: Line | None = None) -> Process:
    clock, store = Clock(), line or here.database
    writer = Writer(store, here.publisher, cadence=CADENCE, lease=LEASE, wait=WAIT, limit=LIMIT, clock=clock)
    return Process(writer, OutsideWriter(here.database, writer, cadence=0, lease=LEASE), clock)


async def begun(here: House) -> Note:
    """A note that a producer outside writes, with fence 1."""
    note = Note(shelf_id=(await here.shelf()).id, body="")
    take_over(note, LEASE)
    async with here.database.transaction() as session:
        session.add(note)
    return await here.fresh(note)


def text(sequence: int, body: str, fence: int = 1) -> Append:
    return Append(fence, sequence, {"body": body})


async def test_what_another_process_has_written_meanwhile_is_neither_undone_nor_repeated(here: House) -> None:
    note, one, other = await begun(here), process(here), process(here)
    held = await one.submits(note, text(1, "a"))
    await other.answers(note, text(1, "a"))
    await other.answers(note, text(2, "b"))
    await one.writer.tick()
    assert (await held).sequence == 2
    assert (await one.answers(note, text(3, "c"))).body == "abc"
    row = await here.fresh(note)
    assert (row.body, row.sequence, row.revision) == ("abc", 3, 4)


async def test_a_process_finds_out_what_another_has_accepted(here: House) -> None:
    note, one, other = await begun(here), process(here), process(here)
    await one.answers(note, text(1, "a"))
    await other.answers(note, text(2, "b"))
    assert (await one.answers(note, text(2, "b"))).sequence == 2
    with pytest.raises(Gap) as refused:
        await one.answers(note, text(4, "d"))
    assert refused.value.sequence == 2
    assert (await one.answers(note, text(3, "c"))).body == "abc"


async def test_what_a_process_holds_for_a_former_producer_is_not_written(here: House) -> None:
    note, one, other = await begun(here), process(here), process(here)
    await other.answers(note, text(1, "a"))
    held = await one.submits(note, text(2, "x"))
    async with here.database.transaction() as session:
        take_over(await session.get_one(Note, note.id, with_for_update=True), LEASE)
    assert (await other.answers(note, text(2, "b", fence=2))).body == "ab"
    one.clock.now += CADENCE
    await one.writer.tick()
    with pytest.raises(TakenOver):
        await held
    assert (await here.fresh(note)).body == "ab"


async def test_appends_that_arrive_between_two_updates_are_one_update(here: House) -> None:
    note, one = await begun(here), process(here)
    await one.answers(note, text(1, "0"))
    held = [await one.submits(note, text(sequence, "x")) for sequence in range(2, 22)]
    one.clock.now += CADENCE
    await one.writer.tick()
    rows = await asyncio.gather(*held)
    assert {row.body for row in rows} == {"0" + 20 * "x"}
    assert {row.revision for row in rows} == {3}


async def test_an_append_is_in_the_text_once_if_the_answer_of_the_database_is_lost(here: House) -> None:
    note, line = await begun(here), Line(here)
    one = process(here, line)
    held = await one.submits(note, text(1, "a"))
    line.loses_answers = True
    with pytest.raises(ConnectionError):
        await one.writer.tick()
    line.loses_answers = False
    one.clock.now += CADENCE
    await one.writer.tick()
    assert (await held).body == "a"
    assert (await one.answers(note, text(2, "b"))).body == "ab"


async def test_a_reply_that_another_process_ended_takes_no_more(here: House) -> None:
    note, one = await begun(here), process(here)
    await one.answers(note, text(1, "a"))
    held = await one.submits(note, text(2, "b"))
    await here.stop(note)
    one.clock.now += CADENCE
    await one.writer.tick()
    with pytest.raises(Ended):
        await held
    row = await here.fresh(note)
    assert (row.body, row.status) == ("a", Status.STOPPED)


async def test_the_end_is_written_with_what_was_appended_before_it(here: House) -> None:
    note, one, other = await begun(here), process(here), process(here)
    held = await one.submits(note, text(1, "a"))
    done = await one.answers(note, Finish(1, 2, Status.COMPLETE))
    assert (done.body, done.status, (await held).body) == ("a", Status.COMPLETE, "a")
    again = await other.answers(note, Finish(1, 2, Status.FAILED, "INTERRUPTED"))
    assert (again.status, again.revision) == (Status.COMPLETE, done.revision)


async def test_too_long_a_text_is_refused_whole_and_what_was_accepted_stays(here: House) -> None:
    note, one = await begun(here), process(here)
    await one.answers(note, text(1, "a"))
    with pytest.raises(TooLong):
        await one.answers(note, text(2, LIMIT * "b"))
    assert (await one.answers(note, text(2, "b"))).body == "ab"


async def test_a_process_forgets_a_row_that_gets_no_appends(here: House) -> None:
    note, one = await begun(here), process(here)
    await one.answers(note, text(1, "a"))
    one.clock.now += LEASE
    await one.writer.tick()
    assert one.writer.outside(note.id) is None
    assert (await here.fresh(note)).body == "a"
