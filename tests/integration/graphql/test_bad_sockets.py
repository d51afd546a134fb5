"""Bad input over WebSocket: a close code or an error that clients understand, and a server that lives on.

4400 and 4401 are final for a client, 4403 sends it for a fresh token: so each must come for its own reason alone.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from api.graphql.transport import websocket as socket
from tests.support.backends import Backend
from tests.support.operations import SYNC
from tests.support.server import Running, serving
from tests.support.until import PATIENCE_SECONDS

pytestmark = pytest.mark.parametrize("backend", ["embedded"], indirect=True)  # no database is asked for these answers

GRAPHQL_TRANSPORT_WS = "graphql-transport-ws"
VIEWER = {"query": "{ viewer { id } }"}


@asynccontextmanager
async def opened(server: Running, *subprotocols: str, origin: str | None = None) -> AsyncIterator[ClientConnection]:
    """A connection on which nothing has been said yet."""
    async with connect(
        server.url.replace("http://", "ws://"),
        subprotocols=[Subprotocol(name) for name in subprotocols or (GRAPHQL_TRANSPORT_WS,)],
        origin=None if origin is None else Origin(origin),
        max_size=None,
    ) as connection:
        yield connection


@asynccontextmanager
async def acknowledged(server: Running, token: str = "") -> AsyncIterator[ClientConnection]:
    async with opened(server) as connection:
        await say(connection, type="connection_init", payload={"authorization": f"Bearer {token}"} if token else {})
        assert await heard(connection) == {"type": "connection_ack"}
        yield connection


async def say(connection: ClientConnection, **message: Any) -> None:
    await connection.send(json.dumps(message))


async def heard(connection: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        message: dict[str, Any] = json.loads(await connection.recv())
        return message


async def closed(connection: ClientConnection) -> int | None:
    """The close code, once everything that was said before is heard."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        try:
            while True:
                await connection.recv()
        except ConnectionClosed:
            return connection.close_code


@pytest.mark.parametrize("subprotocol", ["graphql-ws", "graphql", "Graphql-Transport-Ws"])
async def test_other_subprotocols_are_refused(unharmed: Running, subprotocol: str) -> None:
    async with opened(unharmed, subprotocol) as connection:
        assert connection.subprotocol is None
        assert await closed(connection) == 4406


async def test_no_subprotocol_is_refused(unharmed: Running) -> None:
    async with connect(unharmed.url.replace("http://", "ws://")) as connection:
        assert await closed(connection) == 4406


async def test_of_several_subprotocols_ours_is_chosen(server: Running) -> None:
    async with opened(server, "graphql-ws", GRAPHQL_TRANSPORT_WS) as connection:
        assert connection.subprotocol == GRAPHQL_TRANSPORT_WS


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:1"])
async def test_a_foreign_page_gets_no_socket(unharmed: Running, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with opened(unharmed, origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_the_servers_own_page_and_allowed_ones_get_a_socket(backend: Backend) -> None:
    async with serving(
        backend.settings(allowed_origins="https://chat.example.com, https://other.example.com")
    ) as server:
        for origin in (
            f"http://127.0.0.1:{server.port}",
            "https://chat.example.com",
            "https://other.example.com",
            None,
        ):
            async with opened(server, origin=origin) as connection:
                assert connection.subprotocol == GRAPHQL_TRANSPORT_WS
        with pytest.raises(InvalidStatus):
            async with opened(server, origin="https://chat.example.com.evil.example"):
                pass


async def test_bytes_are_refused(unharmed: Running) -> None:
    async with acknowledged(unharmed) as connection:
        await connection.send(json.dumps({"type": "ping"}).encode())
        assert await closed(connection) == 4400


NO_MESSAGES: dict[str, str] = {
    "nothing": "",
    "broken JSON": '{"type": "ping"',
    "text": '"ping"',
    "a list": '[{"type": "ping"}]',
    "null": "null",
    "a deep list": "[" * 200_000,
    "no type": "{}",
    "an unknown type": '{"type": "start", "id": "1", "payload": {}}',
    "a type that is no text": '{"type": ["ping"]}',
    "a type in many bytes": json.dumps({"type": "\U0001f600" * 100}, ensure_ascii=False),
    "half a character for a type": r'{"type": "\ud800"}',
    "no id": '{"type": "subscribe", "payload": {"query": "{ viewer { id } }"}}',
    "an empty id": '{"type": "subscribe", "id": "", "payload": {"query": "{ viewer { id } }"}}',
    "a number for an id": '{"type": "subscribe", "id": 1, "payload": {"query": "{ viewer { id } }"}}',
    "half a character for an id": r'{"type": "subscribe", "id": "\ud800", "payload": {"query": "{ viewer { id } }"}}',
}


@pytest.mark.parametrize("text", NO_MESSAGES.values(), ids=NO_MESSAGES)
async def test_what_is_no_message_closes_the_socket(unharmed: Running, text: str) -> None:
    async with acknowledged(unharmed) as connection:
        await connection.send(text)
        assert await closed(connection) == 4400


async def test_a_message_of_more_than_1_mb_closes_the_socket(unharmed: Running) -> None:
    async with acknowledged(unharmed) as connection:
        await say(connection, type="ping", payload={"padding": "x" * 1_000_000})
        assert await closed(connection) == 1009


async def test_nothing_is_executed_before_connection_init(unharmed: Running) -> None:
    async with opened(unharmed) as connection:
        await say(connection, type="subscribe", id="1", payload=VIEWER)
        assert await closed(connection) == 4401


async def test_a_ping_is_answered_even_before_connection_init(server: Running) -> None:
    async with opened(server) as connection:
        await say(connection, type="ping")
        assert await heard(connection) == {"type": "pong"}


async def test_a_second_connection_init_closes_the_socket(unharmed: Running) -> None:
    async with acknowledged(unharmed) as connection:
        await say(connection, type="connection_init")
        assert await closed(connection) == 4429


async def test_a_connection_init_with_no_object_closes_the_socket(unharmed: Running) -> None:
    async with opened(unharmed) as connection:
        await say(connection, type="connection_init", payload="Bearer")
        assert await closed(connection) == 4400


async def test_who_never_sends_connection_init_is_closed(unharmed: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "INIT_SECONDS", 0.05)
    async with opened(unharmed) as connection:
        assert await closed(connection) == 4408


async def test_an_id_that_is_in_use_closes_the_socket(unharmed: Running) -> None:
    ann = await unharmed.person("Ann")
    follow = {"query": SYNC, "variables": {"ids": [ann.viewer_id]}}
    async with acknowledged(unharmed, ann.token) as connection:
        await say(connection, type="subscribe", id="1", payload=follow)
        assert (await heard(connection))["type"] == "next"
        await say(connection, type="subscribe", id="1", payload=follow)
        assert await closed(connection) == 4409


async def test_an_id_is_free_again_after_complete_from_either_side(server: Running) -> None:
    ann = await server.person("Ann")
    follow = {"query": SYNC, "variables": {"ids": [ann.viewer_id]}}
    async with acknowledged(server, ann.token) as connection:
        for _ in range(3):
            await say(connection, type="subscribe", id="1", payload=VIEWER)
            assert [(await heard(connection))["type"] for _ in range(2)] == ["next", "complete"]
            await say(connection, type="subscribe", id="1", payload=follow)
            assert (await heard(connection))["type"] == "next"
            await say(connection, type="complete", id="1")


async def test_a_complete_for_nothing_is_no_mistake(server: Running) -> None:
    """A client's crosses the server's on the way."""
    async with acknowledged(server) as connection:
        ids_of_nothing: list[object] = ["1", None, 7, [], "\0"]
        for id in ids_of_nothing:
            await say(connection, type="complete", id=id)
        await say(connection, type="pong")
        await say(connection, type="ping")
        assert await heard(connection) == {"type": "pong"}


NOT_EXECUTED: dict[str, Any] = {
    "no payload": None,
    "a payload that is no object": "query",
    "no query": {},
    "a syntax error": {"query": "{"},
    "an unknown field": {"query": "{ nothing }"},
    "a missing variable": {"query": "query ($id: ID!) { chat(id: $id) { id } }"},
    "variables that are no object": {"query": "{ viewer { id } }", "variables": [1]},
    "an unknown operation": {"query": "query A { viewer { id } }", "operationName": "B"},
    "half a character": {"query": "query ($id: ID!) { chat(id: $id) { id } }", "variables": {"id": "\ud800"}},
    "a subscription to nothing": {"query": "subscription { nothing }"},
    "two subscriptions in one": {"query": "subscription { a: sync(ids: []) { id } b: sync(ids: []) { id } }"},
}


@pytest.mark.parametrize("payload", NOT_EXECUTED.values(), ids=NOT_EXECUTED)
async def test_what_cannot_be_executed_ends_the_operation_and_not_the_socket(unharmed: Running, payload: Any) -> None:
    async with acknowledged(unharmed) as connection:
        await say(connection, type="subscribe", id="1", payload=payload)
        message = await heard(connection)
        assert (message["id"], message["type"]) == ("1", "error")
        assert message["payload"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
        await say(connection, type="subscribe", id="1", payload=VIEWER)
        assert await heard(connection) == {"id": "1", "type": "next", "payload": {"data": {"viewer": None}}}


async def test_a_socket_carries_100_operations_and_lives_on_when_there_are_more(unharmed: Running) -> None:
    ann = await unharmed.person("Ann")
    follow = {"query": SYNC, "variables": {"ids": [ann.viewer_id]}}
    async with acknowledged(unharmed, ann.token) as connection:
        for number in range(100):
            await say(connection, type="subscribe", id=str(number), payload=follow)
        assert {(await heard(connection))["type"] for _ in range(100)} == {"next"}
        await say(connection, type="subscribe", id="one more", payload=follow)
        message = await heard(connection)
        assert (message["id"], message["type"]) == ("one more", "error")
        assert message["payload"][0]["extensions"] == {"code": "LIMIT_EXCEEDED"}
        await ann.create_chat()
        assert {(await heard(connection))["id"] for _ in range(100)} == {str(number) for number in range(100)}
        await say(connection, type="complete", id="7")
        await say(connection, type="subscribe", id="one more", payload=follow)
        assert ((await heard(connection))["id"]) == "one more"
