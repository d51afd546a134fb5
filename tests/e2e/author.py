"""The model of these tests: every word of a reply is said when a test says it.

async with Author() as model:       # the server's MODEL and OPENAI_BASE_URL lead here
    …                               # somebody sends a message
    reply = await model.asked()
    reply.say("The Moon pulls.")
    reply.finish()
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Self

from tests.support.provider import Call, Complain, Dictate, Finish, Provider, Say, Step, Think
from tests.support.until import PATIENCE_SECONDS


class Dictation:
    """One reply that is being asked for."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._steps: asyncio.Queue[Step] = asyncio.Queue()
        self._ended = False
        self._has_words = False

    @property
    def question(self) -> str:
        """What the model is to answer."""
        return str(self._call.body["messages"][-1]["content"])

    def say(self, words: str) -> None:
        self._has_words = True
        self._steps.put_nowait(Say(words))

    def think(self, words: str) -> None:
        self._steps.put_nowait(Think(words))

    def finish(self, reason: str = "stop") -> None:
        """End the reply. One without a word would have failed, so it says at least one."""
        if not self._has_words and not self._ended:
            self.say("Done.")
        self._end(Finish(reason))

    def fail(self) -> None:
        """The provider breaks off."""
        self._end(Complain())

    async def left(self) -> None:
        """Until the server has closed its request."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._call.left.wait()

    def _end(self, step: Step) -> None:
        if not self._ended:
            self._ended = True
            self._steps.put_nowait(step)

    async def steps(self) -> AsyncIterator[Step]:
        while not isinstance(step := await self._steps.get(), Finish | Complain):
            yield step
        yield step


class Author:
    """Open, it listens on a port of its own and speaks as OpenAI does."""

    def __init__(self) -> None:
        self._provider = Provider()
        self._provider.answers(Dictate(self._dictated))
        self._asked: asyncio.Queue[Dictation] = asyncio.Queue()
        self._all: list[Dictation] = []

    @property
    def environment(self) -> dict[str, str]:
        """What a server needs to ask this model, beside `TWOTRACK_MODEL=openai:dictated`."""
        return {"OPENAI_BASE_URL": self._provider.base_url, "OPENAI_API_KEY": "nobody asks for it"}

    async def asked(self) -> Dictation:
        """The next reply that somebody wants."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._asked.get()

    def forget(self) -> None:
        """End whatever is still being written: the next test begins with nothing under way."""
        for dictation in self._all:
            dictation.finish()
        self._all.clear()
        self._asked = asyncio.Queue()

    def _dictated(self, call: Call) -> AsyncIterator[Step]:
        dictation = Dictation(call)
        self._all.append(dictation)
        self._asked.put_nowait(dictation)
        return dictation.steps()

    async def __aenter__(self) -> Self:
        await self._provider.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._provider.__aexit__()
