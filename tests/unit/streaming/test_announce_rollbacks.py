"""Announced is what is committed: a rollback announces nothing, a savepoint's takes back its own part alone."""

from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from api.streaming.columns import enqueue
from tests.unit.streaming.announced import announced, on_sync
from tests.unit.streaming.house import WAIT, House
from tests.unit.streaming.notes import Note, Shelf


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
        enqueue(note, WAIT)
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
