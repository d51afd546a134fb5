"""The endpoints for an operator's tools: liveness, readiness and metrics."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.engine import make_url

from tests.support.backends import Backend, migrate
from tests.support.files import damage
from tests.support.operations import STREAM
from tests.support.responses import SSE, following
from tests.support.server import Running, serving
from tests.support.services import Postgres, Redis, throw_away
from tests.support.until import PATIENCE_SECONDS


async def get(server: Running, path: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
        return await client.get(server.url.replace("/graphql", path))


async def counted(server: Running) -> dict[str, float]:
    """Our metrics, by name and labels."""
    text = (await get(server, "/metrics")).text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {
        sample.name + "".join(f"{{{name}={value}}}" for name, value in sample.labels.items()): sample.value
        for sample in samples
        if sample.name.startswith("twotrack_") and not sample.name.endswith("_created")
    }


async def counts(server: Running, **wanted: float) -> None:
    """Return once the metrics have these values: updates are counted in bulk."""

    async def ask() -> dict[str, float]:
        found = await counted(server)
        return {short: found[name] for short, name in METRICS.items() if short in wanted}

    await becomes(ask, wanted)


async def becomes(ask: Callable[[], Awaitable[object]], wanted: object) -> None:
    """Return once `ask` returns this. Only the server knows when that is."""
    found = None
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (found := await ask()) != wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"it stays {found}") from None


METRICS = {
    "streams": "twotrack_subscriptions_active{model=Message}{track=stream}",
    "syncs": "twotrack_subscriptions_active{model=}{track=sync}",
    "channels": "twotrack_bus_channels",
    "stream_updates": "twotrack_updates_total{model=Message}{track=stream}",
    "chat_updates": "twotrack_updates_total{model=Chat}{track=sync}",
    "viewer_updates": "twotrack_updates_total{model=User}{track=sync}",
    "complete": "twotrack_replies_total{model=Message}{status=COMPLETE}",
    "failed": "twotrack_replies_total{model=Message}{status=FAILED}",
}
"""Those that are counted by events, with short names for these tests."""


async def readiness(server: Running) -> tuple[int, dict[str, str]]:
    response = await get(server, "/readyz")
    return response.status_code, response.json()


async def test_a_server_whose_services_answer_is_ready(server: Running) -> None:
    for path in ("/healthz", "/readyz"):
        response = await get(server, path)
        assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest_asyncio.fixture
async def services() -> AsyncIterator[tuple[Redis, Postgres]]:
    """A Redis and a Postgres that the test may stop."""
    with throw_away(Redis) as redis, throw_away(Postgres) as postgres:
        yield redis, postgres


async def test_a_server_without_redis_or_postgres_is_alive_and_not_ready(services: tuple[Redis, Postgres]) -> None:
    redis, postgres = services
    with postgres.database(await asyncio.to_thread(postgres.template, "twotrack", migrate)) as url:
        async with serving(Backend("scaled", url, redis.url).settings()) as server:
            for service, name in ((redis, "bus"), (postgres, "database")):
                await asyncio.to_thread(service.stop)
                assert await readiness(server) == (503, {"status": "unavailable", name: "does not answer"})
                assert (await get(server, "/healthz")).status_code == 200
                await asyncio.to_thread(service.start)
                await becomes(lambda: readiness(server), (200, {"status": "ok"}))


@pytest.mark.parametrize("table", ["users", "chats", "messages"])
async def test_a_server_whose_tables_cannot_be_read_is_not_ready(backend: Backend, table: str) -> None:
    settings = backend.settings(patience_seconds=3600)
    async with serving(settings) as server:
        ann = await server.person("Ann")
        await ann.prompt()
    if backend.name == "embedded":
        damage(Path(make_url(backend.database_url).database or ""), table)
    async with serving(settings) as server:
        if backend.name == "scaled":
            async with server.runtime.database.engine.begin() as connection:
                await connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO elsewhere")
        assert await readiness(server) == (503, {"status": "unavailable", "database": "does not answer"})
        assert (await get(server, "/healthz")).status_code == 200


async def test_metrics_are_in_prometheus_format_and_zero_from_the_start(server: Running) -> None:
    response = await get(server, "/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    found = await counted(server)
    assert {name: found[name] for name in METRICS.values()} == dict.fromkeys(METRICS.values(), 0)


async def test_metrics_count_subscriptions_channels_and_updates(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    reply = await ann.prompt(chat)
    async with ann.socket() as socket:
        stream, sync = await socket.stream(reply), await socket.sync(chat, ann.viewer_id)
        await stream.next()
        await sync.next()
        await sync.next()
        await counts(server, streams=1, syncs=1, channels=3, stream_updates=1, chat_updates=1, viewer_updates=1)
        async with following(ann, SSE, STREAM, id=reply) as response:
            await response.next()
            await counts(server, streams=2, channels=3, stream_updates=2)
        await counts(server, streams=1, channels=3)
        await ann.mutate("renameChat", chatId=chat, title="Plans")
        await sync.next()
        await sync.next()
        async with server.writing(reply) as text:
            text.append("done")
        frames = await stream.rest()
        await counts(server, streams=0, syncs=1, channels=2, stream_updates=2 + len(frames))
        await counts(server, chat_updates=2, viewer_updates=2)
        await sync.complete()
        await counts(server, streams=0, syncs=0, channels=0)


@pytest.mark.parametrize(
    ("model", "ends"),
    [
        ("scripted?chars=40&rate=0", {"complete": 1, "failed": 0}),
        ("scripted?chars=40&rate=0&fail_at=20", {"complete": 0, "failed": 1}),
        (None, {"complete": 0, "failed": 1}),
    ],
    ids=["written", "failed", "settled"],
)
async def test_replies_are_counted_by_how_they_end(backend: Backend, model: str | None, ends: dict[str, int]) -> None:
    if model is None:
        settings = backend.settings(queue_seconds=0.1, patience_seconds=0.1)
    else:
        settings = backend.settings(model=model)
    async with serving(settings, replies=model is not None) as server:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        async with ann.socket() as socket:
            await (await socket.stream(reply)).rest()
        await counts(server, **ends)


async def test_stopped_replies_are_not_counted(backend: Backend) -> None:
    async with serving(backend.settings(model="scripted?stall_at=20&rate=0"), replies=True) as server:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        async with ann.socket() as socket:
            stream = await socket.stream(reply)
            await stream.next()
            await ann.mutate("stopMessage", messageId=reply)
            await stream.rest()
        await counts(server, complete=0, failed=0)


@pytest.mark.parametrize(
    "path", ["/nothing", "/%00", "/..%2f..%2fetc%2fpasswd", f"/{'x' * 1_000}", "/assets/%00", f"/assets/{'x' * 1_000}"]
)
async def test_an_unknown_path_is_not_found(server: Running, path: str, caplog: pytest.LogCaptureFixture) -> None:
    assert (await get(server, path)).status_code == 404
    assert not [record for record in caplog.records if record.exc_info]
