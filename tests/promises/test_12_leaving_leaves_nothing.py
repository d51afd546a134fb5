"""Promise 12: after a thousand sockets are aborted in mid-stream, nothing of them remains."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import event

from tests.support.backends import Backend
from tests.support.operations import STREAM, SYNC, mutation
from tests.support.remains import Remains, connected, frame, sse
from tests.support.server import Running, serving
from tests.support.until import until

SOCKETS = {"embedded": 1_000, "embedded-plain": 300, "scaled": 1_000}
MESSAGES = 10
AT_ONCE = 50
"""So many connect at the same moment: more than a listening socket's backlog of them would be refused."""


@asynccontextmanager
async def still(backend: Backend) -> AsyncIterator[Running]:
    """A server that does nothing by itself meanwhile."""
    async with serving(backend.settings(patience_seconds=3_600)) as server:
        yield server


async def test_a_thousand_aborted_sockets_leave_nothing(backend: Backend) -> None:
    async with still(backend) as server:
        ann = await server.person("Ann")
        chats = [await ann.create_chat() for _ in range(MESSAGES)]
        replies = [await ann.prompt(chat) for chat in chats]
        before = Remains(server)
        writers: list[asyncio.StreamWriter] = []
        count = SOCKETS[backend.name]
        async with server.writing_all(replies) as texts:
            for start in range(0, count, AT_ONCE):
                writers += await asyncio.gather(
                    *(
                        connected(ann, (STREAM, {"id": replies[number % MESSAGES]}), (SYNC, {"ids": chats[:1]}))
                        for number in range(start, min(start + AT_ONCE, count))
                    )
                )
            assert len(server.runtime.hub.topics) == MESSAGES + 1
            for text in texts:
                text.append("in the middle of it")
            await until(lambda: all(topic.latest.revision > 1 for topic in server.runtime.hub.topics))
            for writer in writers:
                writer.transport.abort()
            for text in texts:
                text.append("to nobody")
        await before.nothing_new()


async def test_aborted_event_streams_leave_nothing(backend: Backend) -> None:
    async with still(backend) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        reply = await ann.prompt(chat)
        before = Remains(server)
        writers = [await sse(ann, STREAM, id=reply) for _ in range(25)]
        writers += [await sse(ann, SYNC, ids=[chat]) for _ in range(25)]
        for writer in writers:
            writer.transport.abort()
        await before.nothing_new()


async def test_operations_that_are_completed_leave_nothing_on_a_socket_that_stays(backend: Backend) -> None:
    async with still(backend) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        reply = await ann.prompt(chat)
        async with ann.socket() as socket:
            tasks, channels = asyncio.all_tasks(), server.runtime.bus.channels
            for _ in range(3):
                operations = [await socket.stream(reply) for _ in range(20)]
                operations += [await socket.sync(chat) for _ in range(20)]
                for operation in operations:
                    await operation.next()
                for operation in operations:
                    await operation.complete()
                await until(lambda: server.runtime.bus.channels == channels)
                await until(lambda: asyncio.all_tasks() <= tasks)
            assert not server.runtime.hub.topics


async def test_sockets_aborted_at_any_moment_of_subscribing_leave_nothing(backend: Backend) -> None:
    async with still(backend) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        reply = await ann.prompt(chat)
        before = Remains(server)
        for moment in range(60):
            writer = await connected(ann)
            for number, (query, variables) in enumerate([(STREAM, {"id": reply}), (SYNC, {"ids": [chat]})]):
                message = {"id": str(number), "type": "subscribe", "payload": {"query": query, "variables": variables}}
                writer.write(frame(message))
            await asyncio.sleep(moment / 5_000)
            writer.transport.abort()
        await before.nothing_new()


async def test_whoever_leaves_in_the_middle_of_queries_and_mutations_costs_no_connection_to_the_database(
    backend: Backend,
) -> None:
    rename, query = mutation("renameChat"), "query ($c: ID!) { chat(id: $c) { title } viewer { email } }"
    async with still(backend) as server:
        lost: list[object] = []
        event.listen(server.runtime.database.engine.sync_engine, "invalidate", lambda *which: lost.append(which))
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        before = Remains(server)
        for moment in range(60):
            writer = await connected(ann)
            operations = [(query, {"c": chat}), (rename, {"input": {"chatId": chat, "title": f"Moment {moment}"}})] * 3
            for number, (document, variables) in enumerate(operations):
                payload = {"query": document, "variables": variables}
                writer.write(frame({"id": str(number), "type": "subscribe", "payload": payload}))
            await asyncio.sleep(moment / 3_000)
            writer.transport.abort()
        await before.nothing_new()
        assert lost == []


async def test_a_server_that_ends_in_mid_stream_leaves_nothing(backend: Backend) -> None:
    before = asyncio.all_tasks()
    async with serving(backend.settings()) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        reply = await ann.prompt(chat)
        writers = [await connected(ann, (STREAM, {"id": reply}), (SYNC, {"ids": [chat]})) for _ in range(10)]
        writers.append(await sse(ann, STREAM, id=reply))
    for writer in writers:
        writer.close()
    await until(lambda: asyncio.all_tasks() <= before)
    assert server.runtime.database.connections == 0
