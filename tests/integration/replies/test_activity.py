"""What the assistant does is shown while no text arrives, and counts as nothing shown."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import cast

import pytest

from api.replies.producer import ReplyProducer
from api.replies.reply_model import Event, ReplyModel, Text, Turn
from tests.integration.replies.chatting import STREAM, answered, message, replying
from tests.integration.replies.formats import Chat
from tests.integration.replies.provider import Answer, Provider, in_json
from tests.support.backends import Backend
from tests.support.server import Running

GOOD = Answer(Chat().answer("The moon."))


def busy(seconds: int) -> Answer:
    return in_json({"error": {"message": "slow down"}}, status=429, retry_after=str(seconds))


async def test_the_wait_for_a_provider_is_shown_and_gone_with_the_text(backend: Backend, stand_in: Provider) -> None:
    stand_in.answers(busy(2), GOOD)
    async with replying(backend) as server:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        async with ann.socket() as socket:
            frames = await (await socket.subscribe(STREAM, id=reply)).rest()
        shown = [frame["activity"] for frame in frames]
        assert {"Waiting for the provider, 2 s", "Waiting for the provider, 1 s"} <= set(shown)
        assert all(frame["activity"] is None for frame in frames if frame["content"])
        assert (frames[-1]["content"], frames[-1]["status"], shown[-1]) == ("The moon.", "COMPLETE", None)


async def test_a_reply_can_be_stopped_while_it_waits(backend: Backend, stand_in: Provider) -> None:
    stand_in.answers(busy(40), GOOD)
    async with replying(backend) as server:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        async with ann.socket() as socket:
            stream = await socket.subscribe(STREAM, id=reply)
            while not (await stream.next())["activity"]:
                pass
            await ann.act("stopMessage", reply)
            await stream.rest()
        stopped = await message(ann, reply)
    assert (stopped["status"], stopped["content"], stopped["activity"]) == ("STOPPED", "", None)
    assert len(stand_in.calls) == 1


async def test_beyond_the_time_out_the_reply_fails_at_once_with_the_time(backend: Backend, stand_in: Provider) -> None:
    stand_in.answers(busy(400), GOOD)
    async with replying(backend) as server:
        ann = await server.person("Ann")
        reply = await answered(ann, await ann.create_chat())
    assert (reply["status"], reply["activity"]) == ("FAILED", None)
    assert reply["error"]["code"] == "PROVIDER"
    assert "in 7 minutes" in reply["error"]["message"]


async def test_a_reply_that_showed_only_its_activity_is_handed_back(server: Running) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(20), server.writing(reply) as text:
            text.show(activity="Waiting for the provider, 4 s")
            async with ann.socket() as socket:
                await (await socket.subscribe(STREAM, id=reply)).until(activity="Waiting for the provider, 4 s")
            raise asyncio.CancelledError  # as if the worker were told to leave
    row = await server.row(reply)
    assert (row.streaming, row.writer) == (True, None)
    async with server.writing(reply) as text:
        text.append("The moon.")
    assert (await message(ann, reply))["content"] == "The moon."


async def test_a_crash_of_its_writer_restarts_a_reply_that_showed_only_its_activity(server: Running) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    row = await server.claim(reply)

    async def write() -> None:
        async with server.writer() as writer, writer.stream(row) as text:
            text.show(activity="Waiting for the provider, 4 s")
            await asyncio.Event().wait()

    writing = asyncio.create_task(write())
    async with ann.socket() as socket:
        await (await socket.subscribe(STREAM, id=reply)).until(activity="Waiting for the provider, 4 s")
    await server.let_lease_run_out(reply)
    await asyncio.gather(writing, return_exceptions=True)  # the sweep settles the row, and its writer is cancelled
    restarted = await server.row(reply)
    assert (restarted.streaming, restarted.writer, restarted.content) == (True, None, "")


class Silent:
    """A model that says nothing."""

    name = "silent"

    async def reply_to(self, history: Sequence[Turn], text: str) -> AsyncGenerator[Event]:
        await asyncio.Event().wait()
        yield Text("never")


async def test_the_activity_of_a_worker_that_left_is_not_shown_by_the_next(server: Running) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    with pytest.raises(asyncio.CancelledError):
        async with server.writing(reply) as text:
            text.show(activity="Waiting for the provider, 4 s")
            async with ann.socket() as socket:
                await (await socket.subscribe(STREAM, id=reply)).until(activity="Waiting for the provider, 4 s")
            raise asyncio.CancelledError
    produce = ReplyProducer(server.runtime.database, cast(ReplyModel, Silent()), lease=15)
    left = await server.row(reply)
    assert left.activity
    async with server.writing(reply) as text, ann.socket() as socket:
        stream = await socket.subscribe(STREAM, id=reply)
        producing = asyncio.create_task(produce(left, text))
        assert (await stream.until(activity=None))["streaming"]
        producing.cancel()
        await asyncio.gather(producing, return_exceptions=True)


async def test_the_activity_of_a_final_message_is_null_whoever_ended_it(server: Running) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with server.writing(reply) as text:
        text.show(activity="Waiting for the provider, 4 s")
        raise ValueError
    found = await message(ann, reply)
    assert (found["status"], found["activity"]) == ("FAILED", None)
