"""What an operator sees of waiting and failed replies, deliveries, requests and connections."""

import pytest

from tests.integration.test_health import becomes, counted, get
from tests.support.backends import Backend
from tests.support.server import Running, serving
from tests.support.services import Redis, throw_away

MESSAGE = "{model=Message}"


async def metric(server: Running, name: str) -> float:
    return (await counted(server)).get(name, 0.0)


async def test_replies_that_wait_for_a_worker_are_counted_with_their_longest_wait(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.server.sampling.PROCESS_SECONDS", 0.01)
    async with serving(backend.settings()) as server:
        ann = await server.person("Ann")
        for _ in range(3):
            await ann.prompt()
        await becomes(lambda: metric(server, f"twotrack_replies_waiting{MESSAGE}"), 3)
        wait = await metric(server, f"twotrack_oldest_wait_seconds{MESSAGE}")
        assert 0 <= wait <= server.settings.queue_seconds


async def test_a_reply_behind_another_does_not_wait_for_a_worker(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.server.sampling.PROCESS_SECONDS", 0.01)
    async with serving(backend.settings()) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        for _ in range(3):
            await ann.prompt(chat)
        await becomes(lambda: metric(server, f"twotrack_replies_waiting{MESSAGE}"), 1)


async def test_workers_show_how_many_replies_they_write_and_how_many_they_may(backend: Backend) -> None:
    async with serving(backend.settings(model="scripted?stall_at=20&rate=0", worker_replies=7), replies=True) as server:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        await becomes(lambda: metric(server, f"twotrack_replies_active{MESSAGE}"), 1)
        assert await metric(server, f"twotrack_replies_limit{MESSAGE}") == 7
        await ann.mutate("stopMessage", messageId=reply)
        await becomes(lambda: metric(server, f"twotrack_replies_active{MESSAGE}"), 0)


async def test_failures_are_counted_by_code(backend: Backend) -> None:
    model = "scripted?chars=40&rate=0&fail_at=20"
    async with serving(backend.settings(model=model), replies=True) as server:
        ann = await server.person("Ann")
        await ann.prompt()
        await becomes(lambda: metric(server, "twotrack_failures_total{code=PROVIDER}{model=Message}"), 1)


async def test_each_update_is_measured_once_in_a_process_however_many_follow_it(backend: Backend) -> None:
    async with serving(backend.settings()) as server:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        async with ann.socket() as socket:
            streams = [await socket.stream(reply) for _ in range(3)]
            for stream in streams:
                await stream.next()
            before = await metric(server, f"twotrack_delivery_seconds_count{MESSAGE}")
            async with server.writing(reply) as text:
                text.append("done")
            final = [(await stream.rest())[-1]["revision"] for stream in streams]
        updates = await metric(server, f"twotrack_delivery_seconds_count{MESSAGE}") - before
        assert 1 <= updates <= final[0]


async def test_requests_are_measured_by_few_paths(server: Running) -> None:
    for path in ("/healthz", "/anything", "/something-else"):
        await get(server, path)
    found = await counted(server)
    assert found["twotrack_request_seconds_count{path=/healthz}{status=200}"] == 1
    assert found["twotrack_request_seconds_count{path=page}{status=404}"] == 2


async def test_a_bus_that_is_away_shows(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.server.sampling.PROCESS_SECONDS", 0.01)
    with throw_away(Redis) as redis:
        async with serving(backend.settings().model_copy(update={"broadcast_url": redis.url})) as server:
            await becomes(lambda: metric(server, "twotrack_bus_connected"), 1)
            redis.stop()
            await becomes(lambda: metric(server, "twotrack_bus_connected"), 0)
