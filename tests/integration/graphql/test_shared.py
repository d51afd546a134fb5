"""Readers who ask the same of the same message share its execution and its JSON, and nothing else."""

import gc
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from weakref import WeakSet

import orjson
import pytest

from api.graphql.execution import shared
from api.graphql.execution.shared import SharedOperation
from tests.integration.following import TRANSPORTS, Stream, subscribed
from tests.support.operations import STREAM, Refused
from tests.support.people import Person
from tests.support.responses import MULTIPART, SSE, following
from tests.support.server import Running
from tests.support.statements import sent_to
from tests.support.until import until

pytestmark = pytest.mark.parametrize("backend", ["embedded", "embedded-plain", "scaled"], indirect=True)

OTHER = "subscription ($id: ID!) { messageStream(id: $id) { content status streaming } }"
OPTIONAL = (
    "subscription ($id: ID!, $more: Boolean!) "
    "{ messageStream(id: $id) { content status revision model @include(if: $more) } }"
)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> "Counter[str]":
    """How often a snapshot was projected, and a payload encoded."""
    counted: Counter[str] = Counter()
    make = SharedOperation.__init__

    def counting(self: SharedOperation, shares: Any, key: Any, name: str, project: Any, *rest: Any) -> None:
        def projected(thing: Any) -> Any:
            counted["projections"] += 1
            return project(thing)

        make(self, shares, key, name, projected, *rest)

    class Encoder:
        OPT_SORT_KEYS = orjson.OPT_SORT_KEYS
        loads = staticmethod(orjson.loads)

        @staticmethod
        def dumps(value: Any, *arguments: Any, **options: Any) -> bytes:
            counted["encodings"] += isinstance(value, dict) and "data" in value
            return orjson.dumps(value, *arguments, **options)

    monkeypatch.setattr(SharedOperation, "__init__", counting)
    monkeypatch.setattr(shared, "orjson", Encoder)
    return counted


@asynccontextmanager
async def readers(*people: Person, query: str = STREAM, **variables: Any) -> AsyncIterator[list[Stream]]:
    """Each on a socket of their own."""
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(person.socket()) for person in people]
        yield [await socket.subscribe(query, **variables) for socket in sockets]


async def written(server: Running, reply: str, streams: list[Stream], *pieces: str) -> list[list[dict[str, Any]]]:
    """Write a reply, each piece when all readers have the one before; the frames that each reader got."""
    frames = [[await stream.next()] for stream in streams]
    content = ""
    async with server.writing(reply) as text:
        for piece in pieces:
            text.append(piece)
            content += piece
            for stream, shown in zip(streams, frames, strict=True):
                shown.append(await stream.until(content=content))
    return [[*shown, *await stream.rest()] for stream, shown in zip(streams, frames, strict=True)]


async def test_an_update_is_projected_and_encoded_once_for_all_who_ask_the_same(
    server: Running, work: Counter[str]
) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with readers(*[ann] * 5, id=reply) as streams:
        frames = await written(server, reply, streams, "one", " two", " three")
    assert frames == frames[:1] * 5
    assert frames[0][-1]["content"] == "one two three"
    revisions = {frame["revision"] for frame in frames[0]}
    assert work == {"projections": len(revisions), "encodings": len(revisions)}


@pytest.mark.parametrize(
    ("query", "variables"),
    [(OTHER, {}), (STREAM + " ", {}), (OPTIONAL, {"more": True}), (OPTIONAL, {"more": False})],
    ids=["another document", "other spaces", "a variable", "the variable otherwise"],
)
async def test_whoever_asks_something_else_gets_it_at_the_price_of_one_more(
    server: Running, work: Counter[str], query: str, variables: dict[str, Any]
) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with (
        readers(ann, ann, id=reply) as same,
        readers(ann, ann, query=OPTIONAL, id=reply, more=True) as optional,
        readers(ann, query=query, id=reply, **variables) as other,
    ):
        frames = await written(server, reply, [*same, *optional, *other], "one", " two")
    asked = {(STREAM, ()), (OPTIONAL, (("more", True),)), (query, tuple(variables.items()))}
    updates = len({frame["revision"] for frame in frames[0]})
    assert work == {"projections": len(asked) * updates, "encodings": len(asked) * updates}
    assert all(("model" in frame) == bool(variables.get("more")) for frame in frames[-1] if query is OPTIONAL)


async def test_two_messages_share_nothing(server: Running, work: Counter[str]) -> None:
    ann = await server.person("Ann")
    one, two = await ann.prompt(), await ann.prompt()
    async with ann.socket() as socket, server.writing(one) as text_of_one:
        async with server.writing(two) as text_of_two:
            first, second = await socket.stream(one), await socket.stream(two)
            text_of_one.append("one")
            text_of_two.append("two")
            await first.until(id=one, content="one")
            await second.until(id=two, content="two")
            work.clear()
            text_of_two.append(" more")
            await second.until(id=two, content="two more")
            assert work == {"projections": 1, "encodings": 1}
            text_of_one.append(" more")
            await first.until(id=one, content="one more")
            assert work == {"projections": 2, "encodings": 2}
        await second.until(status="COMPLETE")
        assert first.received.empty()


async def test_readers_over_sockets_events_and_multipart_share_as_well(server: Running, work: Counter[str]) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with (
        readers(ann, ann, id=reply) as sockets,
        following(ann, SSE, STREAM, id=reply) as events,
        following(ann, SSE, STREAM, id=reply) as more_events,
        following(ann, MULTIPART, STREAM, id=reply) as parts,
    ):
        frames = await written(server, reply, [*sockets, events, more_events, parts], "one", " two", " three")
    assert frames == frames[:1] * 5
    updates = len({frame["revision"] for frame in frames[0]})
    assert work == {"projections": updates, "encodings": updates}


async def test_what_was_shared_is_forgotten_with_its_last_reader(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    shared_now: WeakSet[SharedOperation] = WeakSet()
    make = SharedOperation.__init__

    def noting(operation: SharedOperation, *arguments: Any) -> None:
        make(operation, *arguments)
        shared_now.add(operation)

    monkeypatch.setattr(SharedOperation, "__init__", noting)
    async with readers(ann, ann, id=reply) as streams:
        for stream in streams:
            await stream.next()
        assert len(shared_now) == 1
    await until(lambda: gc.collect() or not shared_now)


async def test_each_reader_is_authorized_by_one_query_of_their_own(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    reply = await ann.prompt(chat)
    with sent_to(server.runtime.database, like=lambda statement: "FROM participations" in statement) as asked:
        async with (
            readers(ann, bob, ann, id=reply) as sockets,
            following(bob, SSE, STREAM, id=reply) as events,
            following(ann, MULTIPART, STREAM, id=reply) as parts,
        ):
            await written(server, reply, [*sockets, events, parts], "one", " two", " three")
    assert len(asked) == 5


async def test_whoever_may_not_see_a_message_gets_nothing_of_what_others_share(server: Running) -> None:
    ann, eve = await server.person("Ann"), await server.person("Eve")
    reply = await ann.prompt()
    async with (
        readers(ann, id=reply) as allowed,
        readers(eve, server.stranger(), id=reply) as (hers, nobodys),
        following(eve, SSE, STREAM, id=reply) as events,
    ):
        for stream, code in ((hers, "NOT_FOUND"), (nobodys, "UNAUTHENTICATED"), (events, "NOT_FOUND")):
            with pytest.raises(Refused) as refused:
                await stream.next()
            assert refused.value.code == code
            assert await stream.rest() == []
        (frames,) = await written(server, reply, allowed, "one")
    assert frames[-1]["content"] == "one"


@pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=TRANSPORTS)
async def test_losing_access_ends_that_reader_and_no_other(server: Running, transport: str) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    reply = await ann.prompt(chat)
    async with AsyncExitStack() as stack:
        of_bob = await stack.enter_async_context(subscribed(bob, transport, STREAM, id=reply))
        (of_ann,) = await stack.enter_async_context(readers(ann, id=reply))
        await of_bob.next()
        await of_ann.next()
        async with server.writing(reply) as text:
            text.append("for both")
            await of_bob.until(content="for both")
            await of_ann.until(content="for both")
            await ann.remove(chat, bob)
            with pytest.raises(Refused) as refused:
                await of_bob.until(content="nothing more")
            assert refused.value.code == "NOT_FOUND"
            text.append(", now for one")
            await of_ann.until(content="for both, now for one")
        assert (await of_ann.rest())[-1]["status"] == "COMPLETE"
        assert await of_bob.rest() == []
