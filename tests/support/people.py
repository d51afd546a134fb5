"""People who use a server: each with a token, over HTTP or a socket."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import httpx
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from api.accounts.models import Session
from api.streaming.columns import now
from tests.support.operations import MESSAGE, Refused, mutation, mutations
from tests.support.sockets import Socket
from tests.support.until import PATIENCE_SECONDS

_keys = count()


@dataclass
class Person:
    """Somebody at a client."""

    port: int
    token: str
    email: str
    user_id: str
    viewer_id: str
    chats: list[str] = field(default_factory=list)

    async def post(self, query: str, /, **variables: Any) -> dict[str, Any]:
        """The whole answer to one operation over HTTP."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        # Plain HTTP: reading the authorities of TLS for each client takes 40 ms, a third of these tests.
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, verify=False) as client:
            body = json.dumps({"query": query, "variables": variables})  # with escapes: httpx takes no lone surrogate
            headers["content-type"] = "application/json"
            response = await client.post(f"http://127.0.0.1:{self.port}/graphql", content=body, headers=headers)
        answer: dict[str, Any] = response.json()
        return answer

    async def ask(self, query: str, /, **variables: Any) -> dict[str, Any]:
        """The data of one operation. Raises Refused when there are errors."""
        answer = await self.post(query, **variables)
        if answer.get("errors"):
            raise Refused(answer["errors"])
        data: dict[str, Any] = answer["data"]
        return data

    async def mutate(self, name: str, /, **input: Any) -> dict[str, Any]:
        """One mutation by its name, and its payload. Raises Refused when there are errors."""
        payload: dict[str, Any] = (await self.ask(mutation(name), input=input))[name]
        return payload

    async def refusal(self, operation: str, /, **variables: Any) -> dict[str, Any]:
        """The one error of an operation that is to fail: of a document with variables, or of a mutation with input."""
        if operation in mutations():
            operation, variables = mutation(operation), {"input": variables}
        error: dict[str, Any]
        (error,) = (await self.post(operation, **variables))["errors"]
        return error

    async def create_chat(self, title: str = "A chat") -> str:
        data = await self.ask("mutation ($t: String) { createChat(input: { title: $t }) { chat { id } } }", t=title)
        return str(data["createChat"]["chat"]["id"])

    async def send(
        self, chat: str, content: str = "Hello", *, key: str | None = None, reply: bool = True
    ) -> dict[str, Any]:
        """`{ message, reply, chat { id revision } }`."""
        mutation = f"""mutation ($c: ID!, $t: String!, $k: String!, $r: Boolean!) {{
            sendMessage(input: {{ chatId: $c, content: $t, idempotencyKey: $k, reply: $r }}) {{
                message {{ {MESSAGE} }} reply {{ {MESSAGE} }} chat {{ id revision }} }} }}"""
        key = key or f"key {next(_keys)} {time.time_ns()}"
        sent: dict[str, Any] = (await self.ask(mutation, c=chat, t=content, k=key, r=reply))["sendMessage"]
        return sent

    async def prompt(self, chat: str | None = None, content: str = "Hello") -> str:
        """Send a message to this chat, or to a new one; the id of its reply."""
        sent = await self.send(chat or await self.create_chat(), content)
        return str(sent["reply"]["id"])

    async def act(self, mutation: str, message: str) -> dict[str, Any]:
        """stopMessage, regenerateMessage: the message as it is after."""
        data = await self.ask(
            f"mutation ($m: ID!) {{ {mutation}(input: {{ messageId: $m }}) {{ message {{ {MESSAGE} }} }} }}", m=message
        )
        changed: dict[str, Any] = data[mutation]["message"]
        return changed

    async def add(self, chat: str, other: "Person") -> None:
        mutation = (
            "mutation ($c: ID!, $e: String!) { addParticipant(input: { chatId: $c, email: $e }) { chat { id } } }"
        )
        await self.ask(mutation, c=chat, e=other.email)

    async def remove(self, chat: str, other: "Person") -> None:
        mutation = (
            "mutation ($c: ID!, $u: ID!) { removeParticipant(input: { chatId: $c, userId: $u }) { chat { id } } }"
        )
        await self.ask(mutation, c=chat, u=other.user_id)

    @asynccontextmanager
    async def socket(self, port: int | None = None) -> AsyncIterator[Socket]:
        """A graphql-transport-ws connection, acknowledged."""
        async with connect(
            f"ws://127.0.0.1:{port or self.port}/graphql",
            subprotocols=[Subprotocol("graphql-transport-ws")],
            max_size=None,
        ) as connection:
            payload = {"authorization": f"Bearer {self.token}"} if self.token else {}
            await connection.send(json.dumps({"type": "connection_init", "payload": payload}))
            assert json.loads(await connection.recv())["type"] == "connection_ack"
            socket = Socket(connection)
            try:
                yield socket
            finally:
                socket.reading.cancel()


def session_of(user: UUID) -> Session:
    """A session of this user. It has the user's id, so that tests can issue tokens for it."""
    return Session(id=user, user_id=user, expires_at=now() + timedelta(days=1))
