"""Servers die and leave, one by one and all together: their clients come back elsewhere and miss nothing."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest

from api import migrations
from tests.support.conversation import Conversation, conversation, conversations
from tests.support.fleet import Fleet, ServerProcess
from tests.support.operations import STREAM
from tests.support.scripted import ENDLESS, is_finished
from tests.support.services import free_port
from tests.support.until import PATIENCE_SECONDS, becomes

ACTIVE = 'twotrack_subscriptions_active{model="Message",track="stream"}'
UPDATES = 'twotrack_updates_total{model="Message",track="stream"}'
COMPLETE = 'twotrack_replies_total{model="Message",status="COMPLETE"}'


async def test_the_readers_of_a_killed_server_come_back_to_the_other_and_miss_nothing(fleet: Fleet) -> None:
    async with fleet.worker("scripted?chars=900&rate=300"), conversation(fleet) as talk:
        reply = await talk.ask()
        await talk.shown(reply, 100)
        await asyncio.to_thread(fleet.servers[0].kill)
        talk.ann.port = fleet.ports[1]
        await talk.ann.send(talk.chat, "Are you there?", reply=False)
        assert is_finished(await talk.ended(reply), chars=900)


async def test_a_server_that_shuts_down_sends_its_readers_to_the_other(fleet: Fleet) -> None:
    async with fleet.worker("scripted?chars=900&rate=300"), conversation(fleet) as talk:
        reply = await talk.ask()
        await talk.shown(reply, 100)
        await fleet.servers[0].leaves()
        assert is_finished(await talk.ended(reply), chars=900)
        assert talk.readers[reply][0].closes == [1012]
        assert talk.pages[0].closes == [1012]


async def test_a_rolling_restart_of_everything_loses_no_word_of_ten_replies(fleet: Fleet) -> None:
    chars = 1500  # written in half the grace
    async with AsyncExitStack() as stack:
        model = f"scripted?chars={chars}&rate=300"
        old = await stack.enter_async_context(fleet.workers(2, model))
        talks = await stack.enter_async_context(conversations(fleet, 10))
        replies = [await talk.ask(f"Question {number}") for number, talk in enumerate(talks)]
        await asyncio.gather(*(talk.shown(reply, 30) for talk, reply in zip(talks, replies, strict=True)))
        await stack.enter_async_context(fleet.workers(2, model))
        leaving = asyncio.gather(*(worker.leaves() for worker in old))
        for server in fleet.servers:
            await server.leaves()
            await asyncio.to_thread(server.start)
        await leaving
        for number, (talk, reply) in enumerate(zip(talks, replies, strict=True)):
            assert is_finished(await talk.ended(reply), f"Question {number}", chars)


@pytest.fixture
async def pair(fleet: Fleet) -> AsyncIterator[ServerProcess]:
    """`serve --processes 2`, beside the fleet's own servers."""
    server = ServerProcess(fleet.settings(), "--no-replies", "--processes", "2")
    try:
        await asyncio.to_thread(server.start)
        await server.logged("Application startup complete.", times=2)
        yield server
    finally:
        server.end()


async def test_the_metrics_of_two_processes_are_their_sum_and_forget_the_killed(
    fleet: Fleet, pair: ServerProcess
) -> None:
    async with fleet.worker(ENDLESS), conversation(fleet) as talk, AsyncExitStack() as stack:
        reply = await talk.ask()
        await talk.shown(reply, 100)
        sockets = [await stack.enter_async_context(talk.ann.socket(pair.port)) for _ in range(20)]
        for socket in sockets:
            await (await socket.stream(reply)).next()
        counted = await metrics_when(pair.port, lambda now: now[UPDATES] >= 20)
        assert counted[ACTIVE] == 20
        assert 1 <= counted["twotrack_bus_channels"] <= 2  # one in each process that has a reader
        os.kill(pair.children[0], signal.SIGKILL)
        left = await metrics_when(
            pair.port, lambda now: now[ACTIVE] == sum(not socket.closed.is_set() for socket in sockets)
        )
        assert left[UPDATES] >= counted[UPDATES]
        await talk.ann.act("stopMessage", reply)


async def test_a_worker_tells_its_metrics_on_a_port_of_its_own(fleet: Fleet) -> None:
    port = free_port()
    model = "scripted?chars=100&rate=0"
    async with fleet.worker(model, arguments=("--port", str(port))), conversation(fleet) as talk:
        await talk.ask()
        await metrics_when(port, lambda now: now[COMPLETE] == 1)


async def test_two_processes_told_to_leave_part_from_all_their_clients_in_time(
    fleet: Fleet, pair: ServerProcess
) -> None:
    async with fleet.worker(ENDLESS), conversation(fleet) as talk, AsyncExitStack() as stack:
        reply = await talk.ask()
        await talk.shown(reply, 100)
        sockets = [await stack.enter_async_context(talk.ann.socket(pair.port)) for _ in range(10)]
        streams = [await socket.stream(reply) for socket in sockets]
        for stream in streams:
            await stream.next()
        events = await stack.enter_async_context(long_response(talk, pair, "text/event-stream"))
        parts = await stack.enter_async_context(long_response(talk, pair, "multipart/mixed;subscriptionSpec=1.0"))
        await pair.leaves()
        for stream in streams:
            while (message := await stream.message())["type"] == "next":
                pass
            assert message == {"type": "closed", "code": 1012}
        assert b"event: complete" not in await events
        assert b"--graphql--" not in await parts
        await talk.ann.act("stopMessage", reply)


async def test_a_process_that_cannot_start_again_leaves_the_others_serving(fleet: Fleet, pair: ServerProcess) -> None:
    """As after `twotrack migrate` with a newer version."""
    database = fleet.database_url.rpartition("/")[2]
    former = f"'{migrations.newest_step()}'"
    fleet.postgres.execute("UPDATE alembic_version SET version_num = '9999'", database=database)
    try:
        killed, sibling = pair.children
        os.kill(killed, signal.SIGKILL)
        await pair.logged("server process not started")
        assert sibling in pair.children
        assert pair._answers()
    finally:
        fleet.postgres.execute(f"UPDATE alembic_version SET version_num = {former}", database=database)
    await pair.logged("server process replaced", times=2)
    await becomes(lambda: asyncio.to_thread(lambda: len(pair.children)), lambda number: number == 2)
    await pair.leaves()


async def test_the_processes_of_a_killed_parent_close_their_sockets_and_free_the_port(
    fleet: Fleet, pair: ServerProcess
) -> None:
    async with fleet.worker(ENDLESS), conversation(fleet) as talk:
        reply = await talk.ask()
        await talk.shown(reply, 100)
        async with talk.ann.socket(pair.port) as socket:
            await (await socket.stream(reply)).next()
            pair.kill()
            await socket.closed.wait()
            assert socket.connection.close_code == 1012
        await asyncio.to_thread(pair.start)
        await talk.ann.act("stopMessage", reply)


@asynccontextmanager
async def long_response(talk: Conversation, server: ServerProcess, accept: str) -> AsyncIterator[asyncio.Task[bytes]]:
    """A stream over HTTP that has begun; the task gives all of it, once it has ended properly."""
    headers = {"authorization": f"Bearer {talk.ann.token}", "accept": accept}
    begun = asyncio.Event()

    async def read() -> bytes:
        body = {"query": STREAM, "variables": {"id": next(iter(talk.readers))}}
        url = f"http://127.0.0.1:{server.port}/graphql"
        seen = b""
        async with (
            httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client,
            client.stream("POST", url, json=body, headers=headers) as response,
        ):
            async for piece in response.aiter_bytes():
                seen += piece
                if b"STREAMING" in seen:
                    begun.set()
        return seen

    reading = asyncio.create_task(read())
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await begun.wait()
        yield reading
    finally:
        reading.cancel()


async def metrics(port: int) -> dict[str, float]:
    """Our numbers by name and label."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    return {name: float(value) for name, value in re.findall(r"^(twotrack_\S+) (\S+)$", text, re.MULTILINE)}


async def metrics_when(port: int, holds: Callable[[dict[str, float]], bool]) -> dict[str, float]:
    """Our numbers, as soon as this holds."""
    return await becomes(lambda: metrics(port), holds)
