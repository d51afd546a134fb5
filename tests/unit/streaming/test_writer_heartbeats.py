"""A writer keeps its leases while it has nothing to write."""

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from api.streaming.columns import Status
from api.streaming.writer import Writer
from tests.support.until import PATIENCE_SECONDS, becomes
from tests.unit.streaming.desk import HEARTBEAT, Desk
from tests.unit.streaming.house import LEASE, LIMIT, WAIT, House
from tests.unit.streaming.notes import Note


def lease_of(note: Note) -> float:
    assert note.lease is not None
    return note.lease


async def test_a_silent_writers_lease_is_kept_without_a_new_revision(desk: Desk) -> None:
    hand = await desk.hand()
    await desk.here.let_lease_run_out(hand.note)
    desk.clock.pass_(HEARTBEAT)
    assert await desk.tick() == 1
    await desk.here.sweep.once()
    row = await desk.row(hand.note)
    assert (row.status, row.revision, row.writer) == (Status.STREAMING, hand.note.revision, hand.note.writer)
    assert lease_of(row) > lease_of(hand.note) - LEASE
    assert await desk.announced() == []


async def test_the_heart_of_a_row_beats_before_its_first_word(here: House) -> None:
    note = await here.started()
    async with Writer(here.database, here.publisher, cadence=0, lease=0.3, wait=WAIT, limit=LIMIT) as writer:
        await asyncio.sleep(0)  # now it waits for something to do
        async with writer.stream(note):
            await becomes(lambda: here.fresh(note), lambda row: row.lease != note.lease)


async def test_the_heart_does_not_beat_more_often_than_three_times_a_lease(desk: Desk) -> None:
    await desk.hand()
    desk.clock.pass_(HEARTBEAT - 0.1)
    assert await desk.tick() == 0
    desk.clock.pass_(0.2)
    assert await desk.tick() == 1
    desk.clock.pass_(HEARTBEAT - 0.1)
    assert await desk.tick() == 0


async def test_an_update_is_a_heartbeat(desk: Desk) -> None:
    hand = await desk.hand()
    desk.clock.pass_(HEARTBEAT - 0.1)
    hand.text.append("a")
    await desk.tick()
    desk.clock.pass_(HEARTBEAT - 0.1)
    assert await desk.tick() == 0
    assert lease_of(await desk.row(hand.note)) > lease_of(hand.note)


async def test_the_hearts_of_all_silent_rows_beat_in_one_statement(desk: Desk) -> None:
    for _ in range(5):
        await desk.hand()
    desk.clock.pass_(HEARTBEAT)
    assert await desk.tick() == 1


async def test_a_silent_writer_hears_by_its_next_heartbeat_that_somebody_stopped_it(desk: Desk) -> None:
    hand, other = await desk.hand(), await desk.hand()
    await desk.here.stop(hand.note)
    desk.clock.pass_(HEARTBEAT)
    await desk.tick()
    await asyncio.wait_for(hand.task, PATIENCE_SECONDS)
    assert not other.task.done()


async def test_a_text_that_cannot_be_stored_for_longer_than_a_lease_costs_no_writer_its_row(desk: Desk) -> None:
    """On a full disk a heartbeat still fits, where a longer text does not."""
    hand, silent = await desk.hand(), await desk.hand()
    hand.text.append("a")
    await desk.tick()
    desk.line.takes_no_text = True
    for _ in range(4):
        hand.text.append("b")
        for note in (hand.note, silent.note):
            await desk.here.let_lease_run_out(note)
        desk.clock.pass_(HEARTBEAT)
        with pytest.raises(OperationalError):
            await desk.writer.tick()
        await desk.here.sweep.once()
    desk.line.takes_no_text = False
    desk.clock.pass_(HEARTBEAT)
    await desk.tick()
    row = await desk.row(hand.note)
    assert (row.status, row.body, row.writer) == (Status.STREAMING, "abbbb", hand.note.writer)
    assert (await desk.row(silent.note)).status == Status.STREAMING
