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
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import uvicorn
from fastapi import FastAPI
from sqlalchemy import select, update

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
from tests.support.people import Person, session_of
from tests.support.until import becomes

_names = count()


class QuietServer(uvicorn.Server):
    """Leaves the signals to pytest."""

    def capture_signals(self) -> Any:
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
        runtime: Runtime = self.app.state.runtime
        return runtime

    @property
    def settings(self) -> Settings:
        return self.runtime.settings

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    async def person(self, name: str) -> Person:
        """Somebody with an account of their own, made without the slow hashing of a password."""
        row = User(name=name, email=f"{name.lower()}.{next(_names)}@example.com", password="none")
        async with self.runtime.database.transaction() as session:
            session.add(row)
            await session.flush()
            session.add(session_of(row.id))
        token = Tokens(secret_key(self.settings), hours=1).issue(row.id, row.id)
        return Person(self.port, token, row.email, relay.global_id("User", row.id), relay.global_id("Viewer", row.id))

    def stranger(self) -> Person:
        """Somebody who is signed out."""
        return Person(self.port, "", "", "", "")

    def bearer(self, token: str) -> Person:
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

    async def row_when(self, id: str, holds: Callable[[Any], object]) -> Any:
        """The row of a streamed object, as soon as this holds."""
        return await becomes(lambda: self.row(id), holds)

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
