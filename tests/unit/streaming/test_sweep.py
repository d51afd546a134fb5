"""Whatever the bus lost, the sweep finds in the database: updates, ends, revisions, lost access, dead writers."""

import asyncio
from contextlib import AbstractContextManager, AsyncExitStack
from uuid import uuid4

import pytest

from api.streaming import channels
from api.streaming import sweep as sweeping
from api.streaming.columns import Status
from api.streaming.errors import Gone
from api.streaming.sweep import Sweep
from tests.support.statements import sent_to
from tests.support.until import until
from tests.unit.streaming.house import WAIT, House
from tests.unit.streaming.notes import Note


def counting(here: House) -> AbstractContextManager[list[str]]:
    """The reads that are made within."""
    return sent_to(here.database, like=lambda statement: statement.startswith("SELECT"))


# What the bus lost


async def test_a_lost_update_is_found(here: House) -> None:
    note = await here.started()
    async with here.following(note) as frames:
        await frames.next()
        here.wire.cut = True
        await here.grow(note, "lost")
        await here.sweep.once()
        frame = await frames.next()
    assert (frame.body, frame.streaming) == ("lost", True)


async def test_a_lost_end_is_found_and_ends_the_stream(here: House) -> None:
    note = await here.started()
    async with here.following(note) as frames:
        await frames.next()
        here.wire.cut = True
        stopped = await here.stop(note)
        await here.sweep.once()
        assert [(frame.status, frame.revision) for frame in await frames.rest()] == [(Status.STOPPED, stopped.revision)]


async def test_a_lost_deletion_is_found_on_both_tracks(here: House) -> None:
    note, shelf = await here.started(), await here.shelf()
    async with here.following(note) as frames, here.watching(shelf) as changes:
        await frames.next()
        await changes.next()
        here.wire.cut = True
        await here.delete(note)
        await here.delete(shelf)
        await here.sweep.once()
        with pytest.raises(Gone):
            await frames.next()
        assert (await changes.next()).deleted


async def test_a_lost_revision_is_found(here: House) -> None:
    shelf = await here.shelf()
    async with here.watching(shelf) as changes:
        await changes.next()
        here.wire.cut = True
        await here.change(shelf, label="b")
        await here.sweep.once()
        assert (await changes.next()).revision == 2


async def test_a_lost_word_about_access_is_found_on_both_tracks(here: House) -> None:
    shelf, viewer = await here.shelf(), uuid4()
    note = await here.started(shelf)
    async with here.following(note, viewer) as frames, here.watching(shelf, viewer=viewer) as changes:
        await frames.next()
        await changes.next()
        here.wire.cut = True
        await here.shut_out(viewer, shelf)
        await here.sweep.once()
        with pytest.raises(Gone):
            await frames.next()
        change = await changes.next()
        while not change.deleted:  # the shelf's own new revision may be found first
            change = await changes.next()
    assert here.doors.asked == 4


async def test_what_was_not_lost_is_not_said_again(here: House) -> None:
    note, shelf = await here.started(), await here.shelf()
    async with here.following(note) as frames, here.watching(shelf) as changes:
        await frames.next()
        await changes.next()
        for _ in range(3):
            await here.sweep.once()
        await here.grow(note, "a")
        await here.change(shelf, label="b")
        assert (await frames.next()).body == "a"
        assert (await changes.next()).revision == 2
    assert here.doors.asked == 2


# What it costs


async def test_all_that_is_followed_is_compared_in_one_read_for_each_track_and_model(here: House) -> None:
    shelf = await here.shelf()
    async with AsyncExitStack() as readers:
        for _ in range(20):
            frames = await readers.enter_async_context(here.following(await here.started(shelf)))
            await frames.next()
            changes = await readers.enter_async_context(here.watching(await here.shelf()))
            await changes.next()
        with counting(here) as reads:
            await here.sweep.once()
    assert len(reads) == 2
    assert not any("notes.body" in read for read in reads)


async def test_a_thousand_are_compared_in_one_read_and_more_in_as_few_as_it_takes(
    here: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sweeping.REVISIONS_PER_QUERY == 1_000
    monkeypatch.setattr(sweeping, "REVISIONS_PER_QUERY", 8)
    shelf = await here.shelf()
    async with AsyncExitStack() as readers:
        streams = []
        for _ in range(20):
            note = await here.started(shelf)
            frames = await readers.enter_async_context(here.following(note))
            await frames.next()
            streams.append((note, frames))
        here.wire.cut = True
        for note, _ in streams:
            await here.grow(note, note.id.hex)
        with counting(here) as reads:
            await here.sweep.once()
        assert len(reads) == 3 * 2  # where they stand, and whole
        for note, frames in streams:
            assert (await frames.next()).body == note.id.hex


async def test_only_what_moved_is_read_whole(here: House) -> None:
    shelf = await here.shelf()
    async with AsyncExitStack() as readers:
        notes = [await here.started(shelf) for _ in range(5)]
        for note in notes:
            await (await readers.enter_async_context(here.following(note))).next()
        here.wire.cut = True
        await here.grow(notes[2], "a")
        with counting(here) as reads:
            await here.sweep.once()
    assert len(reads) == 2


async def test_nothing_followed_is_nothing_read(here: House) -> None:
    await here.started()
    with counting(here) as reads:
        await here.sweep.once()
    assert reads == []


# Dead writers


async def test_a_dead_writers_text_fails_and_its_readers_hear_of_it(here: House) -> None:
    note = await here.abandoned("so far")
    async with here.following(note) as frames:
        await frames.next()
        await here.let_lease_run_out(note)
        await here.sweep.once()
        last = (await frames.rest())[-1]
    assert (last.status, last.error_code, last.body) == (Status.FAILED, "INTERRUPTED", "so far")
    assert last.revision == (await here.fresh(note)).revision


async def test_a_dead_writer_that_showed_nothing_is_replaced_and_its_readers_see_nothing_of_it(here: House) -> None:
    note = await here.started()
    async with here.following(note) as frames, here.writer() as writer:
        await frames.next()
        await here.let_lease_run_out(note)
        await here.sweep.once()
        await here.publisher.drained()
        assert here.wire.sent[-1] == (channels.work("notes"), "")
        async with writer.stream(await here.claimed(note)) as text:
            text.append("by another")
        assert [frame.body for frame in await frames.rest()][-1] == "by another"


async def test_whoever_sweeps_settles_what_nobody_here_follows_too(here: House) -> None:
    note = await here.abandoned("a")
    await here.let_lease_run_out(note)
    await here.sweep.once()
    assert (await here.fresh(note)).status == Status.FAILED


async def test_a_settled_row_causes_no_sync_event(here: House) -> None:
    shelf = await here.shelf()
    note = await here.abandoned("a", await here.started(shelf))
    await here.let_lease_run_out(note)
    before = await here.fresh(shelf)
    await here.sweep.once()
    assert (await here.fresh(shelf)).revision == before.revision


# When


async def test_it_sweeps_by_itself_as_often_as_patience_says(here: House) -> None:
    note = await here.started()
    async with here.following(note) as frames:
        await frames.next()
        here.wire.cut = True
        async with Sweep(here.database, here.hub, here.publisher, [Note], patience=0.05, wait=WAIT):
            for body in "abc":
                await here.grow(note, body)
                assert (await frames.next()).body == body


async def test_it_sweeps_at_once_when_the_bus_was_away(here: House) -> None:
    note = await here.started()
    async with here.following(note) as frames:
        await frames.next()
        here.wire.cut = True
        async with Sweep(here.database, here.hub, here.publisher, [Note], patience=3600, wait=WAIT) as sweep:
            await here.grow(note, "a")
            sweep.trigger()
            assert (await frames.next()).body == "a"


async def test_a_database_that_is_away_for_a_while_does_not_end_it(
    here: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    note, tries = await here.started(), 0
    async with here.following(note) as frames:
        await frames.next()
        here.wire.cut = True
        await here.grow(note, "a")
        async with Sweep(here.database, here.hub, here.publisher, [Note], patience=0.01, wait=WAIT) as sweep:
            with monkeypatch.context() as away:

                async def fail() -> None:
                    nonlocal tries
                    tries += 1
                    raise ConnectionError("the database is away")

                away.setattr(sweep, "once", fail)
                await until(lambda: tries >= 3)
            assert (await frames.next()).body == "a"


async def test_it_ends_when_it_is_left(here: House) -> None:
    before = asyncio.all_tasks()
    async with Sweep(here.database, here.hub, here.publisher, [Note], patience=0.001, wait=WAIT):
        await asyncio.sleep(0.01)
    await until(lambda: asyncio.all_tasks() <= before)
