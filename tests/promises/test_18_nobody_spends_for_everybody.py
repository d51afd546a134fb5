"""Promise 18: one user cannot delay another user's reply, and workers write few replies of one user at once."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from api.chats.models import Message
from api.graphql.relay import key_of
from api.streaming import leases
from api.streaming.columns import Status
from tests.support.backends import Backend
from tests.support.server import Running, serving
from tests.support.until import PATIENCE_SECONDS, becomes

pytestmark = pytest.mark.parametrize("backend", ["embedded", "scaled"], indirect=True)
"""How a server writes to its sockets makes no difference here."""


async def claimed(server: Running, limit: int, at_once: int) -> list[UUID]:
    """The ids of the rows that a worker gets, in any order."""
    statement = leases.claim(Message, uuid4(), limit=limit, lease=60, at_once=at_once)
    return [row.id for row in await server.runtime.database.write(statement)]


def keys(replies: list[str]) -> set[UUID]:
    return {key_of("Message", reply) for reply in replies}


async def test_the_reply_of_another_user_begins_while_one_user_asks_for_many(
    backend: Backend,
) -> None:
    settings = backend.settings(
        replies_at_once=2, worker_replies=3, model="scripted?chars=100000&rate=20", grace_seconds=1
    )
    async with serving(settings, replies=True) as server:
        ann, bob = await server.person("Ann"), await server.person("Bob")
        many = [await ann.prompt() for _ in range(10)]
        async with bob.socket() as socket:
            stream = await socket.stream(await bob.prompt())
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not (await stream.next())["content"]:
                    pass
        written = select(Message.requested_by_id).where(Message.streaming, Message.writer.is_not(None))
        rows = await server.runtime.database.read(written)
        assert sorted(Counter(row.requested_by_id for row in rows).values()) == [1, 2]
        await ann.act("stopMessage", many[0])
        await becomes(lambda: _states(server, many), lambda now: sum(state == "written" for state in now) == 2)


async def _states(server: Running, replies: list[str]) -> list[str]:
    query = select(Message.id, Message.status, Message.writer).where(Message.id.in_(keys(replies)))
    rows = await server.runtime.database.read(query)
    return ["ended" if row.status != Status.STREAMING else "waits" if row.writer is None else "written" for row in rows]


async def test_workers_write_so_many_replies_of_one_user_and_all_of_the_others(server: Running) -> None:
    ann, bob, carl = [await server.person(name) for name in ("Ann", "Bob", "Carl")]
    anns = [await ann.prompt() for _ in range(6)]
    others = [await bob.prompt(), await carl.prompt()]
    first = await claimed(server, 100, at_once=2)
    assert set(first) == keys(anns[:2] + others)
    assert await claimed(server, 100, at_once=2) == []
    await ann.act("stopMessage", anns[0])
    assert set(await claimed(server, 100, at_once=2)) == keys(anns[2:3])
    assert set(await claimed(server, 100, at_once=0)) == keys(anns[3:])


async def test_the_users_with_the_fewest_replies_come_first(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    anns = [await ann.prompt() for _ in range(3)]
    assert set(await claimed(server, 1, at_once=5)) == keys(anns[:1])
    bobs = [await bob.prompt() for _ in range(2)]
    assert set(await claimed(server, 1, at_once=5)) == keys(bobs[:1])
    assert set(await claimed(server, 2, at_once=5)) == keys([anns[1], bobs[1]])


async def test_two_workers_that_claim_at_the_same_moment_keep_to_the_limit(server: Running) -> None:
    ann = await server.person("Ann")
    anns = [await ann.prompt() for _ in range(8)]
    got = await asyncio.gather(*(claimed(server, 100, at_once=3) for _ in range(6)))
    assert {key for keys in got for key in keys} == keys(anns[:3])


async def test_a_regenerated_reply_counts_for_the_user_who_regenerated_it(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    reply = await ann.prompt(chat)
    await ann.act("stopMessage", reply)
    others = [await ann.prompt() for _ in range(2)]
    assert set(await claimed(server, 100, at_once=2)) == keys(others)
    await bob.act("regenerateMessage", reply)
    assert set(await claimed(server, 100, at_once=2)) == keys([reply])


async def test_the_time_in_the_queue_does_not_run_while_a_user_has_others_written(backend: Backend) -> None:
    settings = backend.settings(replies_at_once=1, queue_seconds=1, patience_seconds=0.1, lease_seconds=60)
    async with serving(settings) as server:
        ann = await server.person("Ann")
        first, second = await ann.prompt(), await ann.prompt()
        assert set(await claimed(server, 100, at_once=1)) == keys([first])
        await becomes(lambda: _lease(server, second), lambda lease: lease is None)
        await ann.act("stopMessage", first)
        await becomes(lambda: _lease(server, second), lambda lease: lease is not None)
        # Now no worker comes, and the time runs.
        await becomes(lambda: _states(server, [second]), lambda now: now == ["ended"])


async def _lease(server: Running, reply: str) -> Any:
    (row,) = await server.runtime.database.read(select(Message.lease).where(Message.id == key_of("Message", reply)))
    return row.lease
