"""Promise 7: a slow reader costs one frame of memory and delays nobody. One that stays stuck is cut off."""

import asyncio
import socket
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import httpx
import pytest

from api.graphql.transport.backpressure import SEND_BUFFER_BYTES, Bounded
from tests.support.alarms import is_alarming
from tests.support.backends import Backend
from tests.support.decoders import conversing, python
from tests.support.operations import STREAM
from tests.support.people import Person
from tests.support.responses import MULTIPART, SSE, Following, following
from tests.support.server import Running, serving
from tests.support.sockets import Socket, Subscription
from tests.support.texts import noise
from tests.support.until import until
from tests.support.ways import LOOPS, busy, on_both_ways, on_the_direct_way, on_uvloop, unsent
from tests.support.wiretap import wiretap

__all__ = ["LOOPS"]

ENVELOPE_BYTES = 1_000
"""More than anything around a message's content."""

KERNEL_BYTES = 400_000
"""More than the kernel and the tap hold between the server and a reader that does not read."""


def parts(text: str, first: int, size: int) -> list[str]:
    """A long piece, then short ones."""
    return [text[:first], *(text[start : start + size] for start in range(first, len(text), size))]


async def shown(stream: Subscription | Following, until: str) -> int:
    """How many frames came until one showed that."""
    count = 1
    while (await stream.next())["content"] != until:
        count += 1
    return count


@asynccontextmanager
async def plain_socket(person: Person, port: int) -> AsyncIterator[Socket]:
    """Of a client that understands no compression: what it does not read soon fills everything."""
    async with python(port, compression=None) as connection, conversing(person, connection) as conversation:
        yield conversation


@on_both_ways
async def test_a_reader_that_stops_delays_nobody_and_gets_the_newest_when_it_reads_again(backend: Backend) -> None:
    text = noise(160_000)
    async with serving(backend.settings()) as server, wiretap(server.port) as tap:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        async with plain_socket(ann, tap.port) as slow_socket, ann.socket() as other:
            slow, stream = await slow_socket.stream(reply), await other.stream(reply)
            await slow.next()
            content = ""
            async with server.writing(reply) as writing:
                tap.pause()
                for part in parts(text, 100_000, 4_000):
                    writing.append(part)
                    content += part
                    await shown(stream, until=content)
                (waiting,) = unsent(server)
                assert waiting <= len(text) + ENVELOPE_BYTES
                tap.resume()
                assert await shown(slow, until=text) <= 6  # of sixteen: what had gone to the kernel, and the newest
                writing.append("!")
                assert await shown(slow, until=f"{text}!") == 1
            assert (await slow.rest())[-1]["status"] == "COMPLETE"
            assert (await stream.rest())[-1]["status"] == "COMPLETE"


@on_uvloop
@on_both_ways
async def test_a_reader_that_stopped_before_the_end_gets_the_end_when_it_reads_again(backend: Backend) -> None:
    text = noise(160_000)
    async with serving(backend.settings()) as server, wiretap(server.port) as tap:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        async with plain_socket(ann, tap.port) as slow_socket, ann.socket() as other:
            slow, stream = await slow_socket.stream(reply), await other.stream(reply)
            await slow.next()
            tap.pause()
            content = ""
            async with server.writing(reply) as writing:
                for part in parts(text, 100_000, 10_000):
                    writing.append(part)
                    content += part
                    await shown(stream, until=content)
            await stream.rest()
            assert unsent(server)
            tap.resume()
            frames = await slow.rest()
    assert (frames[-1]["content"], frames[-1]["status"]) == (text, "COMPLETE")


@on_uvloop
@on_the_direct_way
async def test_updates_without_end_leave_room_for_an_answer_on_a_slow_line(backend: Backend) -> None:
    text = noise(200_000)
    async with serving(backend.settings()) as server, wiretap(server.port) as tap:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        async with plain_socket(ann, tap.port) as slow_socket, ann.socket() as other:
            slow, stream = await slow_socket.stream(reply), await other.stream(reply)
            await slow.next()
            question: Subscription | None = None
            content, updates = "", 0
            async with server.writing(reply) as writing:
                tap.pause()
                for part in parts(text, 100_000, 2_500):
                    writing.append(part)
                    content += part
                    await shown(stream, until=content)
                    if question is not None:
                        tap.take(50_000)  # not enough for an update: another one always waits
                        updates += 1
                    elif unsent(server):
                        question = await slow_socket.subscribe("{ viewer { email } }")
                    if question is not None and not question.received.empty():
                        break
                assert question is not None
                assert not question.received.empty(), f"no answer in {updates} updates"
                tap.resume()
                assert await question.rest() == [{"email": ann.email}]
            await slow.rest()


# Cut off.


async def fill(server: Running, reply: str, stream: Subscription) -> None:
    """Write until somebody's socket is full, whoever it is; `stream` is a reader who reads."""
    async with server.writing(reply) as writing:
        content = ""
        while not unsent(server):
            writing.append(part := noise(60_000))
            content += part
            await shown(stream, until=content)
    await stream.rest()


@on_both_ways
async def test_a_reader_that_is_stuck_is_closed_with_1013_which_it_sees_when_it_reads_again(backend: Backend) -> None:
    async with serving(backend.settings(send_timeout_seconds=0.5)) as server, wiretap(server.port) as tap:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        async with plain_socket(ann, tap.port) as stuck_socket, ann.socket() as other:
            stuck, stream = await stuck_socket.stream(reply), await other.stream(reply)
            await stuck.next()
            tap.pause()
            await fill(server, reply, stream)
            await until(lambda: not server.runtime.hub.topics)
            tap.resume()
            while (message := await stuck.message())["type"] == "next":
                pass
            assert message == {"type": "closed", "code": 1013}
        async with ann.socket() as other:
            (frame,) = await (await other.stream(reply)).rest()
            assert frame["status"] == "COMPLETE"


@asynccontextmanager
async def over_a_socket(person: Person, message: str) -> AsyncIterator[Subscription]:
    async with plain_socket(person, person.port) as conversation:
        yield await conversation.stream(message)


WAYS: dict[str, Any] = {
    "socket": over_a_socket,
    "events": lambda person, message: following(person, SSE, STREAM, id=message),
    "multipart": lambda person, message: following(person, MULTIPART, STREAM, id=message),
}


@on_both_ways
@pytest.mark.usefixtures("brief_closing")
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_of_a_reader_that_never_reads_again_nothing_is_left(
    backend: Backend, way: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(backend.settings(send_timeout_seconds=0.5)) as server, wiretap(server.port) as tap:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        await until(lambda: busy(server) == (0, 0, 0))
        before = asyncio.all_tasks()
        async with way(replace(ann, port=tap.port), reply) as stuck, ann.socket() as other:
            stream = await other.stream(reply)
            await stuck.next()
            tap.pause()
            await fill(server, reply, stream)
            await until(lambda: busy(server) == (1, 1, 0))  # the one who reads
            tap.resume()
            if isinstance(stuck, Following):
                with pytest.raises((EOFError, httpx.HTTPError)):  # and no `complete`: it will ask again
                    await stuck.rest()
        await until(lambda: asyncio.all_tasks() <= before)
    assert [record for record in caplog.records if is_alarming(record)] == []


@on_uvloop
@on_the_direct_way
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_a_reader_that_takes_a_little_within_each_send_timeout_is_left_alone(backend: Backend, way: Any) -> None:
    """One frame takes it several of them. The test decides when one has passed."""
    text = noise(KERNEL_BYTES + 500_000)
    async with serving(backend.settings(send_timeout_seconds=3_600)) as server, wiretap(server.port) as tap:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        async with server.writing(reply) as writing:
            writing.append(text)
        async with way(replace(ann, port=tap.port), reply) as slow:
            receiving = asyncio.create_task(slow.next())
            tap.pause()
            await until(lambda: unsent(server))
            (connection,) = server.uvicorn.server_state.connections
            assert isinstance(connection, Bounded)
            for _ in range(3):
                size = connection._transport.get_write_buffer_size()
                tap.take(100_000)
                await until(partial(has_less_to_write, connection, size))
                send_timeout_passes(connection)
            tap.resume()
            assert (await receiving)["content"] == text
            assert await slow.rest() == []


def has_less_to_write(connection: Bounded, size: int) -> bool:
    return connection._transport.get_write_buffer_size() < size


def send_timeout_passes(connection: Bounded) -> None:
    assert connection._checking is not None
    connection._checking.cancel()
    connection._check()


@on_both_ways
@on_uvloop
async def test_stuck_readers_cost_a_frame_each_however_long_they_are_stuck(backend: Backend) -> None:
    """A small version of what bench/slow_readers.py measures."""
    readers, text = 8, noise(12_000)
    async with serving(backend.settings()) as server, wiretap(server.port) as tap, AsyncExitStack() as stack:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        sockets = [await stack.enter_async_context(plain_socket(ann, tap.port)) for _ in range(readers)]
        for stuck in [await one.stream(reply) for one in sockets]:
            await stuck.next()
        stream = await (await stack.enter_async_context(ann.socket())).stream(reply)
        tap.pause()
        content, updates_when_stuck = "", 0
        async with server.writing(reply) as writing:
            for part in parts(text, 8_000, 40):
                writing.append(part)
                content += part
                await shown(stream, until=content)
                if tracemalloc.is_tracing():
                    updates_when_stuck += 1
                elif len(unsent(server)) == readers:
                    tracemalloc.start()
            grown, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert max(unsent(server)) <= len(text) + ENVELOPE_BYTES
        tap.resume()
    assert updates_when_stuck > 50
    assert grown < updates_when_stuck * readers * len(text) / 4  # a frame is there in several forms, but not all that


@on_uvloop
@on_both_ways
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_the_kernel_keeps_little_for_a_reader_and_gives_up_one_that_vanished(backend: Backend, way: Any) -> None:
    async with serving(backend.settings(send_timeout_seconds=7)) as server:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        async with way(ann, reply) as stream:
            await stream.next()
            (connection,) = server.uvicorn.server_state.connections
            assert isinstance(connection, Bounded)
            own = connection._transport.get_extra_info("socket")
            assert own.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * SEND_BUFFER_BYTES
            given_up_after = own.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) / 1_000
            assert (
                7 + connection.closing_seconds < given_up_after < 300
            )  # the kernel's own choice: a quarter of an hour
