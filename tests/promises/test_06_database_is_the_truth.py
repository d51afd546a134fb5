"""Promise 6: whatever the bus loses heals with the next sweep, without the client doing anything.

Processes sweep every PATIENCE_SECONDS; in most of these tests, only when the test says so.
"""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from uuid import uuid4

import pytest
import pytest_asyncio
import redis.asyncio

from api.chats.models import Message
from api.streaming import channels
from tests.support.backends import Backend
from tests.support.server import Running, serving
from tests.support.until import PATIENCE_SECONDS


@pytest_asyncio.fixture
async def server(backend: Backend) -> AsyncIterator[Running]:
    """A server that does not sweep by itself; `elsewhere` has the same settings."""
    async with serving(backend.settings(patience_seconds=3_600)) as running:
        yield running


async def swept(*servers: Running) -> None:
    """Each of these processes sweeps once."""
    for server in servers:
        await server.runtime.sweep.once()


async def test_a_lost_update_heals(server: Running, elsewhere: Running) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with ann.socket() as near, ann.socket(elsewhere.port) as far:
        streams = [await near.stream(reply), await far.stream(reply)]
        for stream in streams:
            await stream.next()
        async with server.writing(reply) as text:
            with server.silent():
                text.append("lost")
                await server.row_when(reply, lambda row: row.content == "lost")
                await server.runtime.publisher.drained()
            await swept(server, elsewhere)
            for stream in streams:
                frame = await stream.next()
                assert (frame["content"], frame["status"]) == ("lost", "STREAMING")
            text.append(" and found")
        for stream in streams:
            assert (await stream.rest())[-1]["content"] == "lost and found"


@pytest.mark.parametrize("end", ["COMPLETE", "STOPPED"])
async def test_a_lost_end_heals(server: Running, elsewhere: Running, end: str) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with ann.socket() as near, ann.socket(elsewhere.port) as far:
        streams = [await near.stream(reply), await far.stream(reply)]
        for stream in streams:
            await stream.next()
        with server.silent():
            if end == "STOPPED":
                await ann.act("stopMessage", reply)
            else:
                async with server.writing(reply):
                    pass
            await server.runtime.publisher.drained()
        await swept(server, elsewhere)
        for stream in streams:
            assert [frame["status"] for frame in await stream.rest()] == [end]


async def test_a_lost_deletion_heals_on_both_tracks(server: Running, elsewhere: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    reply = await ann.prompt(chat)
    async with ann.socket(elsewhere.port) as socket:
        stream, sync = await socket.stream(reply), await socket.sync(chat, ann.viewer_id)
        await stream.next()
        for _ in range(2):
            await sync.next()
        with server.silent():
            await ann.mutate("deleteChat", chatId=chat)
            await server.runtime.publisher.drained()
        await swept(elsewhere)
        found = {event["id"]: event["deleted"] for event in (await sync.next(), await sync.next())}
        assert found == {chat: True, ann.viewer_id: False}
        assert (await stream.refusal())["extensions"]["code"] == "NOT_FOUND"


async def test_a_lost_sync_event_heals(server: Running, elsewhere: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    async with bob.socket() as near, bob.socket(elsewhere.port) as far:
        syncs = [await near.sync(chat, bob.viewer_id), await far.sync(chat, bob.viewer_id)]
        for sync in syncs:
            events = {event["id"]: event["revision"] for event in (await sync.next(), await sync.next())}
        with server.silent():
            await ann.send(chat, reply=False)
            await server.runtime.publisher.drained()
        await swept(server, elsewhere)
        for sync in syncs:
            found = {event["id"]: event["revision"] for event in (await sync.next(), await sync.next())}
            assert found == {key: revision + 1 for key, revision in events.items()}


async def test_a_waiting_reply_is_written_although_the_call_for_a_worker_was_lost(backend: Backend) -> None:
    """A worker asks the database every second."""
    async with serving(backend.settings(model="scripted?chars=40&rate=0"), replies=True) as server:
        ann = await server.person("Ann")
        with server.silent():
            reply = await ann.prompt()
            await server.row_when(reply, lambda row: not row.streaming)
        async with ann.socket() as socket:
            assert (await (await socket.stream(reply)).rest())[-1]["status"] == "COMPLETE"


async def test_a_bus_that_comes_back_is_followed_by_a_sweep_at_once(
    backend: Backend, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = backend.settings(patience_seconds=3_600)
    async with serving(settings) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        reply = await ann.prompt(chat)
        async with ann.socket() as socket:
            stream, sync = await socket.stream(reply), await socket.sync(chat)
            await stream.next()
            before = (await sync.next())["revision"]
            with server.silent():
                await ann.mutate("renameChat", chatId=chat, title="lost")
                await ann.act("stopMessage", reply)
                await server.runtime.publisher.drained()
            assert (stream.received.empty(), sync.received.empty()) == (True, True)
            await drop_the_bus(server, backend, request, monkeypatch)
            async with asyncio.timeout(PATIENCE_SECONDS):
                assert [frame["status"] for frame in await stream.rest()] == ["STOPPED"]
                await sync.until(id=chat, revision=before + 1)
            await ann.mutate("renameChat", chatId=chat, title="received again")
            await sync.until(id=chat, revision=before + 2)


async def drop_the_bus(
    server: Running, backend: Backend, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut the connections to Redis, or have the bus in memory fail to listen; either comes back by itself."""
    if not server.settings.one_process:
        async with redis.asyncio.Redis.from_url(backend.broadcast_url) as client:
            await client.client_kill_filter(_type="pubsub")
        return
    listening = server.runtime.bus._backend
    published = listening.next_published

    async def fail() -> None:
        monkeypatch.setattr(listening, "next_published", published)
        raise ConnectionError("the bus failed")

    monkeypatch.setattr(listening, "next_published", fail)
    await server.runtime.bus.publish(channels.ACCESS, f"{uuid4().hex} 0")  # it listens on after this, and fails


def has_content(content: str, row: Message) -> bool:
    return row.content == content


async def test_a_person_who_only_reads_sees_every_other_update_and_the_end(backend: Backend) -> None:
    """Every other announcement is lost, and the processes sweep by themselves."""
    async with serving(backend.settings()) as server:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        async with ann.socket() as socket:
            stream, content = await socket.stream(reply), ""
            async with server.writing(reply) as text:
                for number in range(3):
                    with server.silent():
                        text.append(f"{number} lost, ")
                        content += f"{number} lost, "
                        await server.row_when(reply, partial(has_content, content))
                    text.append(f"{number} shown, ")
                    content += f"{number} shown, "
                    await stream.until(content=content)
            frames = await stream.rest()
        row = await server.row(reply)
        assert (frames[-1]["content"], frames[-1]["revision"]) == (row.content, row.revision)
        assert row.content == content
