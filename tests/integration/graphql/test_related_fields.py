"""Subscribers of a stream share the objects that a snapshot names: one query per object and operation, none per update.

The field is `Message.author`; the tests give a reply an author, so that it is read while the reply is streaming.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from api.chats.models import Message
from api.graphql import relay
from api.graphql.execution.shared import SharedOperation
from tests.integration.following import TRANSPORTS, subscribed
from tests.support.people import Person
from tests.support.server import Running
from tests.support.statements import sent_to
from tests.support.until import until

pytestmark = pytest.mark.parametrize("backend", ["embedded", "embedded-plain", "scaled"], indirect=True)

AUTHOR = "subscription ($id: ID!) { messageStream(id: $id) { content status author { id name } } }"


@pytest.fixture(params=[*TRANSPORTS.values()], ids=[*TRANSPORTS])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def reply_by(server: Running, author: Person) -> str:
    """A streaming reply that names this author."""
    reply = await author.prompt()
    async with server.runtime.database.transaction() as session:
        row = await session.get_one(Message, relay.key_of("Message", reply))
        row.author_id = relay.key_of("User", author.user_id)
    return reply


def reads_users(statement: str) -> bool:
    return "FROM users" in statement and "users.id IN" in statement


@dataclass
class Reads:
    """The reads of related objects while they are held."""

    asked: int = 0
    """How often a subscriber needed an object that was not loaded yet."""
    begun: int = 0
    let_go: asyncio.Event = field(default_factory=asyncio.Event)


@contextmanager
def held_reads(server: Running, *, failures: int = 0) -> Iterator[Reads]:
    """Reads of related objects wait until `let_go` is set, at last when this is left. The first `failures` fail."""
    reads, database = Reads(), server.runtime.database
    load, reading = SharedOperation.load, database.reading

    def counting(operation: SharedOperation, *arguments: Any) -> Any:
        reads.asked += 1
        return load(operation, *arguments)

    @asynccontextmanager
    async def held() -> AsyncIterator[Any]:
        reads.begun += 1
        fails = reads.begun <= failures
        await reads.let_go.wait()
        if fails:
            raise ConnectionError("the database is away")
        async with reading() as session:
            yield session

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SharedOperation, "load", counting)
        patch.setattr(database, "reading", held)
        try:
            yield reads
        finally:
            reads.let_go.set()


async def test_each_author_is_read_once_for_all_subscribers_and_updates(server: Running, transport: str) -> None:
    ann = await server.person("Ann")
    reply = await reply_by(server, ann)
    with sent_to(server.runtime.database, like=reads_users) as queries:
        async with AsyncExitStack() as stack:
            streams = [await stack.enter_async_context(subscribed(ann, transport, AUTHOR, id=reply)) for _ in range(3)]
            for stream in streams:
                assert (await stream.next())["author"] == {"id": ann.user_id, "name": "Ann"}
            content = ""
            async with server.writing(reply) as text:
                for piece in ("one", " two", " three"):
                    text.append(piece)
                    content += piece
                    for stream in streams:
                        frame = await stream.until(content=content)
                        assert frame["author"] == {"id": ann.user_id, "name": "Ann"}
            for stream in streams:
                assert (await stream.rest())[-1]["status"] == "COMPLETE"
    assert len(queries) == 1


async def test_a_message_without_an_author_reads_no_user(server: Running, transport: str) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    with sent_to(server.runtime.database, like=reads_users) as queries:
        async with subscribed(ann, transport, AUTHOR, id=reply) as stream:
            assert (await stream.next())["author"] is None
            async with server.writing(reply) as text:
                text.append("Hi")
            assert (await stream.rest())[-1] == {"content": "Hi", "status": "COMPLETE", "author": None}
    assert queries == []


async def test_if_the_author_cannot_be_read_graphql_core_executes_the_operation(
    server: Running, transport: str
) -> None:
    ann = await server.person("Ann")
    reply = await reply_by(server, ann)
    with held_reads(server, failures=1) as reads:
        reads.let_go.set()
        async with subscribed(ann, transport, AUTHOR, id=reply) as stream:
            assert (await stream.next())["author"] == {"id": ann.user_id, "name": "Ann"}
            async with server.writing(reply) as text:
                text.append("Hi")
            assert (await stream.rest())[-1]["status"] == "COMPLETE"
    assert reads.begun > 1


async def test_a_subscriber_that_leaves_while_the_author_is_read_takes_nothing_from_the_others(
    server: Running, transport: str
) -> None:
    ann = await server.person("Ann")
    reply = await reply_by(server, ann)
    async with AsyncExitStack() as staying:
        reads = staying.enter_context(held_reads(server))
        async with subscribed(ann, transport, AUTHOR, id=reply):
            await until(lambda: reads.asked == 1)
            stream = await staying.enter_async_context(subscribed(ann, transport, AUTHOR, id=reply))
            await until(lambda: reads.asked == 2)
            (topic,) = server.runtime.hub.topics
        await until(lambda: len(topic.subscribers) == 1)
        reads.let_go.set()
        assert (await stream.next())["author"] == {"id": ann.user_id, "name": "Ann"}
    assert reads.begun == 1


async def test_a_subscription_that_was_completed_while_the_author_is_read_gets_nothing_more(server: Running) -> None:
    ann = await server.person("Ann")
    reply = await reply_by(server, ann)
    async with ann.socket() as socket:
        with held_reads(server) as reads:
            left = await socket.subscribe(AUTHOR, id=reply)
            await until(lambda: reads.asked == 1)
            await left.complete()
            await until(lambda: not server.runtime.hub.topics)
        other = await socket.subscribe(AUTHOR, id=reply)
        await left.quiet_until(other, status="STREAMING")
