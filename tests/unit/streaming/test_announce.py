"""What a transaction changed is announced after commit, on the right track, whole, and nothing else is."""

import asyncio

import pytest
from sqlalchemy import event
from sqlalchemy.orm import defer

from api.streaming import channels, snapshot
from api.streaming.columns import Status
from api.streaming.snapshot import DELETED_MESSAGE
from tests.unit.streaming.announced import announced, on_sync, writer_of
from tests.unit.streaming.house import House
from tests.unit.streaming.notes import Keeping, Note, Shelf


async def test_a_row_that_changes_raises_its_revision_by_one_however_much_it_changes(here: House) -> None:
    shelf = await here.shelf()
    await announced(here)
    async with here.database.transaction() as session:
        row = await session.get_one(Shelf, shelf.id)
        for label in "abc":
            row.label = label
            await session.flush()
        session.add(Note(shelf_id=shelf.id))
        await session.flush()
        session.add(Note(shelf_id=shelf.id))
    assert row.revision == (await here.fresh(shelf)).revision == 2
    assert await announced(here) == [on_sync(shelf, 2)]


async def test_a_row_that_was_only_looked_at_or_set_to_what_it_was_announces_nothing(here: House) -> None:
    shelf = await here.shelf()
    await announced(here)
    async with here.database.transaction() as session:
        row = await session.get_one(Shelf, shelf.id)
        row.label = row.label
    assert (await here.fresh(shelf)).revision == 1
    assert await announced(here) == []


async def test_a_new_row_starts_at_one_even_if_it_changes_before_commit(here: House) -> None:
    async with here.database.transaction() as session:
        shelf = Shelf()
        session.add(shelf)
        await session.flush()
        shelf.label = "b"
    assert (await here.fresh(shelf)).revision == 1


async def test_a_child_touches_its_parent_and_the_parent_those_whom_it_touches(here: House) -> None:
    keepers = [await here.keeper() for _ in range(3)]
    shelf = await here.shelf(*keepers[:2])
    await announced(here)
    await here.note(shelf)
    sent = await announced(here)
    assert sent[0] == on_sync(shelf, 2)
    assert sorted(sent[1:]) == sorted((channels.sync("keepers", keeper.id), "3") for keeper in keepers[:2])


async def test_whoever_leaves_is_touched_as_well_as_those_who_stay(here: House) -> None:
    stays, leaves = await here.keeper(), await here.keeper()
    shelf = await here.shelf(stays, leaves)
    await announced(here)
    async with here.database.transaction() as session:
        await session.delete(await session.get_one(Keeping, (shelf.id, leaves.id)))
    assert {name for name, _ in await announced(here)} == {
        channels.sync("shelves", shelf.id),
        channels.sync("keepers", stays.id),
        channels.sync("keepers", leaves.id),
    }


async def test_a_row_that_moves_touches_both_parents(here: House) -> None:
    old, new = await here.shelf(), await here.shelf()
    note = await here.note(old)
    await announced(here)
    await here.change(note, shelf_id=new.id)
    assert set(await announced(here)) == {on_sync(old, 3), on_sync(new, 2)}


async def test_a_parent_given_as_an_object_is_touched_like_one_given_by_its_key(here: House) -> None:
    shelf = await here.shelf()
    await announced(here)
    async with here.database.transaction() as session:
        session.add(Note(shelf=await session.get_one(Shelf, shelf.id)))
    assert await announced(here) == [on_sync(shelf, 2)]


async def test_what_happens_to_a_streaming_row_is_announced_whole_on_its_stream_and_nowhere_else(here: House) -> None:
    note = await here.started(await here.shelf())
    await announced(here)
    stopped = await here.stop(note)
    ((stream, whole), *others) = await announced(here)
    assert stream == channels.stream("notes", note.id)
    row = snapshot.decode(Note, whole)
    assert (row.status, row.revision, row.body) == (Status.STOPPED, stopped.revision, "")
    assert others == [(channels.writer(writer_of(note)), f"{note.id.hex} {note.fence}")]


async def test_what_happens_to_a_finished_row_is_announced_on_sync_and_nowhere_else(here: House) -> None:
    shelf = await here.shelf()
    note = await here.note(shelf, "a")
    await announced(here)
    await here.change(note, body="b")
    assert await announced(here) == [on_sync(shelf, 3)]


async def test_a_row_that_starts_streaming_is_announced_on_sync_and_calls_for_a_writer(here: House) -> None:
    shelf = await here.shelf()
    note = await here.note(shelf, "a")
    await announced(here)
    await here.requeue(note)
    assert await announced(here) == [on_sync(shelf, 3), (channels.work("notes"), "")]


async def test_making_and_deleting_a_streaming_row_is_on_the_sync_track(here: House) -> None:
    shelf = await here.shelf()
    await announced(here)
    note = await here.queued(shelf)
    assert await announced(here) == [on_sync(shelf, 2), (channels.work("notes"), "")]
    await here.delete(note)
    assert await announced(here) == [on_sync(shelf, 3), (channels.stream("notes", note.id), DELETED_MESSAGE)]


async def test_deleting_a_finished_row_is_on_the_sync_track_alone(here: House) -> None:
    """A chat of a hundred thousand messages would otherwise be as many announcements to nobody."""
    shelf = await here.shelf()
    note = await here.note(shelf, "a")
    await announced(here)
    await here.delete(note)
    assert await announced(here) == [on_sync(shelf, 3)]


async def test_a_row_that_is_stopped_and_deleted_in_one_transaction_is_gone_from_its_stream(here: House) -> None:
    note = await here.started()
    await announced(here)
    async with here.database.transaction() as session:
        row = await session.get_one(Note, note.id)
        row.status = Status.STOPPED
        await session.flush()
        await session.delete(row)
    assert (channels.stream("notes", note.id), DELETED_MESSAGE) in await announced(here)


async def test_deleting_a_row_that_is_being_written_tells_its_writer(here: House) -> None:
    note = await here.started()
    await announced(here)
    await here.delete(note)
    assert (channels.writer(writer_of(note)), f"{note.id.hex} {note.fence}") in await announced(here)


async def test_a_row_whose_former_status_is_not_loaded_is_not_taken_for_a_finished_one(here: House) -> None:
    shelf = await here.shelf()
    note = await here.queued(shelf)
    async with here.database.transaction() as session:
        row = await session.get_one(Note, note.id, options=[defer(Note.status)])
        await session.run_sync(lambda _: setattr(row, "status", Status.STOPPED))
    assert (await here.fresh(shelf)).revision == 2


async def test_a_raised_epoch_is_told_to_every_process(here: House) -> None:
    shelf = await here.shelf()
    await announced(here)
    await here.change(shelf, access_epoch=1)
    assert await announced(here) == [(channels.ACCESS, f"{shelf.id.hex} 1"), on_sync(shelf, 2)]


async def test_a_row_made_and_deleted_in_one_transaction_leaves_its_parent_one_higher(here: House) -> None:
    shelf = await here.shelf()
    await announced(here)
    async with here.database.transaction() as session:
        note = Note(shelf_id=shelf.id)
        session.add(note)
        await session.flush()
        await session.delete(note)
    assert (await here.fresh(shelf)).revision == 2


# What happens at once


async def test_many_transactions_on_one_shelf_raise_it_by_one_each(here: House) -> None:
    shelf = await here.shelf(*[await here.keeper() for _ in range(3)])
    await asyncio.gather(*(here.note(shelf) for _ in range(30)))
    assert (await here.fresh(shelf)).revision == 31


async def test_transactions_that_share_shelves_in_any_order_do_not_deadlock(here: House) -> None:
    shelves = [await here.shelf() for _ in range(6)]

    async def write(order: list[Shelf]) -> None:
        async with here.database.transaction() as session:
            session.add_all([Note(shelf_id=shelf.id) for shelf in order])

    await asyncio.gather(*(write(shelves[start:] + shelves[:start]) for start in [*range(6)] * 4))
    assert {(await here.fresh(shelf)).revision for shelf in shelves} == {25}


async def test_whoever_is_cancelled_while_the_commit_is_under_way_announces_what_is_committed(here: House) -> None:
    shelf = await here.shelf()
    await announced(here)
    task = asyncio.create_task(here.change(shelf, label="b"))
    committing = asyncio.Event()

    def cancel(connection: object) -> None:
        committing.set()
        task.cancel()

    event.listen(here.database.engine.sync_engine, "commit", cancel)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert committing.is_set()
    assert (await here.fresh(shelf)).label == "b"
    assert await announced(here) == [on_sync(shelf, 2)]
    assert here.database.connections == 0


async def test_whoever_is_cancelled_at_any_moment_has_announced_what_is_committed(
    here: House,
) -> None:
    shelf = await here.shelf()
    await announced(here)
    revision, done = 1, False
    for moment in range(500):
        task = asyncio.create_task(here.change(shelf, label=str(moment)))
        for _ in range(min(moment, 30)):
            await asyncio.sleep(0)
        await asyncio.sleep(max(0, moment - 30) / 1_000)
        if done := task.done():
            break
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        sent, now = await announced(here), (await here.fresh(shelf)).revision
        assert sent == ([on_sync(shelf, now)] if now > revision else [])
        assert here.database.connections == 0
        revision = now
    assert done
