"""Promise 6: whatever the bus loses heals within PATIENCE_SECONDS, without the client doing anything."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import pytest
import redis.asyncio

from api.streaming import channels
from tests.support.backends import Backend
from tests.support.server import Running, serving
from tests.support.sockets import Subscription
from tests.support.until import PATIENCE_SECONDS as LIMIT

SLACK_SECONDS = 3.0
"""For the sweep itself and the way to the client, on a machine with other things to do."""


async def healed(subscription: Subscription, server: Running, **wanted: Any) -> dict[str, Any]:
    """The first frame with these values, which arrives in time."""
    since = time.monotonic()
    frame = await subscription.until(**wanted)
    assert time.monotonic() - since < server.settings.patience_seconds + SLACK_SECONDS
    return frame


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
                for stream in streams:
                    await healed(stream, server, content="lost", status="STREAMING")
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
            for stream in streams:
                await healed(stream, server, status=end)
                assert await stream.rest() == []


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
            for sync in syncs:
                found = {event["id"]: event["revision"] for event in (await sync.next(), await sync.next())}
                assert found == {key: revision + 1 for key, revision in events.items()}


async def test_a_lost_restart_heals_and_the_reply_is_taken_again(backend: Backend) -> None:
    """The word that something waits is lost with all others: a worker asks the database every second."""
    async with serving(backend.settings(model="scripted?chars=40&rate=0"), replies=True) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        with server.silent():
            reply = await ann.prompt(chat)
            async with ann.socket() as socket:
                await healed(await socket.stream(reply), server, status="COMPLETE")


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
            async with asyncio.timeout(LIMIT):
                assert [frame["status"] for frame in await stream.rest()] == ["STOPPED"]
                await sync.until(id=chat, revision=before + 1)
            await ann.mutate("renameChat", chatId=chat, title="heard again")
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


async def test_a_person_who_only_reads_never_notices(server: Running, elsewhere: Running) -> None:
    """Every other announcement is lost; the reader's frames rise, and end with the row."""
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with ann.socket(elsewhere.port) as socket:
        stream = await socket.stream(reply)
        async with server.writing(reply) as text:
            for number in range(6):
                if number % 2:
                    with server.silent():
                        text.append(f"{number} ")
                        await asyncio.sleep(0.1)
                else:
                    text.append(f"{number} ")
                    await asyncio.sleep(0.1)
        frames = await stream.rest()
    revisions = [frame["revision"] for frame in frames]
    assert revisions == sorted(set(revisions))
    row = await server.row(reply)
    assert (frames[-1]["content"], frames[-1]["revision"]) == (row.content, row.revision)
