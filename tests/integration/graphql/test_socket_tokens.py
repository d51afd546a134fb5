"""Tokens over WebSocket: a bad or expired one closes the socket, and a missing one is a signed-out viewer."""

from collections.abc import Callable
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from api.accounts.sessions import Tokens
from api.graphql import relay
from tests.integration.graphql.test_bad_input import tokens
from tests.integration.graphql.test_bad_sockets import VIEWER, acknowledged, closed, heard, opened, say
from tests.support.backends import SECRET
from tests.support.operations import SYNC
from tests.support.server import Running


async def test_a_token_that_proves_nothing_closes_the_socket_for_a_fresh_one(unharmed: Running) -> None:
    ann = await unharmed.person("Ann")
    for name, authorization in {**tokens(unharmed, ann), "no text": {"Bearer": ann.token}}.items():
        async with opened(unharmed) as connection:
            await say(connection, type="connection_init", payload={"authorization": authorization})
            assert await closed(connection) == 4403, name


@pytest.mark.parametrize("payload", [None, {}, {"authorization": None}, {"authorization": ""}, {"other": 1}])
async def test_without_a_token_one_is_a_signed_out_viewer(server: Running, payload: Any) -> None:
    async with opened(server) as connection:
        await say(connection, type="connection_init", payload=payload)
        assert await heard(connection) == {"type": "connection_ack"}
        await say(connection, type="subscribe", id="1", payload=VIEWER)
        assert (await heard(connection))["payload"] == {"data": {"viewer": None}}


@pytest.mark.parametrize("name", ["authorization", "Authorization", "AUTHORIZATION"])
async def test_a_token_is_found_however_its_name_is_written(server: Running, name: str) -> None:
    ann = await server.person("Ann")
    async with opened(server) as connection:
        await say(connection, type="connection_init", payload={name: f"bearer {ann.token}"})
        assert await heard(connection) == {"type": "connection_ack"}
        await say(connection, type="subscribe", id="1", payload=VIEWER)
        assert (await heard(connection))["payload"] == {"data": {"viewer": {"id": ann.viewer_id}}}


async def test_a_live_socket_is_closed_when_its_token_expires(unharmed: Running) -> None:
    ann = await unharmed.person("Ann")
    key = relay.key_of("Viewer", ann.viewer_id)
    short = Tokens(SECRET, hours=1.5 / 3600).issue(key, key)
    async with acknowledged(unharmed, short) as connection:
        await say(connection, type="subscribe", id="1", payload={"query": SYNC, "variables": {"ids": [ann.viewer_id]}})
        assert (await heard(connection))["type"] == "next"
        assert await closed(connection) == 4403


@pytest.mark.parametrize(
    "leave", [ClientConnection.close, lambda connection: _abort(connection)], ids=["close", "abort"]
)
async def test_who_leaves_in_the_middle_leaves_no_traceback(
    unharmed: Running, leave: Callable[[ClientConnection], Any]
) -> None:
    ann = await unharmed.person("Ann")
    reply = await ann.prompt()
    follow = {"query": "subscription ($id: ID!) { messageStream(id: $id) { content } }", "variables": {"id": reply}}
    async with unharmed.writing(reply) as text, acknowledged(unharmed, ann.token) as connection:
        await say(connection, type="subscribe", id="1", payload=follow)
        assert (await heard(connection))["type"] == "next"
        await leave(connection)
        text.append("nobody reads this")
    assert (await unharmed.row(reply)).content == "nobody reads this"


async def _abort(connection: ClientConnection) -> None:
    connection.transport.abort()
