"""Whoever follows a row gets the greatest revision and nothing older, from the present one to the end."""

import asyncio
from uuid import uuid4

import pytest

from api.streaming import channels, snapshot
from api.streaming.columns import Status
from api.streaming.errors import Gone
from api.streaming.snapshot import DELETED_MESSAGE
from tests.support.until import until
from tests.unit.streaming.house import House
from tests.unit.streaming.notes import Note


async def arrived(here: House) -> None:
    """Wait until all that was published so far has been heard: what is published last is heard last."""
    async with here.bus.subscribe("last") as messages:
        await here.bus.publish("last", "word")
        await anext(messages)


async def say(here: House, note: Note, revision: int, body: str) -> None:
    """Publish a snapshot that may or may not be the row's."""
    values = {**snapshot.values_of(note), "revision": revision, "body": body}
    await here.bus.publish(channels.stream("notes", note.id), snapshot.encode(values))


# Snapshots


async def test_a_reader_gets_the_present_snapshot_at_once_however_late_it_joins(here: House) -> None:
    note = await here.abandoned("so far")
    async with here.following(note) as frames:
        first = await frames.next()
    assert snapshot.values_of(first) == snapshot.values_of(note)


async def test_a_reader_that_joins_after_the_end_gets_the_final_snapshot_and_the_end(here: House) -> None:
    note = await here.note(await here.shelf(), "all")
    async with here.following(note) as frames:
        assert [(frame.body, frame.status) for frame in await frames.rest()] == [("all", Status.COMPLETE)]


async def test_each_update_reaches_every_reader_and_the_end_ends_them(here: House) -> None:
    note = await here.started()
    async with here.following(note) as one, here.following(note) as other:
        for frames in (one, other):
            assert (await frames.next()).body == ""
        for body in ("a", "ab"):
            await here.grow(note, body)
            for frames in (one, other):
                assert (await frames.next()).body == body
        await here.stop(note)
        for frames in (one, other):
            assert [frame.status for frame in await frames.rest()] == [Status.STOPPED]


async def test_what_happens_while_the_first_snapshot_is_read_is_not_missed(here: House) -> None:
    note = await here.started()
    here.doors.open.clear()
    async with here.following(note) as frames:
        first = asyncio.create_task(frames.next())
        await until(lambda: here.doors.asked)
        await here.grow(note, "meanwhile")
        await arrived(here)
        here.doors.open.set()
        assert (await first).body == "meanwhile"


async def test_an_older_snapshot_that_arrives_late_is_not_shown(here: House) -> None:
    note = await here.started()
    async with here.following(note) as frames:
        await frames.next()
        await say(here, note, 9, "newer")
        assert (await frames.next()).body == "newer"
        await say(here, note, 8, "older")
        await say(here, note, 9, "again")
        await say(here, note, 10, "newest")
        assert (await frames.next()).body == "newest"


async def test_an_older_row_than_what_was_heard_is_not_shown(here: House) -> None:
    note = await here.started()
    async with here.following(note) as frames:
        await frames.next()
        await say(here, note, 9, "heard")
        assert (await frames.next()).revision == 9
        async with here.following(note) as late:
            assert (await late.next()).revision == 9


async def test_a_slow_reader_gets_the_newest_alone_and_delays_nobody(here: House) -> None:
    note = await here.started()
    async with here.following(note) as slow, here.following(note) as prompt:
        await slow.next()
        await prompt.next()
        for number in range(20):
            await here.grow(note, str(number))
            assert (await prompt.next()).body == str(number)
        assert (await slow.next()).body == "19"
        await here.stop(note)
        assert [frame.status for frame in await slow.rest()] == [Status.STOPPED]


async def test_a_message_that_cannot_be_read_makes_nobody_deaf(here: House) -> None:
    note = await here.started()
    async with here.following(note) as frames:
        await frames.next()
        for nonsense in ("{", "[]", '{"colour": "blue"}', '{"revision": "x"}'):
            await here.bus.publish(channels.stream("notes", note.id), nonsense)
        await here.grow(note, "a")
        assert (await frames.next()).body == "a"


# Ends


async def test_a_row_that_there_is_not_is_not_found(here: House) -> None:
    async with here.following(Note(id=uuid4())) as frames:
        with pytest.raises(Gone):
            await frames.next()


async def test_a_row_that_is_deleted_ends_not_found(here: House) -> None:
    note = await here.started()
    async with here.following(note) as frames:
        await frames.next()
        await here.delete(note)
        with pytest.raises(Gone, match=str(Gone(Note))):
            await frames.next()


async def test_nothing_that_arrives_after_a_deletion_brings_the_row_back(here: House) -> None:
    note = await here.started()
    async with here.following(note) as frames:
        await frames.next()
        await here.bus.publish(channels.stream("notes", note.id), DELETED_MESSAGE)
        await say(here, note, 99, "late")
        await arrived(here)
        with pytest.raises(Gone):
            await frames.next()


async def test_whoever_may_not_see_a_row_is_told_the_same_as_if_there_were_none(here: House) -> None:
    note, stranger = await here.started(), uuid4()
    here.doors.out.add(stranger)
    async with here.following(note, stranger) as frames:
        with pytest.raises(Gone, match=str(Gone(Note))):
            await frames.next()


# Access


async def test_a_subscription_asks_once_and_an_update_never(here: House) -> None:
    note = await here.started()
    async with here.following(note) as one, here.following(note) as other:
        await one.next()
        await other.next()
        assert here.doors.asked == 2
        for number in range(10):
            await here.grow(note, str(number))
            await one.next()
        await other.next()
    assert here.doors.asked == 2


async def test_whoever_lost_access_gets_nothing_more_and_whoever_kept_it_goes_on(here: House) -> None:
    shelf = await here.shelf()
    note = await here.started(shelf)
    leaves, stays = uuid4(), uuid4()
    async with here.following(note, leaves) as out, here.following(note, stays) as still_in:
        await out.next()
        await still_in.next()
        await here.shut_out(leaves, shelf)
        with pytest.raises(Gone):
            await out.next()
        await here.grow(note, "not for all")
        assert (await still_in.next()).body == "not for all"
    assert here.doors.asked == 4  # each once more


async def test_whoever_loses_access_to_another_shelf_is_not_asked_about(here: House) -> None:
    shelf, note = await here.shelf(), await here.started()
    async with here.following(note, uuid4()) as frames:
        await frames.next()
        await here.shut_out(uuid4(), shelf)
        await arrived(here)
        await here.grow(note, "a")
        assert (await frames.next()).body == "a"


async def test_whoever_loses_access_while_the_row_is_read_is_shown_nothing_of_it(here: House) -> None:
    shelf = await here.shelf()
    note, viewer = await here.started(shelf), uuid4()
    here.doors.open.clear()
    async with here.following(note, viewer) as frames:
        reading = asyncio.create_task(frames.next())
        await until(lambda: here.doors.asked)
        await here.shut_out(viewer, shelf)
        await arrived(here)
        here.doors.open.set()
        with pytest.raises(Gone):
            await reading
