"""Who uses a chat all the time, at its tabs and over HTTP: they ask, stop, regenerate, edit and walk about."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from itertools import count
from random import Random
from uuid import uuid4

import httpx

from tests.e2e.laptop import Laptop
from tests.e2e.visitor import Visitor
from tests.support.operations import Refused
from tests.support.people import Person

PAUSE_SECONDS = (3.0, 12.0)
"""Of each, between two deeds."""

GLANCE_SECONDS = (0.2, 3.0)
"""How long somebody looks at another chat."""

ATTEMPT_SECONDS = 0.5
"""Between two attempts to say the same over HTTP."""

LATEST = """query ($chat: ID!) { chat(id: $chat) { messages(last: 20) { edges { node {
    id role status author { id } } } } } }"""

PRESS_STOP = """(choice) => {
    const buttons = document.querySelectorAll("button.stop:enabled");
    buttons[Math.floor(choice * buttons.length)]?.click();
}"""


class Crowd:
    """`other` takes part over HTTP; `elsewhere` is the title of another chat that every tab's owner has."""

    def __init__(self, laptops: list[Laptop], other: Person, chat: str, title: str, elsewhere: str) -> None:
        self._laptops = laptops
        self._other = other
        self._chat = chat
        self._title = title
        self._elsewhere = elsewhere
        self.written: list[str] = []
        """What was written at the tabs: each must arrive, and once."""
        self.regenerated: set[str] = set()
        """The replies whose text had to go, so that it could be written anew."""
        self._numbers = count(1)

    async def busy(self, random: Random, until: float) -> None:
        """All of them, until that time of the monotonic clock."""
        async with asyncio.TaskGroup() as tasks:
            for laptop in self._laptops:
                for tab in laptop.tabs:
                    tasks.create_task(self._at_tab(laptop, tab, Random(random.random()), until))
            tasks.create_task(self._over_http(Random(random.random()), until))

    async def asks(self) -> str:
        """A question over HTTP, repeated until it arrived; the reply's id."""
        question, key = self._question("elsewhere"), uuid4().hex
        while True:
            try:
                sent = await self._other.send(self._chat, question, key=key)
            except (httpx.TransportError, Refused) as failed:
                if isinstance(failed, Refused) and failed.code != "INTERNAL":
                    raise
                await asyncio.sleep(ATTEMPT_SECONDS)
            else:
                return str(sent["reply"]["id"])

    async def _at_tab(self, laptop: Laptop, tab: Visitor, random: Random, until: float) -> None:
        deeds: list[Callable[[Visitor, Random], Awaitable[None]]] = [self._write, self._stop, self._walk_about]
        while time.monotonic() < until:
            async with laptop.awake:
                (deed,) = random.choices(deeds, weights=[5, 1, 1])
                await deed(tab, random)
            await asyncio.sleep(random.uniform(*PAUSE_SECONDS))

    async def _write(self, tab: Visitor, random: Random) -> None:
        question = self._question("at a tab")
        self.written.append(question)
        await tab.writes(question)

    async def _stop(self, tab: Visitor, random: Random) -> None:
        await tab.page.evaluate(PRESS_STOP, random.random())

    async def _walk_about(self, tab: Visitor, random: Random) -> None:
        await tab.page.get_by_role("link", name=self._elsewhere).click()
        await asyncio.sleep(random.uniform(*GLANCE_SECONDS))
        await tab.page.get_by_role("link", name=self._title).click()

    async def _over_http(self, random: Random, until: float) -> None:
        while time.monotonic() < until:
            if random.random() < 0.6:
                await self.asks()
            else:
                await self._meddle(random)
            await asyncio.sleep(random.uniform(*PAUSE_SECONDS))

    async def _meddle(self, random: Random) -> None:
        """Do what may be done to one of the latest messages. The server may be away, and somebody may be faster."""
        try:
            latest = (await self._other.ask(LATEST, chat=self._chat))["chat"]["messages"]["edges"]
            if not latest:
                return
            message = random.choice(latest)["node"]
            if message["status"] == "STREAMING":
                await self._other.act("stopMessage", message["id"])
            elif message["role"] == "ASSISTANT":
                self.regenerated.add(message["id"])
                await self._other.act("regenerateMessage", message["id"])
            elif message["author"]["id"] == self._other.user_id:
                again = self._question("after some thought")
                await self._other.mutate("editMessage", messageId=message["id"], content=again)
        except (httpx.TransportError, Refused):
            return

    def _question(self, where: str) -> str:
        return f"Question {next(self._numbers)}, {where}: how do tides work?"
