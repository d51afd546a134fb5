"""Promise 13: the promises hold for a model that the repository has never seen, the notes of `examples/notes`.

Here are promises 1 to 3, 5, 6 and 8; those of readers and writers are in test_13_any_writer.py.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import delete, insert, text, update

from api.graphql.relay import global_id, key_of
from api.streaming import channels, snapshot
from api.streaming.errors import UnseenChange
from api.streaming.guard import tables_changed_by
from examples.notes.models import Note, NoteMember
from examples.notes.product import NOTES
from tests.support.backends import Backend
from tests.support.notes import author, follow
from tests.support.server import Running, serving
from tests.support.sockets import Subscription
from tests.support.statements import sent_to, table
from tests.support.until import PATIENCE_SECONDS

NO_SWEEP = 3_600.0
"""What arrives all the same came over the bus."""


@pytest_asyncio.fixture
async def server(backend: Backend) -> AsyncIterator[Running]:
    """A server of notes without a worker: the test writes them."""
    async with serving(backend.settings(), NOTES) as running:
        yield running


# 1. One track


async def events(sync: Subscription, count: int = 2) -> dict[str, int | None]:
    """The next events by id: the revision, None for a deletion."""
    found = [await sync.next() for _ in range(count)]
    assert len({event["id"] for event in found}) == count
    return {event["id"]: None if event["deleted"] else event["revision"] for event in found}


async def test_a_note_is_announced_when_it_is_created_renamed_written_again_and_deleted(
    server: Running, elsewhere: Running
) -> None:
    ann = await author(server, "Ann")
    async with ann.socket(elsewhere.port) as socket:
        own = await socket.sync(ann.viewer_id)
        list_revision = (await own.next())["revision"]
        note = await ann.create()
        assert (await own.next())["revision"] == list_revision + 1
        await ann.change("stopNote", note)  # on the stream track

        sync = await socket.sync(note, ann.viewer_id)
        assert await events(sync) == {note: 2, ann.viewer_id: list_revision + 1}
        await ann.change("renameNote", note, title="High tides")
        assert await events(sync) == {note: 3, ann.viewer_id: list_revision + 2}
        await ann.change("writeNote", note)
        assert await events(sync) == {note: 4, ann.viewer_id: list_revision + 3}
        await ann.delete(note)
        assert await events(sync) == {note: None, ann.viewer_id: list_revision + 4}


async def test_nothing_is_announced_while_a_note_streams_nor_by_its_end(server: Running, elsewhere: Running) -> None:
    ann = await author(server, "Ann")
    note = await ann.create()
    async with ann.socket(elsewhere.port) as socket:
        stream, sync = await follow(socket, note), await socket.sync(note, ann.viewer_id)
        before = await events(sync)
        async with server.writing(note) as draft:
            for body in ("a", "ab", "abc"):
                draft.append(body[-1])
                await stream.until(body=body)
                await elsewhere.runtime.sweep.once()
        last = (await stream.rest())[-1]
        await elsewhere.runtime.sweep.once()
        renamed = await ann.change("renameNote", note, title="High tides")
        # The next events are those of the renaming.
        assert await events(sync) == {note: last["revision"] + 1, ann.viewer_id: (before[ann.viewer_id] or 0) + 1}
        assert renamed["revision"] == last["revision"] + 1


async def test_sharing_in_mid_stream_is_on_the_stream_and_in_the_new_members_list(server: Running) -> None:
    ann, bob = await author(server, "Ann"), await author(server, "Bob")
    note = await ann.create()
    async with ann.socket() as anns, bob.socket() as bobs:
        stream, sync = await follow(anns, note), await anns.sync(note)
        first, before = await stream.next(), await sync.next()
        list_of_bob = await bobs.sync(bob.viewer_id)
        empty = await list_of_bob.next()
        await ann.change("shareNote", note, email=bob.email)
        assert (await stream.next())["revision"] == first["revision"] + 1
        assert (await list_of_bob.next())["revision"] == empty["revision"] + 1
        await ann.change("stopNote", note)
        await ann.change("renameNote", note, title="High tides")
        assert (await sync.next())["revision"] == before["revision"] + 3  # and nothing before the renaming


async def test_what_has_no_page_is_deleted_for_sync(server: Running) -> None:
    ann, bob = await author(server, "Ann"), await author(server, "Bob")
    note = await ann.create()
    hidden = [await bob.create(), bob.viewer_id, ann.user_id, global_id("NoteMember", key_of("Note", note))]
    hidden += [global_id("Note", uuid4()), global_id("Message", key_of("Note", note)), "nonsense"]
    async with ann.socket() as socket:
        found = await events(await socket.sync(note, *hidden), 1 + len(hidden))
    assert found == {note: 1, **dict.fromkeys(hidden)}


# 2. Snapshot first


async def test_who_comes_gets_the_whole_note_at_once_whenever_that_is(server: Running, elsewhere: Running) -> None:
    ann = await author(server, "Ann")
    note = await ann.create()
    async with ann.socket(elsewhere.port) as socket:
        early = await follow(socket, note)
        assert await early.next() == await ann.note(note)
        async with server.writing(note) as draft:
            draft.append("so far")
            await early.until(body="so far")
            late = await follow(socket, note)
            assert (await late.next())["body"] == "so far"
            draft.append(", so good")
        ends = [(await stream.rest())[-1] for stream in (early, late)]
        assert ends == [await ann.note(note)] * 2
        assert await (await follow(socket, note)).rest() == ends[:1]


# 3. Revisions only rise


async def test_revisions_rise_by_one_and_what_arrives_late_is_not_shown(server: Running) -> None:
    ann = await author(server, "Ann")
    note = await ann.create()
    channel, seen = channels.stream("notes", key_of("Note", note)), list[str]()
    revisions = [1]
    async with ann.socket() as socket:
        stream = await follow(socket, note)
        await stream.next()
        async with server.writing(note) as draft:
            for body in ("a", "ab", "abc"):
                draft.append(body[-1])
                revisions.append((await stream.until(body=body))["revision"])
                seen.append(snapshot.encode(snapshot.values_of(await server.row(note))))
                for old in reversed(seen):
                    await server.runtime.bus.publish(channel, old)
        (last,) = await stream.rest()  # none of those came between
        revisions += [last["revision"], (await ann.change("writeNote", note))["revision"]]
    assert revisions == [1, 2, 3, 4, 5, 6]
    assert (await server.row(note)).revision == 6


# 5. Authorize once


def permissions(server: Running) -> Any:
    """The statements that ask who is a member."""
    return sent_to(server.runtime.database, like=lambda statement: "note_members" in statement)


def reads(server: Running) -> Any:
    """All statements that read."""
    return sent_to(
        server.runtime.database,
        like=lambda statement: statement.upper().startswith(("SELECT", "WITH")) and not tables_changed_by(statement),
    )


async def test_a_stream_asks_once_and_an_update_asks_nothing(backend: Backend) -> None:
    async with serving(backend.settings(patience_seconds=NO_SWEEP), NOTES) as server:
        ann = await author(server, "Ann")
        note = await ann.create()
        async with ann.socket() as socket:
            with permissions(server) as asked, reads(server) as made:
                stream = await follow(socket, note)
                await stream.next()
                async with server.writing(note) as draft:
                    for number in range(5):
                        draft.append(str(number))
                        await stream.until(body="".join(map(str, range(number + 1))))
                await stream.rest()
            assert len(asked) == 1
            assert made == asked


async def test_who_is_no_longer_a_member_gets_nothing_more_on_any_process(backend: Backend) -> None:
    settings = backend.settings(patience_seconds=NO_SWEEP)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving(settings, NOTES))
        elsewhere = server if settings.one_process else await stack.enter_async_context(serving(settings, NOTES))
        ann, bob = await author(server, "Ann"), await author(server, "Bob")
        note = await ann.create()
        await ann.change("shareNote", note, email=bob.email)
        anns = await follow(await stack.enter_async_context(ann.socket()), note)
        sockets = [await stack.enter_async_context(bob.socket(one.port)) for one in (server, elsewhere)]
        streams = [await follow(socket, note) for socket in sockets]
        syncs = [await socket.sync(note) for socket in sockets]
        for subscription in (anns, *streams, *syncs):
            await subscription.next()
        async with server.writing(note) as draft:
            await ann.change("unshareNote", note, email=bob.email)
            async with asyncio.timeout(PATIENCE_SECONDS):
                for stream in streams:
                    assert (await stream.refusal())["extensions"]["code"] == "NOT_FOUND"
                for sync in syncs:
                    await sync.until(id=note, deleted=True)
            draft.append("not for Bob")
        assert (await anns.rest())[-1]["body"] == "not for Bob"
        for socket in sockets:
            assert (await (await follow(socket, note)).refusal())["extensions"]["code"] == "NOT_FOUND"
        assert await bob.note(note) is None


# 6. The database is the truth


async def test_what_the_bus_lost_heals(server: Running, elsewhere: Running) -> None:
    ann = await author(server, "Ann")
    note = await ann.create()
    async with ann.socket() as near, ann.socket(elsewhere.port) as far:
        streams = [await follow(near, note), await follow(far, note)]
        syncs = [await near.sync(note), await far.sync(note)]
        for subscription in (*streams, *syncs):
            await subscription.next()
        with server.silent():
            async with server.writing(note) as draft:
                draft.append("lost and found")
                for stream in streams:
                    await stream.until(body="lost and found", status="STREAMING")
            for stream in streams:
                assert (await stream.rest())[-1]["status"] == "COMPLETE"
            renamed = await ann.change("renameNote", note, title="High tides")
            for sync in syncs:
                await sync.until(revision=renamed["revision"])
            await ann.delete(note)
            for sync in syncs:
                await sync.until(deleted=True)


# 8. Announce what is committed, and all of it


async def test_what_is_rolled_back_is_not_announced(server: Running) -> None:
    ann = await author(server, "Ann")
    note = await ann.create()
    await ann.change("stopNote", note)
    async with ann.socket() as socket:
        sync = await socket.sync(note)
        before = (await sync.next())["revision"]
        with pytest.raises(ZeroDivisionError):
            async with server.runtime.database.transaction() as session:
                row = await session.get_one(Note, key_of("Note", note))
                row.title = "Never"
                await session.flush()
                raise ZeroDivisionError
        await ann.change("renameNote", note, title="High tides")
        assert (await sync.next())["revision"] == before + 1


@pytest.mark.parametrize(
    "statement",
    [
        update(Note).values(title="All the same"),
        update(table(Note)).values(title="All the same"),
        delete(NoteMember),
        insert(NoteMember).values(note_id=uuid4(), user_id=uuid4()),
        text("UPDATE notes SET title = 'All the same'"),
    ],
    ids=str,
)
async def test_a_statement_that_would_go_unannounced_raises(server: Running, statement: Any) -> None:
    ann = await author(server, "Ann")
    note = await ann.create()
    with pytest.raises(UnseenChange):
        async with server.runtime.database.transaction() as session:
            await session.execute(statement)
    assert await ann.note(note) is not None
    assert (await server.row(note)).revision == 1
