"""Subscribers of revisions get the greatest one, and rows share channels that are left with the last subscriber."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from api.streaming import channels
from api.streaming.subscriber import Subscriber
from tests.support.until import until
from tests.unit.streaming.house import House
from tests.unit.streaming.notes import Note, Shelf
from tests.unit.streaming.test_hub import arrived

# Revisions


async def test_each_followed_row_has_an_event_at_the_start_and_one_for_each_change(here: House) -> None:
    first, second = await here.shelf(), await here.shelf()
    async with here.watching(first, second) as changes:
        assert {(change.key, change.revision) for change in (await changes.next(), await changes.next())} == {
            (first.id, 1),
            (second.id, 1),
        }
        await here.change(second, label="b")
        change = await changes.next()
    assert (change.key, change.revision, change.deleted) == (second.id, 2, False)


async def test_a_row_named_twice_is_followed_once(here: House) -> None:
    shelf = await here.shelf()
    async with here.watching(shelf, shelf) as changes:
        assert (await changes.next()).revision == 1
        await here.change(shelf, label="b")
        assert (await changes.next()).revision == 2


async def test_a_slow_reader_of_revisions_gets_the_greatest_alone(here: House) -> None:
    shelf = await here.shelf()
    async with here.watching(shelf) as changes:
        await changes.next()
        for label in "abc":
            await here.change(shelf, label=label)
        await arrived(here)
        assert (await changes.next()).revision == 4


async def test_a_revision_that_arrives_late_is_not_shown(here: House) -> None:
    shelf = await here.shelf()
    async with here.watching(shelf) as changes:
        await changes.next()
        for revision in (9, 8, 9, 10):
            await here.bus.publish(channels.sync("shelves", shelf.id), str(revision))
        seen = [(await changes.next()).revision]
        while seen[-1] < 10:
            seen.append((await changes.next()).revision)
    assert seen in ([9, 10], [10])


async def test_what_there_is_not_is_said_to_be_deleted_and_the_others_go_on(here: House) -> None:
    shelf = await here.shelf()
    async with here.watching(Shelf(id=uuid4()), shelf) as changes:
        events = [await changes.next(), await changes.next()]
        assert sorted((change.revision, change.deleted) for change in events) == [(0, True), (1, False)]
        await here.change(shelf, label="b")
        assert (await changes.next()).revision == 2


async def test_what_is_deleted_is_said_once_and_the_others_go_on(here: House) -> None:
    doomed, shelf = await here.shelf(), await here.shelf()
    async with here.watching(doomed, shelf) as changes:
        for _ in range(2):
            await changes.next()
        await here.delete(doomed)
        change = await changes.next()
        assert (change.key, change.revision, change.deleted) == (doomed.id, 0, True)
        await here.sweep.once()
        await here.change(shelf, label="b")
        assert (await changes.next()).key == shelf.id


async def test_what_is_out_of_sight_is_said_once_and_the_others_go_on(here: House) -> None:
    lost, kept, viewer = await here.shelf(), await here.shelf(), uuid4()
    async with here.watching(lost, kept, viewer=viewer) as changes:
        for _ in range(2):
            await changes.next()
        await here.shut_out(viewer, lost)
        change = await changes.next()
        assert (change.key, change.revision, change.deleted) == (lost.id, 0, True)
        here.doors.out.clear()
        for _ in range(2):
            await here.sweep.once()
            await here.shut_out(uuid4(), lost)
        await here.change(kept, label="b")
        change = await changes.next()
    assert (change.key, change.revision) == (kept.id, 2)


async def test_a_subscription_to_many_rows_asks_once(here: House) -> None:
    shelves = [await here.shelf() for _ in range(10)]
    async with here.watching(*shelves) as changes:
        for _ in shelves:
            await changes.next()
        await here.change(shelves[3], label="b")
        await changes.next()
    assert here.doors.asked == 1


# Channels


async def test_all_subscribers_of_a_row_share_one_channel_and_the_last_gives_it_up(here: House) -> None:
    note = await here.started()
    before = here.bus.channels
    async with AsyncExitStack() as readers:
        for _ in range(10):
            frames = await readers.enter_async_context(here.following(note))
            await frames.next()
        assert (here.bus.channels, len(here.hub.topics)) == (before + 1, 1)
        async with here.following(note) as frames:
            await frames.next()
        assert (here.bus.channels, len(here.hub.topics)) == (before + 1, 1)
    await until(lambda: here.bus.channels == before)
    assert here.hub.topics == []


async def test_the_channel_of_a_row_out_of_sight_is_left_at_once_and_of_a_lost_one_too(here: House) -> None:
    lost, kept, viewer = await here.shelf(), await here.shelf(), uuid4()
    before = here.bus.channels
    async with here.watching(Shelf(id=uuid4()), lost, kept, viewer=viewer) as changes:
        for _ in range(3):
            await changes.next()
        await until(lambda: here.bus.channels == before + 2)
        here.doors.out.add(viewer)
        await here.shut_out(viewer, lost)
        assert (await changes.next()).deleted
        await until(lambda: here.bus.channels == before + 1)


async def test_both_tracks_of_a_row_are_channels_of_their_own(here: House) -> None:
    note = await here.started()
    before = here.bus.channels
    async with here.following(note), here.hub.joined(Subscriber(None), [(Note, note.id)], streams=False):
        assert here.bus.channels == before + 2


async def test_a_row_may_be_followed_again_while_its_channel_is_being_left(here: House) -> None:
    note = await here.started()
    for number in range(20):
        async with here.following(note) as frames:
            await frames.next()
            await here.grow(note, str(number))
            assert (await frames.next()).body == str(number)


async def test_whoever_is_cancelled_at_any_moment_leaves_nothing(here: House) -> None:
    note = await here.started()
    before, tasks = here.bus.channels, asyncio.all_tasks()

    async def read() -> None:
        async with here.following(note) as frames, here.watching(await here.fresh(note)):
            while True:
                await frames.next()

    for moment in range(40):
        task = asyncio.create_task(read())
        for _ in range(moment):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await until(lambda: here.bus.channels == before)
    assert here.hub.topics == []
    assert not here.hub._subscribers_of
    await until(lambda: asyncio.all_tasks() <= tasks)


async def test_a_bus_that_fails_leaves_the_reader_what_the_sweep_finds(
    here: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def broken(channel: str) -> Any:
        raise ConnectionError("no bus")
        yield

    monkeypatch.setattr(here.bus, "subscribe", broken)
    note = await here.started()
    async with here.following(note) as frames:
        assert (await frames.next()).body == ""
        await here.grow(note, "a")
        await here.sweep.once()
        assert (await frames.next()).body == "a"
