"""Somebody decides at a random moment of a flush: before its statement, while it runs, or before it is announced."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Executable, Row

from api.chats.models import Message
from api.streaming.store import Store
from api.streaming.writer import Writer
from tests.support.backends import Backend
from tests.support.conversation import Conversation, conversation
from tests.support.operations import Refused
from tests.support.pair import Pair, serving_twice

WORDS = ["one ", "two ", "three ", "four "]
"""Each is a flush of its own, and the end is one more."""

END = len(WORDS)


class Moment(Enum):
    """Where in a flush somebody decides."""

    BEFORE = "before its statement"
    DURING = "while its statement runs"
    AFTER = "after its commit, before its announcement"


class InterruptedStore:
    """A writer's database, with something that happens at one moment of one of its flushes."""

    def __init__(self, store: Store, flush: int, moment: Moment, happens: Callable[[], Awaitable[None]]) -> None:
        self.dialect = store.dialect
        self.flushes = 0
        self.flushed = asyncio.Event()
        """Set after each flush."""
        self._store = store
        self._flush = flush
        self._moment = moment
        self._happens = happens
        self._happening: asyncio.Future[None] | None = None

    async def read(self, statement: Executable, parameters: Any = None) -> Sequence[Row[Any]]:
        return await self._store.read(statement, parameters)

    async def write(self, *statements: Executable, **parameters: Any) -> Sequence[Row[Any]]:
        is_due = self.flushes == self._flush
        self.flushes += 1
        if is_due and self._moment is not Moment.AFTER:
            self._happening = asyncio.ensure_future(self._happens())
        if self._moment is Moment.BEFORE:
            await self.happened()
        rows = await self._store.write(*statements, **parameters)
        if is_due and self._moment is Moment.AFTER:
            self._happening = asyncio.ensure_future(self._happens())
            await self.happened()
        self.flushed.set()
        return rows

    async def happened(self) -> None:
        """Until what was to happen has."""
        if self._happening is not None:
            await self._happening


@pytest.fixture
async def pair(scaled: Backend) -> Any:
    async with serving_twice(scaled, patience_seconds=0.3) as pair:
        yield pair


def at_random_moments(*decisions: str) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Run the test with one of these decisions, at one moment of one flush."""

    def decorate(test: Callable[..., Any]) -> Callable[..., None]:
        drawn = given(decision=st.sampled_from(decisions), flush=st.integers(0, END), moment=st.sampled_from(Moment))
        configured = settings(
            max_examples=10,
            deadline=None,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=[HealthCheck.function_scoped_fixture],
        )
        return configured(drawn(test))

    return decorate


@at_random_moments("stopMessage")
async def test_a_stop_keeps_what_was_written_before_it_and_nothing_after(
    pair: Pair, decision: str, flush: int, moment: Moment
) -> None:
    async with conversation(pair) as talk:
        reply = await talk.ask()
        await written(pair, reply, flush, moment, lambda: stop(talk, reply))
        row = await talk.ended(reply)
        kept = flush if moment is Moment.BEFORE else flush + 1
        if moment is Moment.DURING:
            assert row.content in ("".join(WORDS[:flush]), "".join(WORDS[: flush + 1]))
        else:
            assert row.content == "".join(WORDS[:kept])
            assert row.status == ("COMPLETE" if kept > END else "STOPPED")


@at_random_moments("stopMessage, then regenerateMessage")
async def test_a_reply_regenerated_at_once_holds_nothing_of_the_former_one(
    pair: Pair, decision: str, flush: int, moment: Moment
) -> None:
    async def regenerate() -> None:
        await stop(talk, reply)
        await talk.bob.act("regenerateMessage", reply)
        talk.reopened.add(reply)

    async with conversation(pair) as talk:
        reply = await talk.ask()
        await written(pair, reply, flush, moment, regenerate)
        await talk.follow(reply)
        async with pair.other.writing(reply) as text:
            text.append("Once more.")
        talk.reopened.discard(reply)
        row = await talk.ended(reply)
        assert (row.status, row.content) == ("COMPLETE", "Once more.")


@at_random_moments("deleteMessage", "deleteChat")
async def test_a_deletion_ends_the_stream_wherever_it_strikes(
    pair: Pair, decision: str, flush: int, moment: Moment
) -> None:
    async def delete() -> None:
        what = {"messageId": reply} if decision == "deleteMessage" else {"chatId": talk.chat}
        if moment is not Moment.BEFORE and flush == END:
            talk.reopened.add(reply)  # whoever saw its end before saw it whole
        await talk.ann.mutate(decision, **what)

    async with conversation(pair) as talk:
        reply = await talk.ask()
        await written(pair, reply, flush, moment, delete)
        assert await talk.over(reply) is None


@at_random_moments("regenerateMessage", "editMessage")
async def test_what_is_being_written_refuses_to_be_changed_and_is_written_on(
    pair: Pair, decision: str, flush: int, moment: Moment
) -> None:
    refusals: list[str] = []

    async def change() -> None:
        text = {"content": "Mine"} if decision == "editMessage" else {}
        try:
            await talk.ann.mutate(decision, messageId=reply, **text)
            talk.reopened.add(reply)
        except Refused as refused:
            refusals.append(refused.code)

    async with conversation(pair) as talk:
        reply = await talk.ask()
        await written(pair, reply, flush, moment, change)
        if reply in talk.reopened:
            assert (flush, decision) == (END, "regenerateMessage")
            async with pair.other.writing(reply) as text:
                text.append("Once more.")
            return
        row = await talk.ended(reply)
        assert (row.status, row.content) == ("COMPLETE", "".join(WORDS))
        assert refusals in ([["CONFLICT"]] if flush < END or moment is Moment.BEFORE else [["CONFLICT"], ["FORBIDDEN"]])


async def stop(talk: Conversation, reply: str) -> None:
    await talk.bob.act("stopMessage", reply)


async def written(pair: Pair, reply: str, flush: int, moment: Moment, happens: Callable[[], Awaitable[None]]) -> None:
    """Claim the reply and write it word by word, as far as whatever happens lets us."""
    row: Message = await pair.one.claim(reply)
    store = InterruptedStore(pair.one.runtime.database, flush, moment, happens)
    async with (
        Writer(store, pair.one.runtime.publisher, cadence=0, lease=15, wait=60, limit=1_000_000) as writer,
        writer.stream(row) as text,
    ):
        for word in WORDS:
            store.flushed.clear()
            text.append(word)
            await store.flushed.wait()
    await store.happened()
