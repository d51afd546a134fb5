"""What a transaction changed is announced after commit, on the right track, whole, and nothing else is."""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, event, insert, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import defer

from api.errors import UnseenChange
from api.streaming import channels, snapshot
from api.streaming.announce import DELETION
from api.streaming.rows import Status, queue
from tests.streaming.notes import WAIT, House, Keeping, Note, Shelf


async def announced(here: House) -> list[tuple[str, str]]:
    """What was published since the last time."""
    await here.publisher.drained()
    sent, here.wire.sent = here.wire.sent, []
    return sent


def on_sync(shelf: Shelf, revision: int) -> tuple[str, str]:
    return channels.sync("shelves", shelf.id), str(revision)


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
    assert others == [(channels.writer(note.writer), f"{note.id.hex} {note.fence}")]


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
    assert await announced(here) == [on_sync(shelf, 3), (channels.WORK, "")]


async def test_making_and_deleting_a_streaming_row_is_on_the_sync_track(here: House) -> None:
    shelf = await here.shelf()
    await announced(here)
    note = await here.queued(shelf)
    assert await announced(here) == [on_sync(shelf, 2), (channels.WORK, "")]
    await here.delete(note)
    assert await announced(here) == [on_sync(shelf, 3), (channels.stream("notes", note.id), DELETION)]


async def test_deleting_a_row_that_is_being_written_tells_its_writer(here: House) -> None:
    note = await here.started()
    await announced(here)
    await here.delete(note)
    assert (channels.writer(note.writer), f"{note.id.hex} {note.fence}") in await announced(here)


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
    assert await announced(here) == [on_sync(shelf, 2), (channels.ACCESS, f"{shelf.id.hex} 1")]


async def test_a_row_made_and_deleted_in_one_transaction_leaves_its_parent_one_higher(here: House) -> None:
    shelf = await here.shelf()
    await announced(here)
    async with here.database.transaction() as session:
        note = Note(shelf_id=shelf.id)
        session.add(note)
        await session.flush()
        await session.delete(note)
    assert (await here.fresh(shelf)).revision == 2


# What is not committed


async def test_a_rollback_announces_nothing(here: House) -> None:
    shelf = await here.shelf()
    await announced(here)
    with pytest.raises(ZeroDivisionError):
        async with here.database.transaction() as session:
            (await session.get_one(Shelf, shelf.id)).label = "b"
            await session.flush()
            raise ZeroDivisionError
    assert await announced(here) == []
    assert (await here.fresh(shelf)).revision == 1


async def test_a_commit_that_fails_announces_nothing(here: House) -> None:
    shelf = await here.shelf()
    await announced(here)
    with pytest.raises(IntegrityError):
        async with here.database.transaction() as session:
            session.add(Note(shelf_id=shelf.id))
            await session.flush()
            session.add(Note(shelf_id=uuid4()))
    assert await announced(here) == []


async def test_nothing_is_announced_before_commit(here: House) -> None:
    shelf = await here.shelf()
    await announced(here)
    async with here.database.transaction() as session:
        (await session.get_one(Shelf, shelf.id)).label = "b"
        await session.flush()
        assert await announced(here) == []
    assert await announced(here) == [on_sync(shelf, 2)]


async def test_a_savepoint_that_is_rolled_back_takes_back_its_own_part_alone(here: House) -> None:
    kept, dropped = await here.shelf(), await here.shelf()
    await announced(here)
    async with here.database.transaction() as session:
        session.add(Note(shelf_id=kept.id))
        savepoint = await session.begin_nested()
        note = Note(shelf_id=dropped.id)
        queue(note, WAIT)
        session.add(note)
        await session.flush()
        await savepoint.rollback()
    assert await announced(here) == [on_sync(kept, 2)]
    assert (await here.fresh(dropped)).revision == 1


async def test_a_savepoint_that_fails_takes_back_its_own_part_alone(here: House) -> None:
    kept, dropped = await here.shelf(), await here.shelf()
    await announced(here)
    async with here.database.transaction() as session:
        session.add(Note(shelf_id=kept.id))
        with pytest.raises(IntegrityError):
            async with session.begin_nested():
                session.add(Note(shelf_id=dropped.id))
                await session.flush()
                session.add(Note(shelf_id=uuid4()))
    assert await announced(here) == [on_sync(kept, 2)]


async def test_a_savepoint_that_is_released_is_announced_with_the_rest(here: House) -> None:
    outer, inner = await here.shelf(), await here.shelf()
    await announced(here)
    async with here.database.transaction() as session:
        session.add(Note(shelf_id=outer.id))
        async with session.begin_nested():
            session.add(Note(shelf_id=inner.id))
        assert await announced(here) == []
    assert set(await announced(here)) == {on_sync(outer, 2), on_sync(inner, 2)}


async def test_a_released_savepoint_in_a_transaction_that_rolls_back_announces_nothing(here: House) -> None:
    shelf = await here.shelf()
    await announced(here)
    with pytest.raises(ZeroDivisionError):
        async with here.database.transaction() as session:
            async with session.begin_nested():
                session.add(Note(shelf_id=shelf.id))
            raise ZeroDivisionError
    assert await announced(here) == []


async def test_a_released_savepoint_within_one_that_is_rolled_back_announces_nothing(here: House) -> None:
    shelf, other = await here.shelf(), await here.shelf()
    await announced(here)
    async with here.database.transaction() as session:
        outer = await session.begin_nested()
        async with session.begin_nested():
            session.add(Note(shelf_id=shelf.id))
        await outer.rollback()
        session.add(Note(shelf_id=other.id))
    assert await announced(here) == [on_sync(other, 2)]


async def test_a_rolled_back_savepoint_within_one_that_is_released_leaves_that_one(here: House) -> None:
    shelf, other = await here.shelf(), await here.shelf()
    await announced(here)
    async with here.database.transaction() as session, session.begin_nested():
        session.add(Note(shelf_id=shelf.id))
        inner = await session.begin_nested()
        session.add(Note(shelf_id=other.id))
        await session.flush()
        await inner.rollback()
    assert await announced(here) == [on_sync(shelf, 2)]


async def test_an_outer_savepoint_that_is_rolled_back_takes_an_open_inner_one_along(here: House) -> None:
    shelf, other = await here.shelf(), await here.shelf()
    await announced(here)
    async with here.database.transaction() as session:
        outer = await session.begin_nested()
        await session.begin_nested()
        session.add(Note(shelf_id=shelf.id))
        await session.flush()
        await outer.rollback()
        session.add(Note(shelf_id=other.id))
    assert await announced(here) == [on_sync(other, 2)]


async def test_a_savepoint_that_nobody_released_is_committed_and_announced_with_the_rest(here: House) -> None:
    outer, inner = await here.shelf(), await here.shelf()
    await announced(here)
    async with here.database.transaction() as session:
        session.add(Note(shelf_id=outer.id))
        await session.begin_nested()
        session.add(Note(shelf_id=inner.id))
    assert set(await announced(here)) == {on_sync(outer, 2), on_sync(inner, 2)}


async def test_two_savepoints_one_after_the_other_each_stand_for_themselves(here: House) -> None:
    first, second, third = [await here.shelf() for _ in range(3)]
    await announced(here)
    async with here.database.transaction() as session:
        for shelf in (first, second, third):
            savepoint = await session.begin_nested()
            session.add(Note(shelf_id=shelf.id))
            await session.flush()
            await (savepoint.rollback() if shelf is second else savepoint.commit())
    assert set(await announced(here)) == {on_sync(first, 2), on_sync(third, 2)}


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

    async with asyncio.timeout(30):
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


# What the hooks do not see


UNSEEN = [
    "UPDATE notes SET body = 'x'",
    "update only notes set body = 'x'",
    "UPDATE \"notes\" SET body = 'x'",
    "UPDATE main.\"notes\" SET body = 'x'",
    "UPDATE OR IGNORE notes SET body = 'x'",
    "UPDATE [notes] SET body = 'x'",
    "UPDATE `notes` SET body = 'x'",
    "UPDATE/**/notes SET body = 'x'",
    "UPDATE -- said the driver\n notes SET body = 'x'",
    "INSERT INTO notes (id) VALUES ('x')",
    "INSERT OR REPLACE INTO notes (id) VALUES ('x')",
    "REPLACE INTO notes (id) VALUES ('x')",
    "DELETE FROM notes",
    "DELETE FROM ONLY public.notes",
    "WITH old AS (SELECT 1) DELETE FROM notes",
    "WITH gone AS (DELETE FROM notes RETURNING id) SELECT * FROM gone",
    "TRUNCATE notes",
    "TRUNCATE TABLE ONLY untracked, public.notes CASCADE",
    "MERGE INTO notes USING x ON true WHEN MATCHED THEN DELETE",
    "COPY notes FROM STDIN",
    "INSERT INTO untracked SELECT '--'; DELETE FROM notes",
]


@pytest.mark.parametrize("statement", UNSEEN)
async def test_text_that_changes_a_tracked_table_raises_and_names_the_way(here: House, statement: str) -> None:
    async with here.database.engine.connect() as connection:
        with pytest.raises(UnseenChange, match=r"tracked.*database\.transaction\(\)"):
            await connection.execute(text(statement.replace(":", r"\:")))
        with pytest.raises(UnseenChange):
            await connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM notes",
        "SELECT 'delete' AS notes",
        "SELECT id FROM notes FOR UPDATE OF notes",
        "INSERT INTO untracked (notes) SELECT id FROM notes",
        "UPDATE untracked SET id = (SELECT max(id) FROM notes)",
        "DELETE FROM untracked WHERE notes = 'x'",
        "INSERT INTO notes_of_old (id) VALUES ('x')",
    ],
)
async def test_text_that_changes_no_tracked_table_goes_to_the_database(here: House, statement: str) -> None:
    async with here.database.engine.connect() as connection:
        with suppress(DBAPIError):  # there is no such table, or no such clause, in this database
            await connection.execute(text(statement))


async def test_a_core_statement_on_a_tracked_table_raises(here: House) -> None:
    shelf = await here.shelf()
    async with here.database.engine.connect() as connection:
        for statement in (
            insert(Note.__table__).values(id=uuid4(), shelf_id=shelf.id),
            update(Note.__table__).values(body="x"),
            delete(Note.__table__),
        ):
            with pytest.raises(UnseenChange, match="`notes`"):
                await connection.execute(statement)


@pytest.mark.parametrize("statement", [insert(Note), update(Note), delete(Note)], ids=["insert", "update", "delete"])
async def test_a_bulk_statement_of_a_session_raises_and_nothing_is_changed(here: House, statement: Any) -> None:
    note = await here.note(await here.shelf(), "a")
    rows = [{"id": uuid4(), "shelf_id": note.shelf_id, "body": "b"}]
    with pytest.raises(UnseenChange):
        async with here.database.transaction() as session:
            await session.execute(statement if statement.is_delete else statement.values(rows[0]))
    if statement.is_insert:
        with pytest.raises(UnseenChange):
            async with here.database.transaction() as session:
                await session.execute(statement, rows)
    assert (await here.fresh(note)).body == "a"


async def test_a_sessions_bulk_methods_raise(here: House) -> None:
    note = await here.note(await here.shelf(), "a")
    for method, *arguments in (
        ("bulk_insert_mappings", Note, [{"shelf_id": note.shelf_id}]),
        ("bulk_update_mappings", Note, [{"id": note.id, "body": "b"}]),
        ("bulk_save_objects", [Note(shelf_id=note.shelf_id)]),
    ):
        with pytest.raises(UnseenChange):
            async with here.database.transaction() as session:
                await session.run_sync(lambda sync, call=(method, arguments): getattr(sync, call[0])(*call[1]))
    assert (await here.fresh(note)).body == "a"


async def test_a_statement_in_a_transaction_is_refused_while_the_sessions_own_changes_go_through(here: House) -> None:
    note = await here.note(await here.shelf(), "a")
    with pytest.raises(UnseenChange):
        async with here.database.transaction() as session:
            (await session.get_one(Note, note.id)).body = "b"
            await session.flush()
            await session.execute(text("UPDATE notes SET body = 'c'"))
    await here.change(note, body="d")
    assert (await here.fresh(note)).body == "d"
