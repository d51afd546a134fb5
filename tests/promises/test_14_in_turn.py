"""Promise 14: a worker's reply is never begun while an earlier one of its chat is unfinished."""

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from uuid_utils.compat import uuid7

from api.chats.models import Message
from api.graphql import relay
from api.streaming import channels, leases
from api.streaming.columns import Status
from tests.support.people import Person
from tests.support.server import Running


def at(person: Person, server: Running) -> Person:
    """The same person with a tab on another server."""
    return Person(server.port, person.token, person.email, person.user_id, person.viewer_id)


async def claimable(server: Running) -> list[str]:
    """The replies that a worker would get now. It gets them: what is claimed counts as begun."""
    rows = await server.runtime.database.write(leases.claim(Message, uuid4(), limit=100, lease=15))
    return [relay.global_id("Message", row.id) for row in rows]


async def test_a_second_question_waits_until_the_first_reply_is_complete(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    first, second = await ann.prompt(chat, "One"), await ann.prompt(chat, "Two")
    async with server.writing(first) as text:
        text.append("1")
        assert await claimable(server) == []
    assert await claimable(server) == [second]


async def test_replies_of_other_chats_do_not_wait(server: Running) -> None:
    ann = await server.person("Ann")
    replies = [await ann.prompt(await ann.create_chat()) for _ in range(3)]
    assert sorted(await claimable(server)) == sorted(replies)


@pytest.mark.parametrize("mutation", ["stopMessage", "deleteMessage"])
async def test_stopping_or_deleting_the_reply_in_front_calls_the_next_one_at_once(
    server: Running, elsewhere: Running, mutation: str
) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    first, second = await ann.prompt(chat, "One"), await ann.prompt(chat, "Two")
    async with elsewhere.runtime.bus.subscribe(channels.work("messages")) as calls:
        await ann.mutate(mutation, messageId=first)
        async with asyncio.timeout(20):
            await anext(calls)
    assert await claimable(elsewhere) == [second]


async def test_a_killed_writer_holds_up_the_next_reply_no_longer_than_its_lease(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    first, second = await ann.prompt(chat, "One"), await ann.prompt(chat, "Two")
    async with ann.socket() as socket, server.writing(first) as text:
        stream = await socket.stream(first)
        text.append("half a")
        await stream.until(content="half a")
        await server.let_lease_run_out(first)
        await server.runtime.sweep.once()
        assert (await server.row(first)).status == Status.FAILED
        assert await claimable(server) == [second]


async def test_a_reply_behind_another_does_not_run_out_of_time(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    first, second = await ann.prompt(chat, "One"), await ann.prompt(chat, "Two")
    async with server.writing(first) as text:
        text.append("a long answer")
        await server.let_lease_run_out(second)
        await server.runtime.sweep.once()
        row = await server.row(second)
        assert (row.status, row.lease, row.revision) == (Status.STREAMING, None, 1)
        await server.runtime.sweep.once()
        assert (await server.row(second)).status == Status.STREAMING
    await server.runtime.sweep.once()  # now it is the first, and its time begins
    assert (await server.row(second)).lease is not None
    await server.let_lease_run_out(second)
    await server.runtime.sweep.once()
    row = await server.row(second)
    assert (row.status, row.error_code) == (Status.FAILED, "TIMEOUT")


async def test_regenerating_an_older_reply_does_not_wait_for_newer_ones(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    first = await ann.prompt(chat, "One")
    async with server.writing(first) as text:
        text.append("1")
    second = await ann.prompt(chat, "Two")
    async with server.writing(second) as text:
        text.append("2")
        await ann.act("regenerateMessage", first)
        assert await claimable(server) == [first]


async def test_of_questions_that_arrive_at_once_one_reply_is_begun_at_a_time_and_all_are(
    server: Running, elsewhere: Running
) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    sent = await asyncio.gather(
        *(
            at(person, here).prompt(chat, f"{number}")
            for number, (person, here) in enumerate([(ann, server), (bob, elsewhere)] * 5)
        )
    )
    begun = []
    for _ in sent:
        (reply,) = await claimable(server)
        begun.append(reply)
        await ann.act("stopMessage", reply)
    assert sorted(begun) == sorted(sent)
    assert begun == await in_order(server, sent)


async def in_order(server: Running, replies: list[str]) -> list[str]:
    keys = [relay.key_of("Message", reply) for reply in replies]
    query = select(Message.id).where(Message.id.in_(keys)).order_by(Message.position)
    return [relay.global_id("Message", row.id) for row in await server.runtime.database.read(query)]


async def test_messages_keep_their_order_whatever_the_servers_clocks_say(
    server: Running, elsewhere: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    await ann.send(chat, "First", reply=False)
    a_minute_behind = UUID(int=uuid7().int - (60_000 << 80))
    ids = iter([a_minute_behind])
    monkeypatch.setattr(Message.__table__.c.id.default, "arg", lambda _: next(ids))
    await at(ann, elsewhere).send(chat, "Second", reply=False)
    query = "query ($id: ID!) { chat(id: $id) { messages { edges { node { content } } } } }"
    edges = (await ann.ask(query, id=chat))["chat"]["messages"]["edges"]
    assert [edge["node"]["content"] for edge in edges] == ["First", "Second"]
