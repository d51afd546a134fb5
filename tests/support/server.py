"""A real Twotrack server in this test's event loop, and people who use it over real sockets.

async with serving(backend.settings()) as server:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    sent = await ann.send(chat, "Hello")
    async with ann.socket() as socket:
        stream = await socket.stream(sent["reply"]["id"])
        async with server.writing(sent["reply"]["id"]) as text:
            text.append("Hi")
        assert await stream.rest() == …
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Self
from uuid import UUID, uuid4

import httpx
import uvicorn
from fastapi import FastAPI
from graphql import GraphQLField, build_schema, get_named_type
from sqlalchemy import select, update
from websockets.asyncio.client import ClientConnection, connect

from api.accounts.models import User
from api.accounts.secret import secret_key
from api.accounts.sessions import Tokens
from api.graphql import relay
from api.product import TWOTRACK
from api.server.app import create_app
from api.server.product import Product
from api.server.runtime import Runtime
from api.server.serve import protocol_options
from api.settings import Settings
from api.streaming import leases
from api.streaming.columns import deadline
from api.streaming.draft import Draft
from api.streaming.writer import Writer

PATIENCE_SECONDS = 20
"""After so long without what a test waits for, it fails: generous, as two cores run everything."""

MESSAGE = "id chatId role content reasoning status streaming revision finishReason model error { code message }"
CHAT = "id title revision owner { id } participants { id }"
STREAM = f"subscription ($id: ID!) {{ messageStream(id: $id) {{ {MESSAGE} }} }}"
SYNC = "subscription ($ids: [ID!]!) { sync(ids: $ids) { id revision deleted } }"

CONTRACT = build_schema((Path(__file__).parents[2] / "schema.graphql").read_text())

PAYLOADS = {
    "AuthPayload": "token viewer { id email revision user { id name } }",
    "ChatPayload": f"chat {{ {CHAT} }}",
    "DeletePayload": "deletedId",
    "MessagePayload": f"message {{ {MESSAGE} }}",
    "SendMessagePayload": f"message {{ {MESSAGE} }} reply {{ {MESSAGE} }} chat {{ id revision }}",
}
"""What the tests select of each mutation's payload."""

_names = count()


class Refused(AssertionError):
    """The server answered with errors where the test expected none."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors)
        self.code = errors[0].get("extensions", {}).get("code")


class QuietServer(uvicorn.Server):
    """Leaves the signals to pytest."""

    def capture_signals(self) -> Any:  # type: ignore[override]
        return nullcontext()


@asynccontextmanager
async def serving(
    settings: Settings, product: Product = TWOTRACK, *, replies: bool = False, **options: Any
) -> AsyncIterator["Running"]:
    """A server on a free port. Without `replies`, tests write them themselves with `Running.writing`.

    `options` are uvicorn's.
    """
    app = create_app(settings, product, replies=replies)
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=1,
        **{**protocol_options(settings), **options},
    )  # fmt: skip
    server = QuietServer(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            task.result()
            raise RuntimeError("the server ended before it started")
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Running(app, port, server, product)
    finally:
        server.should_exit = True
        await task


@dataclass
class Running:
    """One server process, as its users see it, and its parts, as an operator might."""

    app: FastAPI
    port: int
    uvicorn: uvicorn.Server
    product: Product = TWOTRACK

    @property
    def runtime(self) -> Runtime:
        return self.app.state.runtime

    @property
    def settings(self) -> Settings:
        return self.runtime.settings

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    async def person(self, name: str) -> "Person":
        """Somebody with an account of their own, made without the slow hashing of a password."""
        row = User(name=name, email=f"{name.lower()}.{next(_names)}@example.com", password="none")
        async with self.runtime.database.transaction() as session:
            session.add(row)
        token = Tokens(secret_key(self.settings), hours=1).issue(row.id)
        return Person(self.port, token, row.email, relay.global_id("User", row.id), relay.global_id("Viewer", row.id))

    def stranger(self) -> "Person":
        """Somebody who is signed out."""
        return Person(self.port, "", "", "", "")

    def bearer(self, token: str) -> "Person":
        """Whoever this token says."""
        return Person(self.port, token, "", "", "")

    def _named(self, id: str) -> tuple[Any, UUID]:
        """The streamed model and the key of the object with this id."""
        kind, key = relay.read(id)
        return next(model for model in self.product.streams if model.__name__ == kind), key

    async def row(self, id: str) -> Any:
        """The row of a streamed object as the database has it: a Message, in the chat product."""
        model, key = self._named(id)
        async with self.runtime.database.reading() as session:
            return (await session.scalars(select(model).where(model.id == key))).one()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """What this process announces meanwhile is lost, as if it died between commit and publish."""
        publisher, published = self.runtime.publisher, self.runtime.publisher._publish

        async def lose(messages: object) -> None:
            """Nobody hears of it."""

        publisher._publish = lose
        try:
            yield
        finally:
            publisher._publish = published

    async def claim(self, id: str, *, writer: UUID | None = None) -> Any:
        """The waiting row of the object with this id, claimed as a worker would."""
        model, wanted = self._named(id)
        statement = leases.claim(model, writer or wanted, limit=100, lease=self.settings.lease_seconds)
        rows = [model(**row._mapping) for row in await self.runtime.database.write(statement)]
        return next(row for row in rows if row.id == wanted)

    async def let_lease_run_out(self, id: str) -> None:
        """As if its writer, or those who could have taken it, had been silent for too long."""
        model, key = self._named(id)
        expired = update(model).where(model.id == key).values(lease=deadline(-1)).returning(model.id)
        assert await self.runtime.database.write(expired)

    def writer(self, *, cadence: float = 0.0) -> Writer:
        """A writer as a worker has it, but with no pause between updates."""
        return Writer(
            self.runtime.database,
            self.runtime.publisher,
            cadence=cadence,
            lease=self.settings.lease_seconds,
            wait=self.settings.queue_seconds,
            limit=self.settings.reply_bytes,
        )

    @asynccontextmanager
    async def writing(self, id: str) -> AsyncIterator[Draft]:
        """Claim a waiting row and write it by hand."""
        row = await self.claim(id)
        async with self.writer() as writer, writer.stream(row) as text:
            yield text

    @asynccontextmanager
    async def writing_all(self, ids: list[str]) -> AsyncIterator[list[Draft]]:
        """Claim many waiting rows of one model and write them by hand, with one writer, as a worker does."""
        model, _ = self._named(ids[0])
        writer_id, texts, left = uuid4(), list[Draft](), asyncio.Event()
        claim = leases.claim(model, writer_id, limit=len(ids), lease=self.settings.lease_seconds)
        rows = [model(**row._mapping) for row in await self.runtime.database.write(claim)]
        assert {relay.global_id(model.__name__, row.id) for row in rows} == set(ids)

        async def write(writer: Writer, row: Any) -> None:
            async with writer.stream(row) as text:
                texts.append(text)
                await left.wait()

        async with self.writer(cadence=self.settings.cadence_seconds) as writer, asyncio.TaskGroup() as tasks:
            for row in rows:
                tasks.create_task(write(writer, row))
            await asyncio.sleep(0)
            try:
                yield texts
            finally:
                left.set()


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
        return response.json()

    async def ask(self, query: str, /, **variables: Any) -> dict[str, Any]:
        """The data of one operation. Raises Refused when there are errors."""
        answer = await self.post(query, **variables)
        if answer.get("errors"):
            raise Refused(answer["errors"])
        return answer["data"]

    async def mutate(self, name: str, /, **input: Any) -> dict[str, Any]:
        """One mutation by its name, and its payload. Raises Refused when there are errors."""
        data = await self.ask(mutation(name), input=input)
        return data[name]

    async def refusal(self, operation: str, /, **variables: Any) -> dict[str, Any]:
        """The one error of an operation that is to fail: of a document with variables, or of a mutation with input."""
        if operation in mutations():
            operation, variables = mutation(operation), {"input": variables}
        answer = await self.post(operation, **variables)
        (error,) = answer["errors"]
        return error

    async def create_chat(self, title: str = "A chat") -> str:
        data = await self.ask("mutation ($t: String) { createChat(input: { title: $t }) { chat { id } } }", t=title)
        return data["createChat"]["chat"]["id"]

    async def send(
        self, chat: str, content: str = "Hello", *, key: str | None = None, reply: bool = True
    ) -> dict[str, Any]:
        """`{ message, reply, chat { id revision } }`."""
        mutation = f"""mutation ($c: ID!, $t: String!, $k: String!, $r: Boolean!) {{
            sendMessage(input: {{ chatId: $c, content: $t, idempotencyKey: $k, reply: $r }}) {{
                message {{ {MESSAGE} }} reply {{ {MESSAGE} }} chat {{ id revision }} }} }}"""
        data = await self.ask(mutation, c=chat, t=content, k=key or f"key {next(_names)} {time.time_ns()}", r=reply)
        return data["sendMessage"]

    async def prompt(self, chat: str | None = None, content: str = "Hello") -> str:
        """Send a message to this chat, or to a new one; the id of its reply."""
        sent = await self.send(chat or await self.create_chat(), content)
        return str(sent["reply"]["id"])

    async def act(self, mutation: str, message: str) -> dict[str, Any]:
        """stopMessage, regenerateMessage: the message as it is after."""
        data = await self.ask(
            f"mutation ($m: ID!) {{ {mutation}(input: {{ messageId: $m }}) {{ message {{ {MESSAGE} }} }} }}", m=message
        )
        return data[mutation]["message"]

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
    async def socket(self, port: int | None = None) -> AsyncIterator["Socket"]:
        """A graphql-transport-ws connection, acknowledged."""
        async with connect(
            f"ws://127.0.0.1:{port or self.port}/graphql", subprotocols=["graphql-transport-ws"], max_size=None
        ) as connection:
            payload = {"authorization": f"Bearer {self.token}"} if self.token else {}
            await connection.send(json.dumps({"type": "connection_init", "payload": payload}))
            assert json.loads(await connection.recv())["type"] == "connection_ack"
            socket = Socket(connection)
            try:
                yield socket
            finally:
                socket.reading.cancel()


def mutations() -> dict[str, GraphQLField]:
    """The contract's mutations by name."""
    assert CONTRACT.mutation_type is not None
    return CONTRACT.mutation_type.fields


def mutation(name: str) -> str:
    """A document that calls this mutation with the variable `$input`."""
    field = mutations()[name]
    payload = PAYLOADS[get_named_type(field.type).name]
    return f"mutation ($input: {field.args['input'].type}) {{ {name}(input: $input) {{ {payload} }} }}"


class Socket:
    """A connection and the operations on it."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.subscriptions: dict[str, Subscription] = {}
        self.reading = asyncio.create_task(self._read())
        self.closed = asyncio.Event()
        self._ids = count()

    async def _read(self) -> None:
        try:
            async for text in self.connection:
                message = json.loads(text)
                if (subscription := self.subscriptions.get(message.get("id"))) is not None:
                    subscription.received.put_nowait(message)
        finally:
            self.closed.set()
            for subscription in self.subscriptions.values():
                subscription.received.put_nowait({"type": "closed", "code": self.connection.close_code})

    async def subscribe(self, query: str, /, **variables: Any) -> "Subscription":
        subscription = Subscription(self, f"operation {next(self._ids)}")
        self.subscriptions[subscription.id] = subscription
        payload = {"query": query, "variables": variables}
        await self.connection.send(json.dumps({"id": subscription.id, "type": "subscribe", "payload": payload}))
        return subscription

    async def stream(self, message: str) -> "Subscription":
        """Follow a message; its frames are the messages themselves."""
        return await self.subscribe(STREAM, id=message)

    async def sync(self, *ids: str) -> "Subscription":
        """Follow revisions."""
        return await self.subscribe(SYNC, ids=list(ids))


class Subscription:
    """One operation on a socket, message by message."""

    def __init__(self, socket: Socket, id: str) -> None:
        self.socket = socket
        self.id = id
        self.received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def message(self) -> dict[str, Any]:
        """The next protocol message: `next`, `error`, `complete`, or `closed` with the socket's close code."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.received.get()

    async def next(self) -> dict[str, Any]:
        """The next frame's object: a message, or a sync event. Raises Refused for errors."""
        message = await self.message()
        assert message["type"] == "next", message
        if message["payload"].get("errors"):
            raise Refused(message["payload"]["errors"])
        (value,) = message["payload"]["data"].values()
        return value

    async def until(self, **wanted: Any) -> dict[str, Any]:
        """The first frame that has these values."""
        while True:
            frame = await self.next()
            if all(frame.get(name) == value for name, value in wanted.items()):
                return frame

    async def rest(self) -> list[dict[str, Any]]:
        """All frames until `complete`."""
        frames = []
        while (message := await self.message())["type"] == "next":
            assert not message["payload"].get("errors"), message
            frames.extend(message["payload"]["data"].values())
        assert message["type"] == "complete", message
        return frames

    async def refusal(self) -> dict[str, Any]:
        """The one error that ends this: `data: null` with it, then `complete`."""
        message = await self.message()
        assert (message["type"], message["payload"]["data"]) == ("next", None), message
        (error,) = message["payload"]["errors"]
        assert (await self.message())["type"] == "complete"
        return error

    async def quiet_until(self, other: "Subscription", **wanted: Any) -> dict[str, Any]:
        """Assert that nothing arrived here by the time that `other`, on the same socket, has a frame like that."""
        frame = await other.until(**wanted)
        assert self.received.empty(), self.received.get_nowait()
        return frame

    async def complete(self) -> None:
        """Unsubscribe."""
        await self.socket.connection.send(json.dumps({"id": self.id, "type": "complete"}))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.complete()
