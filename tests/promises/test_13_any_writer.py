"""Promise 13: readers and writers of notes. Promises 4, 7 and 9 to 12, and one execution for all readers."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from api.graphql import encoded_payload
from api.graphql.execution import shared
from api.graphql.relay import key_of
from api.streaming.columns import Status
from api.streaming.errors import ProducerError
from examples.notes import producer
from examples.notes.product import NOTES
from tests.support.backends import Backend
from tests.support.decoders import conversing, python
from tests.support.notes import NOTE_STREAM, author, follow, notes_process
from tests.support.operations import SYNC
from tests.support.remains import Remains, connected
from tests.support.server import Running, serving
from tests.support.statements import sent_to
from tests.support.texts import noise
from tests.support.until import until
from tests.support.ways import on_both_ways, on_the_direct_way, unsent
from tests.support.wiretap import wiretap

READERS = 10

OWNED = "subscription ($id: ID!) { noteStream(id: $id) { body owner } }"
"""Selects a field of another row, which is the same for every reader."""

SHORT_NOTE = "subscription ($id: ID!) { noteStream(id: $id) { revision body streaming } }"
"""Selects less than the others, and so is another execution."""


@pytest_asyncio.fixture
async def server(backend: Backend) -> AsyncIterator[Running]:
    """A server of notes without a worker: the test writes them."""
    async with serving(backend.settings(), NOTES) as running:
        yield running


@pytest_asyncio.fixture
async def worker(backend: Backend) -> AsyncIterator[Running]:
    """A server of notes that writes them, too."""
    async with serving(backend.settings(grace_seconds=0.5), NOTES, replies=True) as running:
        yield running


def producing(note: str) -> list[asyncio.Task[Any]]:
    """The tasks that write this note."""
    return [task for task in asyncio.all_tasks() if task.get_name() == f"Note: {key_of('Note', note)}"]


# Execute once


async def test_ten_readers_share_one_execution_of_each_update(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    executions = 0

    class Counting(encoded_payload.EncodedPayload):
        def __init__(self, *arguments: Any) -> None:
            nonlocal executions
            executions += 1
            super().__init__(*arguments)

    monkeypatch.setattr(shared, "EncodedPayload", Counting)
    ann, bob = await author(server, "Ann"), await author(server, "Bob")
    note = await ann.create()
    await ann.change("shareNote", note, email=bob.email)
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context((ann, bob)[number % 2].socket()) for number in range(READERS)]
        with sent_to(server.runtime.database, like=lambda statement: "users.name" in statement) as owners:
            streams = [await socket.subscribe(OWNED, id=note) for socket in sockets]
            for stream in streams:
                assert (await stream.next())["owner"] == "Ann"
            assert executions == 1
            async with server.writing(note) as draft:
                for count in range(1, 5):
                    draft.append("more")
                    for stream in streams:
                        await stream.until(body="more" * count, owner="Ann")
                    assert executions == 1 + count
            assert len(owners) == 1


@on_the_direct_way
async def test_ten_readers_share_one_compression_of_each_update(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    compressions = 0

    class Counting:
        def __getattr__(self, name: str) -> Any:
            return getattr(zlib, name)

        def compressobj(self, *arguments: Any) -> Any:
            nonlocal compressions
            compressions += 1
            return zlib.compressobj(*arguments)

    monkeypatch.setattr(encoded_payload, "zlib", Counting())
    async with serving(backend.settings(), NOTES) as server, AsyncExitStack() as stack:
        ann = await author(server, "Ann")
        note = await ann.create()
        sockets = [await stack.enter_async_context(ann.socket()) for _ in range(READERS)]
        streams = [await follow(socket, note) for socket in sockets]
        for stream in streams:
            await stream.next()
        assert compressions == 1
        async with server.writing(note) as draft:
            for count in range(1, 5):
                draft.append("more")
                for stream in streams:
                    await stream.until(body="more" * count)
                assert compressions == 1 + count


# 4. Every stream ends


@pytest.mark.parametrize("end", ["COMPLETE", "STOPPED", "FAILED"])
async def test_every_stream_ends_and_its_last_frame_equals_the_row(
    server: Running, elsewhere: Running, end: str
) -> None:
    ann = await author(server, "Ann")
    note = await ann.create()
    async with ann.socket() as near, ann.socket(elsewhere.port) as far:
        streams = [await follow(near, note), await follow(far, note), await near.subscribe(SHORT_NOTE, id=note)]
        async with server.writing(note) as draft:
            draft.append("The Moon pulls.")
            await streams[0].until(body="The Moon pulls.")
            if end == "STOPPED":
                await ann.at(elsewhere).change("stopNote", note)
                await asyncio.Event().wait()  # until the writer is told
            elif end == "FAILED":
                raise ProducerError("It broke off.")
        last = [(await stream.rest())[-1] for stream in streams]
    row = await server.row(note)
    assert [frame["revision"] for frame in last] == [row.revision] * 3
    assert {frame["body"] for frame in last} == {row.body} == {"The Moon pulls."}
    assert last[0] == last[1] == await ann.note(note)
    assert last[0]["status"] == row.status == end
    assert last[0]["error"] == ({"code": "INTERRUPTED", "message": "It broke off."} if end == "FAILED" else None)


# 7. A slow reader


@on_both_ways
async def test_a_slow_reader_delays_nobody_and_gets_the_newest_note_when_it_reads_again(backend: Backend) -> None:
    pieces = [noise(100_000), *(noise(4_000) for _ in range(15))]
    async with serving(backend.settings(), NOTES) as server, wiretap(server.port) as tap:
        ann = await author(server, "Ann")
        note = await ann.create()
        async with python(tap.port, compression=None) as connection, conversing(ann, connection) as slow_socket:
            slow = await follow(slow_socket, note)
            await slow.next()
            async with ann.socket() as socket, server.writing(note) as draft:
                stream, body = await follow(socket, note), ""
                tap.pause()
                for piece in pieces:
                    draft.append(piece)
                    body += piece
                    await stream.until(body=body)
                (waiting,) = unsent(server)
                assert waiting <= len(body) + 1_000  # the envelope and the other fields
                tap.resume()
                frames = 1
                while (await slow.next())["body"] != body:
                    frames += 1
                assert frames <= 6  # of sixteen: what had gone to the kernel, and the newest
            assert (await slow.rest())[-1]["status"] == "COMPLETE"


# 9. No connection while waiting


async def test_readers_and_a_writer_that_wait_hold_no_connection(backend: Backend) -> None:
    async with serving(backend.settings(patience_seconds=3_600), NOTES) as server:
        ann = await author(server, "Ann")
        note = await ann.create()
        async with ann.socket() as socket, server.writing(note) as draft:
            stream, sync = await follow(socket, note), await socket.sync(note, ann.viewer_id)
            await stream.next()
            await sync.next()
            draft.append("a")
            await stream.until(body="a")
            await until(lambda: server.runtime.database.connections == 0)
            for _ in range(30):
                assert server.runtime.database.connections == 0
                await asyncio.sleep(0.01)


# 10. Writers are fenced


async def test_a_writer_whose_note_was_settled_changes_nothing_more(server: Running, elsewhere: Running) -> None:
    ann = await author(server, "Ann")
    note = await ann.create()
    async with ann.socket(elsewhere.port) as socket:
        stream = await follow(socket, note)
        async with server.writing(note) as draft:
            draft.append("before")
            await stream.until(body="before")
            await server.let_lease_run_out(note)
            last = (await stream.rest())[-1]
            draft.append(" and after")
            await asyncio.Event().wait()  # until the writer finds out
    assert (last["status"], last["body"], last["error"]["code"]) == ("FAILED", "before", "INTERRUPTED")
    assert await ann.note(note) == last


async def test_a_note_whose_writer_was_killed_is_settled_and_keeps_its_text(backend: Backend) -> None:
    settings = backend.settings(lease_seconds=2)
    async with notes_process(settings) as process:
        ann = await process.author("Ann")
        note = await ann.create()
        async with ann.socket() as socket:
            stream = await follow(socket, note)
            while len((await stream.next())["body"]) < 20:
                pass
        await asyncio.to_thread(process.kill)
        await asyncio.to_thread(process.start)
        async with ann.socket() as socket:
            last = (await (await follow(socket, note)).rest())[-1]
    assert (last["status"], last["error"]["code"]) == ("FAILED", "INTERRUPTED")
    assert len(last["body"]) >= 20


# 11. Stop from anywhere


async def test_whoever_stops_a_note_anywhere_its_text_stays_and_its_producer_ends(
    worker: Running, backend: Backend
) -> None:
    async with AsyncExitStack() as stack:
        elsewhere = worker
        if not worker.settings.one_process:
            elsewhere = await stack.enter_async_context(serving(worker.settings, NOTES))
        ann, bob = await author(worker, "Ann"), await author(worker, "Bob")
        note = await ann.create()
        await ann.change("shareNote", note, email=bob.email)
        stream = await follow(await stack.enter_async_context(ann.socket()), note)
        while not (shown := (await stream.next())["body"]):
            pass
        assert producing(note)
        stopped = await bob.at(elsewhere).change("stopNote", note)
        last = (await stream.rest())[-1]
        await until(lambda: not producing(note))
        assert last == stopped == await ann.note(note)
        assert (last["status"], last["body"][: len(shown)]) == ("STOPPED", shown)


async def test_a_note_is_written_by_its_producer_and_again_when_asked(
    worker: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(producer, "WORDS_PER_SECOND", 1_000)
    ann = await author(worker, "Ann")
    note = await ann.create("Tides")
    async with ann.socket() as socket:
        first = (await (await follow(socket, note)).rest())[-1]
        assert (await ann.change("writeNote", note))["body"] == ""
        again = (await (await follow(socket, note)).rest())[-1]
    row = await worker.row(note)
    assert row.status is Status.COMPLETE
    assert "\n\n" in row.body
    assert row.body.startswith("Tides: ")
    assert first["body"] == again["body"] == row.body


# 12. Leaving leaves nothing


async def test_readers_that_vanish_in_mid_stream_leave_nothing(backend: Backend) -> None:
    async with serving(backend.settings(patience_seconds=3_600), NOTES) as server:
        ann = await author(server, "Ann")
        note = await ann.create()
        before = Remains(server)
        async with server.writing(note) as draft:
            operations: tuple[tuple[str, dict[str, object]], ...] = (
                (NOTE_STREAM, {"id": note}),
                (SYNC, {"ids": [note, ann.viewer_id]}),
            )
            writers = await asyncio.gather(*(connected(ann, *operations) for _ in range(50)))
            assert len(server.runtime.hub.topics) == 3
            draft.append("in the middle of it")
            for writer in writers:
                writer.transport.abort()
        await before.nothing_new()
