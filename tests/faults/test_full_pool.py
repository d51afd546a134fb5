"""Requests hold every connection to the database: replies are written on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from api.database import POOL_SIZE
from api.graphql import relay
from tests.support.backends import Backend
from tests.support.people import Person
from tests.support.server import Running, serving
from tests.support.until import until

SLOW = "scripted?chars=100000&rate=1000"
"""A reply that outlasts the test."""

FRAMES = 5


@asynccontextmanager
async def locked(server: Running, chat: str) -> AsyncIterator[None]:
    """Somebody elsewhere has the chat's row, and takes their time."""
    connection = await asyncpg.connect(server.settings.database_url.replace("+asyncpg", ""))
    try:
        async with connection.transaction():
            await connection.execute("SELECT FROM chats WHERE id = $1 FOR UPDATE", relay.key_of("Chat", chat))
            yield
    finally:
        await connection.close()


@asynccontextmanager
async def every_connection_held(server: Running, ann: Person) -> AsyncIterator[None]:
    """By requests that wait for a locked row, with others in line for a connection."""
    chat, most = await ann.create_chat(), POOL_SIZE
    async with locked(server, chat):
        titles = [f"Title {number}" for number in range(2 * most)]
        renaming = [asyncio.create_task(ann.mutate("renameChat", chatId=chat, title=title)) for title in titles]
        await until(lambda: server.runtime.database.connections == most)
        yield
        assert not any(task.done() for task in renaming)
    await asyncio.gather(*renaming)


async def test_a_reply_is_written_on_while_requests_hold_every_connection(scaled: Backend) -> None:
    async with serving(scaled.settings(model=SLOW, grace_seconds=0.5), replies=True) as server:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        async with ann.socket() as socket:
            stream = await socket.stream(reply)
            while not (await stream.next())["content"]:
                pass
            async with every_connection_held(server, ann):
                for _ in range(FRAMES):
                    await stream.next()
