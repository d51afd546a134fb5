"""A worker sends the history of the chat to a model, and writes its reply."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import cast

import pytest
import pytest_asyncio

from api.chats.finish_reasons import FinishReason
from api.chats.models import Message
from api.graphql import relay
from api.replies import prompt
from api.replies.producer import ReplyProducer
from api.replies.prompt import HISTORY_MESSAGES
from api.replies.reply_model import Event, Finished, ReplyModel, Text, Turn
from api.streaming.worker import StreamWorker
from tests.support.backends import Backend
from tests.support.people import Person
from tests.support.server import Running, serving


class Listener:
    """A model that always gives the same reply, and keeps the history it received."""

    name = "listener"

    def __init__(self) -> None:
        self.received: list[Turn] = []

    async def reply_to(self, history: Sequence[Turn], text: str) -> AsyncGenerator[Event]:
        self.received = list(history)
        yield Text("I see.")
        yield Finished(FinishReason.STOP, 1, 2, None)


class Chatterbox:
    """A model that yields events without end and never waits."""

    name = "chatterbox"

    async def reply_to(self, history: Sequence[Turn], text: str) -> AsyncGenerator[Event]:
        yield Text("Well, ")
        while True:
            yield Text("")


@asynccontextmanager
async def working(server: Running, model: Listener | Chatterbox) -> AsyncGenerator[None]:
    """A worker beside the server, which writes one reply at a time with this model."""
    runtime = server.runtime
    produce = ReplyProducer(runtime.database, cast(ReplyModel, model), lease=15)
    async with server.writer() as writer:
        worker = StreamWorker(
            Message, produce, store=runtime.database, bus=runtime.bus, writer=writer, lease=15, limit=1
        )
        async with worker.working(grace=5):
            yield


class Desk:
    """A server, and a worker beside it that has this model."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.model = Listener()

    async def answered(self, person: Person, chat: str, content: str) -> list[Turn]:
        """The history that the model receives for this message."""
        async with working(self.server, self.model), person.socket() as socket:
            stream = await socket.stream(await person.prompt(chat, content))
            last = (await stream.rest())[-1]
        assert (last["content"], last["status"], last["model"]) == ("I see.", "COMPLETE", "listener")
        return self.model.received


@pytest_asyncio.fixture
async def desk(backend: Backend) -> AsyncGenerator[Desk]:
    async with serving(backend.settings()) as server:
        yield Desk(server)


async def test_a_model_receives_the_history_in_order_with_its_authors(desk: Desk) -> None:
    ann, bob = await desk.server.person("Ann"), await desk.server.person("Bob")
    chat, other = await ann.create_chat(), await ann.create_chat()
    await ann.add(chat, bob)
    await bob.send(chat, "One", reply=False)
    await ann.send(other, "Elsewhere", reply=False)
    await desk.answered(ann, chat, "Two")
    received = await desk.answered(bob, chat, "Three")
    ann_id, bob_id = relay.read(ann.user_id)[1], relay.read(bob.user_id)[1]
    assert received == [
        Turn("user", "One", "Bob", bob_id),
        Turn("user", "Two", "Ann", ann_id),
        Turn("assistant", "I see."),
        Turn("user", "Three", "Bob", bob_id),
    ]


async def test_a_reply_knows_the_one_that_was_still_streaming_when_it_was_asked_for(desk: Desk) -> None:
    ann = await desk.server.person("Ann")
    chat = await ann.create_chat()
    started = await ann.prompt(chat, "One")
    async with working(desk.server, desk.model), ann.socket() as socket:
        second = await ann.prompt(chat, "Two")
        for reply in (started, second):
            assert (await (await socket.stream(reply)).rest())[-1]["status"] == "COMPLETE"
    assert [turn.content for turn in desk.model.received] == ["One", "I see.", "Two"]


async def test_a_long_history_is_limited_to_the_latest_messages(desk: Desk) -> None:
    ann = await desk.server.person("Ann")
    chat = await ann.create_chat()
    for number in range(HISTORY_MESSAGES + 5):
        await ann.send(chat, str(number), reply=False)
    received = await desk.answered(ann, chat, "Now?")
    assert [turn.content for turn in received] == [*map(str, range(6, HISTORY_MESSAGES + 5)), "Now?"]
    assert len(received) == HISTORY_MESSAGES


async def test_a_history_of_long_messages_is_limited_and_contains_the_last(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompt, "HISTORY_CHARACTERS", 1_000)
    ann = await desk.server.person("Ann")
    chat = await ann.create_chat()
    for letter in "abc":
        await ann.send(chat, letter * 400, reply=False)
    assert [turn.content[0] for turn in await desk.answered(ann, chat, "d" * 200)] == ["b", "c", "d"], "exactly 1,000"
    assert [turn.content[0] for turn in await desk.answered(ann, chat, "e" * 395)] == ["c", "d", "I", "e"][1:]
    assert [turn.content[0] for turn in await desk.answered(ann, chat, "f" * 5_000)] == ["f"]


async def test_a_model_that_never_waits_does_not_block_other_tasks(backend: Backend) -> None:
    async with serving(backend.settings()) as server:
        ann = await server.person("Ann")
        reply = await ann.prompt(await ann.create_chat(), "Go on")
        async with working(server, Chatterbox()), ann.socket() as socket:
            stream = await socket.stream(reply)
            while not (await stream.next())["content"]:
                pass
            await ann.act("stopMessage", reply)
            last = (await stream.rest())[-1]
        assert (last["content"], last["status"]) == ("Well, ", "STOPPED")
