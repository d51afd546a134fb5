"""Somebody at the chat page, in a browser of their own.

async with visiting(browser, site.url, ann) as visitor:
    await visitor.writes("How do tides work?")
    await visitor.sees("The Moon pulls.")
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.e2e.wire import Wire
from tests.support.browser import DESK, PATIENCE_MS
from tests.support.people import Person

CLIPBOARD = ["clipboard-read", "clipboard-write"]

EXPECTED = re.compile(r"net::ERR_|WebSocket connection to .* failed|status of [45]\d\d")
"""What Chromium itself logs of networks and servers that tests take away, and of tokens that have ended."""


class Visitor:
    """A page, and what one does and sees there."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page = page
        self.wire = Wire(page)
        self.complaints: list[str] = []
        self._base_url = base_url
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._logged)

    def _logged(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not EXPECTED.search(message.text):
            self.complaints.append(message.text)

    async def opens(self, chat: str | None = None) -> None:
        """The page of a chat, or the first one."""
        await self.page.goto(self._base_url + ("/" if chat is None else f"/c/{chat}"))

    async def at_link(self, token: str) -> None:
        """The page of a link."""
        await self.page.goto("about:blank")
        await self.page.goto(f"{self._base_url}/l#{token}")

    @property
    def composer(self) -> Locator:
        return self.page.get_by_role("textbox", name="Message")

    @property
    def messages(self) -> Locator:
        return self.page.locator("article[data-message-id]")

    @property
    def reply(self) -> Locator:
        """The newest one."""
        return self.page.locator("article.reply").last

    @property
    def note(self) -> Locator:
        """Says so when the connection is lost."""
        return self.page.locator("[data-connection]")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def writes(self, content: str) -> None:
        await self.composer.fill(content)
        if await self.page.evaluate("matchMedia('(pointer: fine)').matches"):
            await self.composer.press("Enter")
        else:
            await self.button("Send").tap()

    async def sees(self, words: str) -> None:
        """Until the newest reply shows these words."""
        await expect(self.reply).to_contain_text(words)

    async def sees_it_end(self, status: str = "COMPLETE") -> str:
        """Until the newest reply has ended like this; its id."""
        await expect(self.reply).to_have_attribute("data-status", status)
        await expect(self.reply).to_have_attribute("aria-busy", "false")
        return await self.reply_id()

    async def reply_id(self) -> str:
        return await self.reply.get_attribute("data-message-id") or ""

    async def copied(self) -> str:
        """The newest reply as its button copies it: what the model wrote, to the letter."""
        await self.reply.get_by_role("button", name="Copy reply").click()
        return str(await self.page.evaluate("navigator.clipboard.readText()"))

    async def text(self) -> str:
        """The newest reply as it is drawn."""
        return await self.reply.locator(".markdown").last.inner_text()

    async def another_tab(self) -> "Visitor":
        """The same person, in the same browser."""
        return Visitor(await self.page.context.new_page(), self._base_url)


@asynccontextmanager
async def visiting(
    browser: Browser, base_url: str, person: Person | None = None, **options: Any
) -> AsyncIterator[Visitor]:
    """A browser whose first page is blank, signed in as this person. `options` are Playwright's for a context.

    Left: no page has complained.
    """
    kept = [{"name": "twotrack.token", "value": person.token}] if person is not None else []
    context: BrowserContext = await browser.new_context(
        **{
            **DESK,
            "permissions": CLIPBOARD,
            "storage_state": {"cookies": [], "origins": [{"origin": base_url, "localStorage": kept}]},
            **options,
        }
    )
    context.set_default_timeout(PATIENCE_MS)
    visitor = Visitor(await context.new_page(), base_url)
    try:
        yield visitor
    finally:
        await context.close()
    assert not visitor.complaints, visitor.complaints
