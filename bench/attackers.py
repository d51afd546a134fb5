"""The requests of a stranger and of a user who mean harm, in a process of their own; see `attack`."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from os import environ
from uuid import uuid4

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from api.graphql.relay import global_id

AT_ONCE = 2
"""Connections on which each kind of request is sent, one after the other."""

ANSWER_SECONDS = 60

NESTED = (
    "{ viewer { chats(first: 15) { edges { node { messages(first: 100) { edges { node { chat { participants { "
    "id name } } } } } } } } } }"
)


def _thirty(field: str) -> str:
    return " ".join(f"a{number}: {field}" for number in range(30))


_EDGES = f"edges {{ node {{ {_thirty('content')} }} }}"
TEXTS = f"query ($id: ID!) {{ chat(id: $id) {{ messages(first: 100) {{ {_EDGES} }} }} }}"
SCHEMA = f"{{ {_thirty('__schema { types { fields { name } } }')} }}"
NONSENSE = 'node(id: "nonsense") { id }'
ERRORS = f"{{ {_thirty(NONSENSE)} }}"
SYNC = "subscription ($ids: [ID!]!) { sync(ids: $ids) { id } }"
DOCUMENTS = (NESTED, TEXTS, SCHEMA, ERRORS)


async def attack(port: int, token: str, chat: str) -> None:
    """Send the worst requests until the process is ended."""
    post = partial(_post, f"http://127.0.0.1:{port}", chat)
    address = f"ws://127.0.0.1:{port}/graphql"
    kinds: list[Callable[[], Awaitable[None]]] = [
        *(partial(post, document, token) for document in DOCUMENTS),
        *(partial(post, document, "") for document in (SCHEMA, ERRORS)),
        partial(_leave, f"http://127.0.0.1:{port}", token, chat),
        partial(_guess, f"http://127.0.0.1:{port}"),
        partial(_follow, address, token),
        partial(_sit, address),
    ]
    await asyncio.gather(*(_again(kind) for kind in kinds for _ in range(AT_ONCE)))


async def _again(kind: Callable[[], Awaitable[None]]) -> None:
    while True:
        with suppress(httpx.HTTPError, OSError, WebSocketException, TimeoutError):
            await kind()
        await asyncio.sleep(0.01)


async def _post(url: str, chat: str, document: str, token: str) -> None:
    headers = {"authorization": token} if token else {}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=ANSWER_SECONDS) as client:
        for _ in range(50):
            await client.post("/graphql", json={"query": document, "variables": {"id": chat}})


async def _leave(url: str, token: str, chat: str) -> None:
    """Ask for much, and close the connection."""
    async with httpx.AsyncClient(base_url=url, headers={"authorization": token}, timeout=0.005) as client:
        await client.post("/graphql", json={"query": TEXTS, "variables": {"id": chat}})


async def _guess(url: str) -> None:
    mutation = "mutation ($input: SignInInput!) { signIn(input: $input) { token } }"
    async with httpx.AsyncClient(base_url=url, timeout=ANSWER_SECONDS) as client:
        for _ in range(50):
            guess = {"email": f"{secrets.token_hex(4)}@example.com", "password": secrets.token_hex(8)}
            await client.post("/graphql", json={"query": mutation, "variables": {"input": guess}})


async def _follow(address: str, token: str) -> None:
    """A hundred subscriptions to a hundred made-up ids each."""
    async with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")], max_size=None) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": token}}))
        await socket.recv()
        for number in range(100):
            variables = {"ids": [global_id("Chat", uuid4()) for _ in range(100)]}
            payload = {"query": SYNC, "variables": variables}
            await socket.send(json.dumps({"id": str(number), "type": "subscribe", "payload": payload}))
        async with asyncio.timeout(2):
            while True:
                await socket.recv()


async def _sit(address: str) -> None:
    """Sockets that say nothing."""
    sockets = [await connect(address, subprotocols=[Subprotocol("graphql-transport-ws")]) for _ in range(50)]
    await asyncio.sleep(2)
    for socket in sockets:
        await socket.close()


if __name__ == "__main__":
    asyncio.run(attack(int(environ["PORT"]), environ["TOKEN"], environ["CHAT"]))
