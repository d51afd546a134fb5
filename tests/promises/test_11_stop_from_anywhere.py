"""Promise 11: Stop works from any tab, person and process, and a key sent twice makes one message."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from api.graphql import relay
from tests.support.backends import Backend
from tests.support.people import Person
from tests.support.server import Running, serving
from tests.support.sockets import Subscription
from tests.support.until import until

pytestmark = pytest.mark.parametrize("backend", ["embedded", "scaled"], indirect=True)
"""How a server writes to its sockets makes no difference here."""

SLOW = "scripted?chars=100000&rate=400"
SILENT = "scripted?chars=1000&rate=0&stall_at=100"


def asking(reply: str) -> set[str]:
    """The tasks that write this reply, each with its request to the model."""
    name = f"Message: {relay.key_of('Message', reply)}"
    return {task.get_name() for task in asyncio.all_tasks() if task.get_name() == name}


@pytest_asyncio.fixture
async def worker(backend: Backend) -> AsyncIterator[Running]:
    """A process that writes replies, slowly; it learns of decisions by the bus, or by its next update."""
    async with serving(backend.settings(model=SLOW, grace_seconds=0.5), replies=True) as running:
        yield running


@pytest_asyncio.fixture
async def elsewhere(backend: Backend, worker: Running) -> AsyncIterator[Running]:
    """A process that does not; with the bus in memory there is only the one."""
    if worker.settings.one_process:
        yield worker
        return
    async with serving(worker.settings) as other:
        yield other


def at(person: Person, server: Running) -> Person:
    """The same person with a tab on another server."""
    return Person(server.port, person.token, person.email, person.user_id, person.viewer_id)


async def growing(stream: Subscription) -> str:
    """Wait for some text; what there is then."""
    while not (content := (await stream.next())["content"]):
        pass
    return str(content)


@pytest.mark.parametrize("who", ["the same tab", "another tab", "another person", "another process"])
async def test_whoever_stops_a_reply_all_see_it_at_once_and_its_text_stays(
    worker: Running, elsewhere: Running, who: str
) -> None:
    ann, bob = await worker.person("Ann"), await worker.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    async with ann.socket() as near, bob.socket(elsewhere.port) as far:
        reply = await ann.prompt(chat)
        streams = [await near.stream(reply), await far.stream(reply)]
        shown = [await growing(stream) for stream in streams]
        stopper = {"another person": bob, "another process": at(ann, elsewhere)}.get(who, ann)
        if who == "the same tab":
            mutation = "mutation ($m: ID!) { stopMessage(input: { messageId: $m }) { message { status } } }"
            stopped = await (await near.subscribe(mutation, m=reply)).next()
        else:
            stopped = await stopper.act("stopMessage", reply)
        ends = [(await stream.rest())[-1] for stream in streams]
        await until(lambda: not asking(reply))
    row = await worker.row(reply)
    for end, content in zip(ends, shown, strict=True):
        assert (end["status"], end["content"], end["revision"]) == ("STOPPED", row.content, row.revision)
        assert row.content.startswith(content)
    assert who == "the same tab" or (stopped["content"], stopped["status"]) == (row.content, "STOPPED")


async def test_a_stopped_reply_stays_as_it_is(worker: Running) -> None:
    ann = await worker.person("Ann")
    async with ann.socket() as socket:
        reply = await ann.prompt()
        await growing(await socket.stream(reply))
        stopped = await ann.act("stopMessage", reply)
        await until(lambda: not asking(reply))  # so nobody could write it any more
        row = await worker.row(reply)
        assert (row.content, row.revision, row.status) == (stopped["content"], stopped["revision"], "STOPPED")
        assert await (await socket.stream(reply)).rest() == [stopped]


async def test_the_writer_hears_of_a_stop_by_the_bus_before_its_next_update(backend: Backend) -> None:
    settings = backend.settings(model=SLOW, cadence_seconds=300, lease_seconds=90, grace_seconds=0.5)
    async with serving(settings, replies=True) as worker:
        ann = await worker.person("Ann")
        async with ann.socket() as socket:
            reply = await ann.prompt()
            await growing(await socket.stream(reply))  # at once; the next update and the next heartbeat are far
            assert asking(reply)
            await ann.act("stopMessage", reply)
            await until(lambda: not asking(reply))


async def test_a_stop_that_the_bus_lost_reaches_the_writer_by_its_next_update_and_the_readers_by_the_sweep(
    worker: Running, elsewhere: Running
) -> None:
    ann = await worker.person("Ann")
    async with ann.socket() as socket:
        reply = await ann.prompt()
        stream = await socket.stream(reply)
        await growing(stream)
        with elsewhere.silent():
            await at(ann, elsewhere).act("stopMessage", reply)
            await until(lambda: not asking(reply))
            assert (await stream.rest())[-1]["status"] == "STOPPED"


async def test_a_stop_that_the_bus_lost_reaches_a_silent_writer_by_its_next_heartbeat(backend: Backend) -> None:
    settings = backend.settings(model=SILENT, lease_seconds=3, patience_seconds=3_600)
    async with serving(settings, replies=True) as worker:
        ann = await worker.person("Ann")
        async with ann.socket() as socket:
            reply = await ann.prompt()
            stream = await socket.stream(reply)
            while len((await stream.next())["content"]) < 100:
                pass
            with worker.silent():
                await ann.act("stopMessage", reply)
                await worker.runtime.publisher.drained()
                assert asking(reply)
                await until(lambda: not asking(reply))
        assert (await worker.row(reply)).status == "STOPPED"


async def test_a_reply_that_is_deleted_is_no_longer_written(worker: Running, elsewhere: Running) -> None:
    ann = await worker.person("Ann")
    async with ann.socket() as socket:
        reply = await ann.prompt()
        await growing(await socket.stream(reply))
        await at(ann, elsewhere).mutate("deleteMessage", messageId=reply)
        await until(lambda: not asking(reply))


async def test_a_reply_that_is_stopped_and_regenerated_at_once_is_written_anew(worker: Running) -> None:
    ann = await worker.person("Ann")
    async with ann.socket() as socket:
        reply = await ann.prompt()
        await growing(await socket.stream(reply))
        for _ in range(5):
            await ann.act("stopMessage", reply)
            again = await ann.act("regenerateMessage", reply)
            stream = await socket.stream(reply)
            assert (await stream.next())["revision"] >= again["revision"]
            await growing(stream)
            assert len(asking(reply)) == 1
        assert (await ann.act("stopMessage", reply))["status"] == "STOPPED"
        await until(lambda: not asking(reply))


async def test_a_stop_leaves_the_other_replies_alone(worker: Running) -> None:
    ann = await worker.person("Ann")
    async with ann.socket() as socket:
        stopped, other = [await ann.prompt() for _ in range(2)]
        streams = {reply: await socket.stream(reply) for reply in (stopped, other)}
        for stream in streams.values():
            await growing(stream)
        await ann.act("stopMessage", stopped)
        await streams[stopped].until(status="STOPPED")
        longer = await growing(streams[other])
        while len((await streams[other].next())["content"]) <= len(longer):
            pass
        assert asking(other)


@pytest.mark.parametrize("at_once", [2, 8])
async def test_a_key_sent_many_times_at_once_makes_one_message(server: Running, backend: Backend, at_once: int) -> None:
    settings = server.settings
    async with serving(settings) as other:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        tabs = [ann, ann if settings.one_process else at(ann, other)]
        async with ann.socket() as socket:
            sync = await socket.sync(chat)
            before = (await sync.next())["revision"]
            sent = await asyncio.gather(
                *(tabs[number % 2].send(chat, "Hello", key="the same") for number in range(at_once))
            )
            await ann.mutate("renameChat", chatId=chat, title="b")
            await sync.until(revision=before + 2)
        assert len({payload["message"]["id"] for payload in sent}) == 1
        assert len({payload["reply"]["id"] for payload in sent}) == 1
        page = "query ($c: ID!) { chat(id: $c) { messages(first: 10) { edges { node { role } } } } }"
        edges = (await ann.ask(page, c=chat))["chat"]["messages"]["edges"]
        assert [edge["node"]["role"] for edge in edges] == ["USER", "ASSISTANT"]


async def test_the_same_words_under_another_key_are_another_message(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    first, second = await asyncio.gather(*(ann.send(chat, "Hello", key=key) for key in ("one", "other")))
    assert first["message"]["id"] != second["message"]["id"]
