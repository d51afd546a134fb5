"""The network between a server and its services is cut, or drops what is sent, or a service is frozen."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from api import postgres
from api.streaming import redis_backend
from tests.support.backends import Backend
from tests.support.conversation import Conversation, conversation
from tests.support.fleet import frozen
from tests.support.logged import entries, logged
from tests.support.network import Network
from tests.support.pair import Pair, serving_twice
from tests.support.scripted import ENDLESS
from tests.support.services import Postgres, Redis, Server


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(postgres, "PING_SECONDS", 0.5)
    monkeypatch.setattr(postgres, "CONNECT_SECONDS", 1.0)
    monkeypatch.setattr(redis_backend, "PING_SECONDS", 0.3)


@contextmanager
def cut(network: Network, service: Server) -> Iterator[None]:
    network.cut()
    try:
        yield
    finally:
        network.restore()


@contextmanager
def half_open(network: Network, service: Server) -> Iterator[None]:
    """Connections stay open and nothing comes through any more. New ones work."""
    network.swallow()
    yield


@contextmanager
def hanging(network: Network, service: Server) -> Iterator[None]:
    with frozen(service):
        yield


FAULTS: list[Callable[[Network, Server], AbstractContextManager[None]]] = [cut, half_open, hanging]


@asynccontextmanager
async def behind(backend: Backend, database_url: str) -> AsyncIterator[tuple[Pair, Conversation]]:
    """Two servers that reach a service by a network, and a conversation. Tests reach the database by itself."""
    settings: dict[str, Any] = {"replies": True, "model": ENDLESS, "lease_seconds": 9}
    async with serving_twice(backend, **settings) as pair:
        pair.database_url = database_url
        async with conversation(pair) as talk:
            yield pair, talk


def through(network: Network, address: str, port: int) -> str:
    return address.replace(f":{port}/", f":{network.url.rpartition(':')[2]}/")


async def test_whatever_happens_on_the_way_to_postgres_replies_and_requests_go_on(
    scaled: Backend, postgres_server: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    async with Network(postgres_server.port) as network:
        address = through(network, scaled.database_url, postgres_server.port)
        async with behind(replace(scaled, database_url=address), scaled.database_url) as (_, talk):
            reply = await talk.ask()
            await talk.shown(reply, 100)
            for fault in FAULTS:
                failures = len(entries(caplog, "write failed"))
                with fault(network, postgres_server):
                    if fault is not half_open:  # there, the next statement gets another connection
                        await logged(caplog, "write failed", failures + 1)
                written = len(talk.readers[reply][0].last["content"])
                await talk.shown(reply, written + 100)
                await logged(caplog, "write failed no longer", len(entries(caplog, "write failed")))
                assert len(entries(caplog, "write failed")) <= failures + 1, fault
                await talk.ann.create_chat()
            await talk.ann.act("stopMessage", reply)
            assert (await talk.ended(reply)).status == "STOPPED"
    assert not entries(caplog, "settled")


async def test_a_request_on_a_half_open_connection_to_postgres_gets_another_one(
    scaled: Backend, postgres_server: Postgres
) -> None:
    async with Network(postgres_server.port) as network:
        address = through(network, scaled.database_url, postgres_server.port)
        async with serving_twice(replace(scaled, database_url=address)) as pair:
            pair.database_url = scaled.database_url
            ann, bob = await pair.people("Ann", "Bob")
            for person in (ann, bob):
                await person.create_chat()
            network.swallow()
            for person in (ann, bob):
                await person.create_chat()


async def test_whatever_happens_on_the_way_to_redis_it_is_noticed_and_the_bus_comes_back(
    scaled: Backend, redis_server: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    async with Network(redis_server.port) as network:
        address = through(network, scaled.broadcast_url, redis_server.port)
        async with behind(replace(scaled, broadcast_url=address), scaled.database_url) as (pair, talk):
            reply = await talk.ask()
            await talk.shown(reply, 100)
            servers = [pair.one, pair.other]
            for number, fault in enumerate(FAULTS):
                with fault(network, redis_server):
                    await logged(caplog, "redis connection lost", len(servers) * (number + 1))
                    written = len(talk.readers[reply][0].last["content"])
                    await talk.shown(reply, written + 100)
                await logged(caplog, "redis connection restored", len(servers) * (number + 1))
                await talk.ann.send(talk.chat, "Is the bus back?", reply=False)
                await talk.level()
            await talk.ann.act("stopMessage", reply)
            assert (await talk.ended(reply)).status == "STOPPED"
    for event in ("redis connection lost", "publish failed"):
        assert len(entries(caplog, event)) <= len(servers) * len(FAULTS), event
    assert not entries(caplog, "settled")
