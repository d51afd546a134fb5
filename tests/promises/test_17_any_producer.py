"""Promise 17 for a producer that repeats, reorders, drops and splits its appends, and is killed and started again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.agents import Outside, at, start
from tests.support.backends import Backend
from tests.support.operations import Refused
from tests.support.pair import Pair, serving_twice
from tests.support.people import Person
from tests.support.server import serving

EXAMPLES = 12
CADENCE_SECONDS = 0.02

numbers = count()

pytestmark = pytest.mark.parametrize("backend", ["embedded", "scaled"], indirect=True)


def test_the_text_is_what_the_producer_meant_and_revisions_rise(backend: Backend) -> None:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        pair = runner.run(stack.enter_async_context(two_servers(backend)))
        ann, agent = runner.run(pair.people("Ann", "Agent"))
        chat = runner.run(ann.create_chat())
        runner.run(ann.add(chat, agent))

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
        )
        @given(st.integers(0, 2**32), st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
        def writes(seed: int, text: str) -> None:
            runner.run(written(pair, ann, agent, chat, Random(seed), text))

        try:
            writes()
        finally:
            runner.run(stack.aclose())


@asynccontextmanager
async def two_servers(backend: Backend) -> AsyncIterator[Pair]:
    """Two servers. One counts as both if the bus is in memory."""
    if backend.name == "scaled":
        async with serving_twice(backend, cadence_seconds=CADENCE_SECONDS) as pair:
            yield pair
        return
    async with serving(backend.settings(cadence_seconds=CADENCE_SECONDS)) as one:
        yield Pair(backend.database_url, one, one)


async def written(pair: Pair, ann: Person, agent: Person, chat: str, random: Random, text: str) -> None:
    """Write the text in one or several lives, and compare what was stored and what a reader saw."""
    text = text.replace("\0", "\ufffd")
    key, left = f"key {next(numbers)}", list[asyncio.Task[object]]()
    reply = await start(agent, chat, key)
    async with ann.socket(random.choice(pair.ports)) as socket:
        stream = await socket.stream(reply.id)
        for _ in range(random.randint(0, 2)):
            left += await killed_while_it_writes(reply, text, random, pair.ports)
            reply = await start(at(agent, random.choice(pair.ports)), chat, key)
            assert text.startswith(reply.message["content"])
        accepted = await Producer(reply, text, random, pair.ports).write_all()
        done = await reply.finish(accepted + 1)
        frames = await stream.rest()
    await asyncio.gather(*left, return_exceptions=True)
    revisions = [frame["revision"] for frame in frames]
    assert revisions == sorted(set(revisions))
    assert all(text.startswith(frame["content"]) for frame in frames)
    assert (done["content"], frames[-1]["content"], (await pair.row(reply.id)).content) == (text, text, text)


async def killed_while_it_writes(
    reply: Outside, text: str, random: Random, ports: list[int]
) -> list[asyncio.Task[object]]:
    """Its requests that are under way when it is killed, which servers may still execute."""
    producer = Producer(reply, text, random, ports)
    writing = asyncio.create_task(producer.write_all())
    await asyncio.sleep(random.random() * 5 * CADENCE_SECONDS)
    writing.cancel()
    with suppress(asyncio.CancelledError):
        await writing
    return producer.under_way


class Producer:
    """Writes what is left of a text: several appends at once, each to one or more servers, in any order."""

    def __init__(self, reply: Outside, text: str, random: Random, ports: list[int]) -> None:
        self._reply, self._text, self._random, self._ports = reply, text, random, ports
        self.under_way: list[asyncio.Task[object]] = []

    async def write_all(self) -> int:
        """The number of the last append."""
        accepted, at = self._reply.sequence, len(self._reply.message["content"])
        while at < len(self._text):
            pieces = []
            for number in range(self._random.randint(1, 3)):
                size = self._random.randint(0, 1 + len(self._text) // 3)
                pieces.append((accepted + 1 + number, self._text[at : at + size]))
                at += size
            while accepted < pieces[-1][0]:
                accepted = max(accepted, await self._attempt([piece for piece in pieces if piece[0] > accepted]))
        return accepted

    async def _attempt(self, pieces: list[tuple[int, str]]) -> int:
        """Send these pieces once or more, except those that are dropped; the last one that is accepted, as far as the
        answers tell that are not lost."""
        sent = [
            (*piece, self._random.choice(self._ports)) for piece in pieces for _ in range(self._random.randint(0, 2))
        ]
        self._random.shuffle(sent)
        answers = [asyncio.ensure_future(self._send(*request)) for request in sent]
        self.under_way += answers
        done = await asyncio.gather(*(asyncio.shield(answer) for answer in answers))
        return max((accepted for accepted in done if self._random.random() < 0.8), default=0)

    async def _send(self, sequence: int, piece: str, port: int) -> int:
        try:
            return await self._reply.append(sequence, piece, port)
        except Refused as refused:
            if (reason := refused.extensions.get("reason")) not in ("GAP", "TAKEN_OVER"):
                raise
            return int(refused.extensions["sequence"]) if reason == "GAP" else 0
