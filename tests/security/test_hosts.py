"""Hosts that a server does not serve, and who may read its metrics."""

import socket
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from api.server.hosts import LOOPBACK, host_name, is_loopback
from api.server.serve import at_address
from tests.support.backends import Backend
from tests.support.server import Running, serving

pytestmark = pytest.mark.parametrize("backend", ["embedded"], indirect=True)

REFUSED = "This server does not serve that host. If it should, add the host to TWOTRACK_ALLOWED_HOSTS.\n"


@pytest_asyncio.fixture
async def on_loopback(backend: Backend) -> AsyncIterator[Running]:
    settings = backend.settings(allowed_origins="https://Chat.Example.com:8443")
    async with serving(at_address(settings, "127.0.0.1")) as running:
        yield running


async def status(server: Running, host: str, path: str = "/graphql") -> int:
    async with httpx.AsyncClient() as client:
        url = server.url.replace("/graphql", path)
        answer = await client.request(
            "POST" if path == "/graphql" else "GET", url, json={"query": "{ __typename }"}, headers={"host": host}
        )
    if answer.status_code == 421:
        assert answer.text == REFUSED
    return answer.status_code


STATUSES = {
    "127.0.0.1:8000": 200,
    "localhost": 200,
    "LOCALHOST:3000": 200,
    "twotrack.localhost:8000": 200,
    "[::1]:8000": 200,
    "chat.example.com:8443": 200,  # an allowed origin
    "evil.example.com": 421,
    "localhost.evil.example.com": 421,
    "evillocalhost": 421,
    "127.0.0.1.evil.example.com:8000": 421,
    "": 421,
}


async def test_a_server_on_a_loopback_address_serves_this_machine(on_loopback: Running) -> None:
    assert {host: await status(on_loopback, host) for host in STATUSES} == STATUSES


async def test_checks_are_answered_under_any_name(on_loopback: Running) -> None:
    assert [await status(on_loopback, "10.1.2.3", path) for path in ("/healthz", "/readyz", "/")] == [200, 200, 421]


async def test_a_websocket_handshake_for_another_host_is_refused(on_loopback: Running) -> None:
    async def handshake(host: str) -> int:
        connection = socket.create_connection(("127.0.0.1", on_loopback.port))
        try:
            async with connect(
                f"ws://{host}/graphql", sock=connection, subprotocols=[Subprotocol("graphql-transport-ws")]
            ):
                return 101
        except InvalidStatus as error:
            return error.response.status_code

    assert await handshake("evil.example.com") == 421
    assert await handshake("localhost") == 101


def test_the_hosts_depend_on_the_address_unless_they_are_set(backend: Backend) -> None:
    settings = backend.settings()
    assert at_address(settings, "127.0.0.1").allowed_hosts == LOOPBACK
    assert at_address(settings, "0.0.0.0").allowed_hosts == ()
    assert at_address(settings, None).allowed_hosts == ()
    chosen = backend.settings(allowed_hosts="chat.example.com, *.example.org")
    assert at_address(chosen, "127.0.0.1").allowed_hosts == ("chat.example.com", "*.example.org")
    assert [host_name(each) for each in ("A.b:1", "[::1]:80", "[::1]", "a")] == ["a.b", "[::1]", "[::1]", "a"]
    assert [is_loopback(each) for each in ("::1", "127.8.8.8", "localhost", "0.0.0.0", "::", "chat")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip


async def test_metrics_are_for_this_machine(server: Running) -> None:
    async with httpx.AsyncClient(base_url=server.url.removesuffix("/graphql")) as client:
        assert "twotrack_" in (await client.get("/metrics")).text
        for header in ("x-forwarded-for", "forwarded", "via"):
            answer = await client.get("/metrics", headers={header: "127.0.0.1"})
            assert (answer.status_code, "twotrack_" in answer.text) == (404, False)


async def test_metrics_have_a_port_of_their_own(backend: Backend) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = at_address(backend.settings(metrics_port=str(port)), "127.0.0.1")
    async with serving(settings) as server, httpx.AsyncClient() as client:
        assert "twotrack_subscriptions_active" in (await client.get(f"http://127.0.0.1:{port}/metrics")).text
        assert (await client.get(f"http://127.0.0.1:{port}/")).status_code == 404
        assert (await client.get(server.url.replace("graphql", "metrics"))).status_code == 404
