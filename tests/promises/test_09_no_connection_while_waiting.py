"""Promise 9: no database connection is held while anything waits: 200 live streams on a pool of 5."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial

import pytest
from sqlalchemy import event

from api.chats.models import Chat, Membership, Message, MessageRole
from api.database import Database
from api.graphql import relay
from api.server import process
from api.streaming.columns import enqueue
from tests.support.backends import Backend
from tests.support.people import Person
from tests.support.server import Running, serving
from tests.support.until import until

POOL = 5
STREAMS = 200
STREAMS_OF_A_SOCKET = 50
QUERIES = 50

PAGE = "query ($c: ID!) { chat(id: $c) { title participants { name } messages(last: 50) { edges { node { id } } } } }"


async def waiting_replies(server: Running, person: Person, count: int) -> list[str]:
    """Replies that wait for a writer, each in a chat of its own: those of one chat take turns."""
    user = relay.key_of("User", person.user_id)
    async with server.runtime.database.transaction() as session:
        chats = [Chat(title="A chat", owner_id=user) for _ in range(count)]
        session.add_all(chats)
        await session.flush()
        session.add_all([Membership(chat_id=chat.id, user_id=user) for chat in chats])
        rows = [Message(chat_id=chat.id, role=MessageRole.ASSISTANT) for chat in chats]
        for row in rows:
            enqueue(row, server.settings.queue_seconds)
        session.add_all(rows)
    return [relay.global_id("Message", row.id) for row in rows]


@pytest.fixture(autouse=True)
def _small_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "Database", partial(Database, pool_size=POOL))


async def test_200_live_streams_and_50_queries_at_once_do_with_a_pool_of_5(backend: Backend) -> None:
    async with serving(backend.settings(cadence_seconds=0.2)) as server, AsyncExitStack() as stack:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        replies = await waiting_replies(server, ann, STREAMS)
        sockets = [await stack.enter_async_context(ann.socket()) for _ in range(STREAMS // STREAMS_OF_A_SOCKET)]
        streams = [await sockets[number % len(sockets)].stream(reply) for number, reply in enumerate(replies)]
        for stream in streams:
            assert (await stream.next())["streaming"]
        checked_out = most_connections(server)
        async with server.writing_all(replies) as texts:
            for words in ("some ", "more ", "words"):
                for text in texts:
                    text.append(words)
                await asyncio.gather(*(ann.ask(PAGE, c=chat) for _ in range(QUERIES)))
                for stream in streams:
                    while not (await stream.next())["content"].endswith(words):
                        pass
        for stream in streams:
            last = (await stream.rest())[-1]
            assert (last["content"], last["status"]) == ("some more words", "COMPLETE")
        assert 0 < max(checked_out) <= POOL


def most_connections(server: Running) -> list[int]:
    """How many connections were in use, each time that one was taken."""
    counts = [0]
    pool = server.runtime.database.engine.sync_engine.pool
    event.listen(pool, "checkout", lambda *_: counts.append(pool.checkedout()))  # type: ignore[attr-defined]
    return counts


async def test_whoever_waits_holds_nothing(backend: Backend) -> None:
    async with serving(backend.settings(patience_seconds=3_600)) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        reply = await ann.prompt(chat)
        async with ann.socket() as socket, server.writing(reply) as text:
            stream, sync = await socket.stream(reply), await socket.sync(chat)
            await stream.next()
            await sync.next()
            text.append("a")
            await stream.until(content="a")
            await until(lambda: server.runtime.database.connections == 0)
            taken = most_connections(server)
            for _ in range(1_000):  # turns of the event loop, in which all that has something to do does it
                await asyncio.sleep(0)
            assert taken == [0]
