"""A worker gives a model what was said before, and writes down what it says."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from api.chats.models import Message
from api.replies import producer
from api.replies.producer import HISTORY_MESSAGES, ReplyProducer
from api.replies.reply_model import Event, Finished, ReplyModel, Text, Turn
from api.streaming.worker import StreamWorker
from tests.support.backends import Backend
from tests.support.server import Person, Running, serving


class Listener:
    """A model that has nothing to say but keeps what it is told."""

    name = "listener"

    def __init__(self) -> None:
        self.heard: list[Turn] = []

    async def reply_to(self, history: Sequence[Turn]) -> AsyncGenerator[Event]:
        self.heard = list(history)
        yield Text("I see.")
        yield Finished("stop", 1, 2, None)


class Chatterbox:
    """A model that goes on for seconds and never waits for anything."""

    name = "chatterbox"

    async def reply_to(self, history: Sequence[Turn]) -> AsyncGenerator[Event]:
        yield Text("Well, ")
        for _ in range(3_000_000):
            yield Text("")


@asynccontextmanager
async def working(server: Running, model: ReplyModel) -> AsyncGenerator[None]:
    """A worker beside the server, which writes one reply at a time with this model."""
    runtime = server.runtime
    produce = ReplyProducer(runtime.database, model, lease=15)
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
        """What the model hears of the chat when somebody asks this in it."""
        async with working(self.server, self.model), person.socket() as socket:
            stream = await socket.stream(await person.prompt(chat, content))
            last = (await stream.rest())[-1]
        assert (last["content"], last["status"], last["model"]) == ("I see.", "COMPLETE", "listener")
        return self.model.heard


@pytest_asyncio.fixture
async def desk(backend: Backend) -> AsyncGenerator[Desk]:
    async with serving(backend.settings()) as server:
        yield Desk(server)


async def test_a_model_is_told_what_was_said_in_the_chat_in_order_and_by_whom(desk: Desk) -> None:
    ann, bob = await desk.server.person("Ann"), await desk.server.person("Bob")
    chat, other = await ann.create_chat(), await ann.create_chat()
    await ann.add(chat, bob)
    await bob.send(chat, "One", reply=False)
    await ann.send(other, "Elsewhere", reply=False)
    await desk.answered(ann, chat, "Two")
    heard = await desk.answered(bob, chat, "Three")
    assert heard == [
        Turn("user", "One", "Bob"),
        Turn("user", "Two", "Ann"),
        Turn("assistant", "I see."),
        Turn("user", "Three", "Bob"),
    ]


async def test_what_is_still_being_written_is_not_told(desk: Desk) -> None:
    ann = await desk.server.person("Ann")
    chat = await ann.create_chat()
    started = await ann.prompt(chat, "One")
    async with desk.server.writing(started) as text:
        text.append("I am about to")
        heard = await desk.answered(ann, chat, "Two")
    assert [turn.content for turn in heard] == ["One", "Two"]


async def test_of_a_long_chat_the_latest_messages_are_told(desk: Desk) -> None:
    ann = await desk.server.person("Ann")
    chat = await ann.create_chat()
    for number in range(HISTORY_MESSAGES + 5):
        await ann.send(chat, str(number), reply=False)
    heard = await desk.answered(ann, chat, "Now?")
    assert [turn.content for turn in heard] == [*map(str, range(6, HISTORY_MESSAGES + 5)), "Now?"]


async def test_of_long_messages_no_more_is_told_than_fits_and_always_the_last(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(producer, "HISTORY_CHARACTERS", 1_000)
    ann = await desk.server.person("Ann")
    chat = await ann.create_chat()
    for letter in "abc":
        await ann.send(chat, letter * 600, reply=False)
    assert [turn.content[0] for turn in await desk.answered(ann, chat, "d")] == ["b", "c", "d"]
    assert [turn.content[0] for turn in await desk.answered(ann, chat, "e" * 5_000)] == ["e"]


async def test_a_model_that_never_waits_keeps_nobody_waiting(backend: Backend) -> None:
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
