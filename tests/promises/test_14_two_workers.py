"""Promise 14 with two worker processes: one reply of a chat is written at a time, and the next one always begins.

Two participants ask at the same moment. The first reply is cut short: its worker is killed, or a participant stops or
deletes it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from api.chats.models import Message
from api.graphql import relay
from api.streaming.columns import Status
from tests.support.conversation import Conversation, conversation
from tests.support.fleet import Fleet, Process
from tests.support.scripted import ENDLESS

CHARS = 300
SHORT = f"scripted?chars={CHARS}&rate=300"
WATCH_SECONDS = 0.01


@dataclass
class Writers:
    """The replies of a chat that had a writer at the same time, as the database showed them."""

    fleet: Fleet
    chat: str
    at_once: set[int] = field(default_factory=set)
    """How many were written, at each moment that was looked at."""

    async def watch(self) -> None:
        written = select(Message.id).where(
            Message.chat_id == relay.key_of("Chat", self.chat), Message.streaming, Message.writer.is_not(None)
        )
        async with self.fleet.database() as database:
            while True:
                self.at_once.add(len(await database.read(written)))
                await asyncio.sleep(WATCH_SECONDS)


@asynccontextmanager
async def watching(talk: Conversation, fleet: Fleet) -> AsyncIterator[Writers]:
    writers = Writers(fleet, talk.chat)
    task = asyncio.create_task(writers.watch())
    try:
        yield writers
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def both_ask(talk: Conversation, fleet: Fleet) -> tuple[str, str]:
    """Two questions at the same moment through two servers; their replies in the order of the chat."""
    replies = await asyncio.gather(talk.ann.prompt(talk.chat, "Ann asks"), talk.bob.prompt(talk.chat, "Bob asks"))
    for reply in replies:
        await talk.follow(reply)
    rows = {reply: await fleet.row(reply) for reply in replies}
    first, second = sorted(replies, key=lambda reply: rows[reply].position)
    return first, second


async def writer_of(fleet: Fleet, reply: str, workers: list[Process]) -> Process:
    """The worker that writes this reply."""
    row = await fleet.row_when(reply, lambda row: row.writer is not None)
    (process,) = (worker for worker in workers if str(row.writer) in worker.log)
    return process


async def test_the_second_reply_begins_when_the_worker_of_the_first_is_killed(fleet: Fleet) -> None:
    async with fleet.workers(2, ENDLESS) as workers, conversation(fleet) as talk, watching(talk, fleet) as writers:
        first, second = await both_ask(talk, fleet)
        await talk.shown(first, 100)
        assert (await fleet.row(second)).writer is None
        (await writer_of(fleet, first, workers)).kill()
        settled = await talk.ended(first)
        assert (settled.status, settled.error_code) == (Status.FAILED, "INTERRUPTED")
        assert len(settled.content) >= 100
        await talk.shown(second, 100)
        await talk.ann.act("stopMessage", second)
        await talk.ended(second)
    assert writers.at_once == {0, 1}


async def test_the_second_reply_begins_when_a_worker_is_killed_between_the_two(fleet: Fleet) -> None:
    async with fleet.workers(2, SHORT) as workers, conversation(fleet) as talk, watching(talk, fleet) as writers:
        first, second = await both_ask(talk, fleet)
        killed = await writer_of(fleet, first, workers)
        await fleet.row_when(first, lambda row: row.status != Status.STREAMING)
        killed.kill()
        assert is_whole(await talk.ended(first))
        row = await talk.ended(second)
        # The worker may have claimed the second one before it was killed: with text, the reply fails, else it restarts.
        if row.status == Status.FAILED:
            assert (row.error_code, bool(row.content)) == ("INTERRUPTED", True)
        else:
            assert is_whole(row)
    assert writers.at_once <= {0, 1}


@pytest.mark.parametrize("mutation", ["stopMessage", "deleteMessage"])
async def test_the_second_reply_begins_when_the_first_is_stopped_or_deleted(fleet: Fleet, mutation: str) -> None:
    async with fleet.workers(2, ENDLESS), conversation(fleet) as talk, watching(talk, fleet) as writers:
        first, second = await both_ask(talk, fleet)
        await talk.shown(first, 100)
        if mutation == "stopMessage":
            await talk.bob.act(mutation, first)
            assert (await talk.ended(first)).status == Status.STOPPED
        else:
            await talk.bob.mutate(mutation, messageId=first)
            assert await talk.over(first) is None
        await talk.shown(second, 100)
        await talk.ann.act("stopMessage", second)
        await talk.ended(second)
    assert writers.at_once == {0, 1}


def is_whole(row: Message) -> bool:
    return (row.status, len(row.content)) == (Status.COMPLETE, CHARS)
