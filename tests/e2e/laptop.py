"""Somebody's computer: a browser of its own with some tabs, on a network of its own, which can be cut and put to sleep.

async with laptop(site, ann, tabs=2) as anns:
    await anns.opens(chat)
    async with anns.awake:                  # not while it sleeps
        await anns.tabs[0].writes("How do tides work?")
    await anns.sleeps(seconds=10)
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser

from tests.e2e.site import Site
from tests.e2e.visitor import Visitor, visiting
from tests.support.browser import launched
from tests.support.fleet import send
from tests.support.network import Network
from tests.support.people import Person


class Laptop:
    def __init__(self, owner: Person, browser: Browser, network: Network, tabs: list[Visitor]) -> None:
        self.owner = owner
        self.browser = browser
        self.network = network
        self.tabs = tabs
        self.awake = asyncio.Lock()
        """Held by whoever does something on it: a browser that sleeps answers to nobody."""

    async def opens(self, chat: str) -> None:
        for tab in self.tabs:
            await tab.opens(chat)

    async def sleeps(self, seconds: float, *, forgotten: bool) -> None:
        """Everything on it stands still. `forgotten`: its connections are dead when it wakes, and nobody says so."""
        async with self.awake:
            session = await self.browser.new_browser_cdp_session()
            processes = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
            await session.detach()
            family = [int(process["id"]) for process in processes]
            send(signal.SIGSTOP, *family)
            try:
                await asyncio.sleep(seconds)
                if forgotten:
                    self.network.swallow()
            finally:
                send(signal.SIGCONT, *family)


@asynccontextmanager
async def laptop(site: Site, owner: Person, *, tabs: int) -> AsyncIterator[Laptop]:
    async with (
        Network(site.port) as network,
        launched() as browser,
        visiting(browser, network.url, owner) as first,
    ):
        yield Laptop(owner, browser, network, [first, *[await first.another_tab() for _ in range(tabs - 1)]])
