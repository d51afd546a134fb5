"""Who may write a row is decided in the database, by one statement each: claim, beat, hand back, settle."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Row, select

from api.streaming import leases
from api.streaming.columns import Status, database_now
from tests.unit.streaming.house import LEASE, WAIT, House
from tests.unit.streaming.notes import Note


async def claim(here: House, *, limit: int = 100, writer: UUID | None = None) -> list[Note]:
    rows = await here.database.write(leases.claim(Note, writer or uuid4(), limit=limit, lease=LEASE))
    return [Note(**row._mapping) for row in rows]


async def settle(here: House) -> dict[UUID, Row[Any]]:
    return {row.id: row for row in await here.database.write(leases.settle(Note, wait=WAIT))}


async def database_time(here: House) -> float:
    ((now,),) = await here.database.read(select(database_now()))
    return float(now)


# Claiming


async def test_a_waiting_row_is_claimed_with_a_fence_a_try_and_a_lease(here: House) -> None:
    waiting, writer = await here.queued(await here.shelf()), uuid4()
    (row,) = await claim(here, writer=writer)
    assert (row.id, row.writer, row.tries, row.revision) == (waiting.id, writer, 1, waiting.revision)
    assert row.fence > waiting.fence
    assert row.lease == pytest.approx(await database_time(here) + LEASE, abs=5)


async def test_what_is_claimed_finished_or_waited_too_long_is_not_claimed(here: House) -> None:
    shelf = await here.shelf()
    await here.started(shelf)
    await here.note(shelf)
    await here.let_lease_run_out(await here.queued(shelf))
    assert await claim(here) == []


async def test_those_who_wait_longest_are_claimed_first_and_no_more_than_there_is_room_for(here: House) -> None:
    shelf = await here.shelf()
    waiting = [await here.queued(shelf) for _ in range(5)]
    assert {row.id for row in await claim(here, limit=3)} == {row.id for row in waiting[:3]}
    assert {row.id for row in await claim(here, limit=3)} == {row.id for row in waiting[3:]}


async def test_no_two_claimers_get_the_same_row(here: House) -> None:
    shelf = await here.shelf()
    waiting = [await here.queued(shelf) for _ in range(20)]
    batches = await asyncio.gather(*(claim(here, limit=4) for _ in range(8)))
    batches += [await claim(here)]  # a claimer may have found all of its choice taken
    claimed = [row.id for batch in batches for row in batch]
    assert sorted(claimed) == sorted(row.id for row in waiting)


# Settling


async def test_a_lease_that_has_not_run_out_is_left_alone(here: House) -> None:
    shelf = await here.shelf()
    await here.queued(shelf)
    await here.started(shelf)
    assert await settle(here) == {}


async def test_a_finished_row_is_left_alone_whatever_its_lease(here: House) -> None:
    note = await here.started()
    await here.stop(note)
    await here.let_lease_run_out(note)
    assert await settle(here) == {}


async def test_a_row_that_has_shown_nothing_waits_again_under_a_new_fence_and_the_same_revision(here: House) -> None:
    note = await here.started()
    await here.let_lease_run_out(note)
    row = (await settle(here))[note.id]
    assert (row.status, row.writer, row.revision, row.tries) == (Status.STREAMING, None, note.revision, note.tries)
    assert row.fence > note.fence
    assert row.lease == pytest.approx(await database_time(here) + WAIT, abs=5)
    assert (await here.claimed(note)).tries == note.tries + 1


async def test_a_row_is_tried_three_times_and_then_fails(here: House) -> None:
    note = await here.started()
    for tries in (1, 2):
        await here.let_lease_run_out(note)
        assert (await settle(here))[note.id].status == Status.STREAMING
        note = await here.claimed(note)
        assert note.tries == tries + 1
    await here.let_lease_run_out(note)
    row = (await settle(here))[note.id]
    assert (row.status, row.error_code, row.error_message) == (Status.FAILED, "INTERRUPTED", leases.INTERRUPTED)
    assert row.revision == note.revision + 1


async def test_a_row_that_has_shown_text_fails_with_it(here: House) -> None:
    note = await here.abandoned("so far")
    await here.let_lease_run_out(note)
    row = (await settle(here))[note.id]
    assert (row.status, row.error_code, row.body) == (Status.FAILED, "INTERRUPTED", "so far")
    assert (row.fence, row.revision) == (note.fence + 1, note.revision + 1)


async def test_a_row_that_nobody_took_in_time_fails_for_that(here: House) -> None:
    note = await here.queued(await here.shelf())
    await here.let_lease_run_out(note)
    row = (await settle(here))[note.id]
    assert (row.status, row.error_code, row.error_message) == (Status.FAILED, "TIMEOUT", leases.UNCLAIMED)


async def test_a_row_that_was_restarted_and_then_taken_by_nobody_fails_for_that(here: House) -> None:
    note = await here.started()
    for _ in range(2):
        await here.let_lease_run_out(note)
        row = (await settle(here))[note.id]
    assert (row.status, row.error_code) == (Status.FAILED, "TIMEOUT")


async def test_many_who_settle_at_once_settle_each_row_once(here: House) -> None:
    shelf = await here.shelf()
    notes = [await here.queued(shelf) for _ in range(10)]
    for note in notes:
        await here.let_lease_run_out(note)
    settled = await asyncio.gather(*(settle(here) for _ in range(6)))
    assert sorted(key for rows in settled for key in rows) == sorted(note.id for note in notes)
    assert {(await here.fresh(note)).revision for note in notes} == {2}


# Fences


async def test_claim_restart_hand_back_and_regeneration_raise_the_fence_and_nothing_resets_it(here: House) -> None:
    note = await here.queued(await here.shelf())
    fences = [note.fence]

    async def see() -> Note:
        row: Note = await here.fresh(note)
        fences.append(row.fence)
        return row

    await here.claimed(note)
    await see()
    await here.let_lease_run_out(note)
    await settle(here)
    await see()
    held = await here.claimed(note)
    await see()
    await here.database.write(*leases.hand_back(Note, here.database.dialect, {note.id: held.fence}, wait=WAIT))
    await see()
    await here.stop(note)
    await here.requeue(note)
    await see()
    await here.let_lease_run_out(note)
    await settle(here)
    await here.requeue(note)
    assert (await see()).tries == 0
    assert fences == sorted(set(fences))


@pytest.mark.parametrize("statement", ["beat", "hand back"])
async def test_only_whoever_has_the_fence_may_beat_or_hand_back(here: House, statement: str) -> None:
    note, other = await here.started(), await here.started()
    held = {note.id: note.fence - 1, other.id: other.fence}
    if statement == "beat":
        wanted = [leases.heartbeat(Note, here.database.dialect, held, lease=LEASE)]
    else:
        wanted = leases.hand_back(Note, here.database.dialect, held, wait=WAIT)
    assert [row.id for row in await here.database.write(*wanted)] == [other.id]
    assert (await here.fresh(note)).writer == note.writer


async def test_what_has_shown_text_is_not_handed_back(here: House) -> None:
    note = await here.abandoned("a")
    back = leases.hand_back(Note, here.database.dialect, {note.id: note.fence}, wait=WAIT)
    assert await here.database.write(*back) == []
