"""A client that sends a query's hash is told to send the query, in the words that such clients wait for."""

import json
from typing import Any

import httpx
import pytest

from tests.support.server import Running
from tests.support.sockets import Subscription
from tests.support.until import PATIENCE_SECONDS

HASH = {
    "persistedQuery": {"version": 1, "sha256Hash": "ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b3"}
}
NOT_SUPPORTED = {"message": "PersistedQueryNotSupported", "extensions": {"code": "PERSISTED_QUERY_NOT_SUPPORTED"}}
NEWER = "application/graphql-response+json"


async def post(server: Running, body: dict[str, Any], accept: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, verify=False) as client:
        return await client.post(server.url, json=body, headers={"accept": accept})


@pytest.mark.parametrize(
    ("accept", "status", "answer"),
    [
        ("*/*", 200, {"data": None, "errors": [NOT_SUPPORTED]}),
        ("application/json", 200, {"data": None, "errors": [NOT_SUPPORTED]}),
        (f"{NEWER},application/json;q=0.9", 400, {"errors": [NOT_SUPPORTED]}),
        ("text/event-stream", 400, {"data": None, "errors": [NOT_SUPPORTED]}),
    ],
)
@pytest.mark.parametrize("body", [{"extensions": HASH}, {"query": None, "operationName": "Me", "extensions": HASH}])
async def test_a_hash_over_http_is_not_supported(
    unharmed: Running, accept: str, status: int, answer: dict[str, Any], body: dict[str, Any]
) -> None:
    response = await post(unharmed, body, accept)
    assert (response.status_code, response.json()) == (status, answer)


async def test_a_hash_in_a_get_is_not_supported(unharmed: Running) -> None:
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, verify=False) as client:
        parameters = {"operationName": "Me", "variables": "{}", "extensions": json.dumps(HASH)}
        response = await client.get(unharmed.url, params=parameters, headers={"accept": NEWER})
        assert (response.status_code, response.json()) == (400, {"errors": [NOT_SUPPORTED]})
        for extensions in ("{", "null", "{}", "[" * 50_000):
            response = await client.get(unharmed.url, params={"extensions": extensions[:2_000]})
            assert response.status_code == 405


async def test_a_hash_over_a_socket_is_not_supported_and_the_query_may_follow(unharmed: Running) -> None:
    async with unharmed.stranger().socket() as socket:
        operation = socket.subscriptions["a"] = Subscription(socket, "a")
        for payload in ({"extensions": HASH}, {"query": "{ viewer { id } }", "extensions": HASH}):
            await socket.connection.send(json.dumps({"id": "a", "type": "subscribe", "payload": payload}))
        assert await operation.message() == {"id": "a", "type": "error", "payload": [NOT_SUPPORTED]}
        assert await operation.rest() == [None]


async def test_a_query_beside_its_hash_is_executed(unharmed: Running) -> None:
    response = await post(unharmed, {"query": "{ viewer { id } }", "extensions": HASH}, NEWER)
    assert (response.status_code, response.json()) == (200, {"data": {"viewer": None}})


@pytest.mark.parametrize("extensions", [None, {}, [], "persistedQuery"])
async def test_without_a_hash_a_query_is_missing(unharmed: Running, extensions: object) -> None:
    response = await post(unharmed, {"extensions": extensions}, "application/json")
    (error,) = response.json()["errors"]
    assert (response.status_code, error["extensions"]) == (400, {"code": "BAD_USER_INPUT"})
