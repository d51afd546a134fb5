"""The page of `examples/notes`: a second streamed model, as people see it."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from api.settings import Settings
from tests.support.backends import SECRET
from tests.support.browser import DESK
from tests.support.network import Network
from tests.support.notes import PASSWORD, Author, NotesProcess, notes_process

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT = Path(__file__).parents[2]

BUILT = "examples/notes/page/dist/index.html"

GROWTHS = """() => {
  window.growths = [];
  new MutationObserver(() => {
    const length = document.querySelector(".body")?.textContent.length ?? 0;
    if (length > (window.growths.at(-1) ?? 0)) window.growths.push(length);
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
"""Notes how long the body is each time that it has grown."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NotesProcess]:
    """The example, as `make example` builds and serves it."""
    command = ["make", "--old-file=client/node_modules/.installed", BUILT]
    await asyncio.to_thread(subprocess.run, command, cwd=ROOT, check=True, capture_output=True)
    file = tmp_path_factory.mktemp("notes") / "notes.db"
    settings = Settings(database_url=f"sqlite+aiosqlite:///{file}", secret_key=SECRET, patience_seconds=0.5)
    async with notes_process(settings) as process:
        yield process


class Visit(Protocol):
    """Opens the page, signed in as this person, in a browser of their own."""

    async def __call__(self, person: Author | None = None, *, at: str = "", note: str = "") -> Page: ...


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, site: NotesProcess) -> AsyncIterator[Visit]:
    async with AsyncExitStack() as stack:

        async def visit(person: Author | None = None, *, at: str = "", note: str = "") -> Page:
            url = at or f"http://127.0.0.1:{site.port}"
            token = [{"name": "notes.token", "value": person.token}] if person else []
            state: Any = {"cookies": [], "origins": [{"origin": url, "localStorage": token}]}
            context = await browser.new_context(**DESK, storage_state=state)
            stack.push_async_callback(context.close)
            page = await context.new_page()
            page.on("pageerror", lambda error: pytest.fail(str(error)))
            await page.goto(f"{url}/#{note}")
            return page

        yield visit


async def grown(page: Page, beyond: int = 0) -> int:
    """Wait until the body is longer than that; how long it is."""
    await page.wait_for_function("beyond => document.querySelector('.body')?.textContent.length > beyond", arg=beyond)
    return len(await page.locator(".body").inner_text())


async def asked(page: Page, button: str, answer: str) -> None:
    """Click a button that asks a question, and answer it."""
    page.once("dialog", lambda dialog: dialog.accept(answer))
    await page.get_by_role("button", name=button, exact=True).click()


async def test_a_newcomer_signs_up_creates_a_note_and_sees_it_grow(visit: Visit) -> None:
    page = await visit()
    await page.get_by_label("Name").fill("Ada Lovelace")
    await page.get_by_label("E-mail").fill("ada.lovelace@example.com")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign up").click()
    await page.evaluate(GROWTHS)
    await page.get_by_label("Title of a new note").fill("Tides")
    await page.get_by_role("button", name="Write").click()
    await expect(page.get_by_role("heading", name="Tides")).to_be_visible()
    await expect(page.get_by_role("link", name="Tides")).to_be_visible()
    await expect(page.get_by_role("article")).to_have_attribute("aria-busy", "true")
    await expect(page.get_by_role("article")).to_have_attribute("data-status", "COMPLETE")
    assert len(await page.evaluate("growths")) >= 4
    await expect(page.locator(".body")).to_contain_text("clearer after the first.")


async def test_a_shared_note_comes_to_its_member_by_a_signal_and_is_followed_live(
    visit: Visit, site: NotesProcess
) -> None:
    ann, bob = await site.author("Ann"), await site.author("Bob")
    bobs = await visit(bob)
    await expect(bobs.get_by_role("button", name="Write")).to_be_visible()
    anns = await visit(ann)
    await anns.get_by_label("Title of a new note").fill("High tides")
    await anns.get_by_role("button", name="Write").click()
    await grown(anns)
    await asked(anns, "Share", bob.email)

    await bobs.get_by_role("link", name="High tides").click()
    await grown(bobs, await grown(bobs))
    await bobs.get_by_role("button", name="Stop").click()
    for page in (anns, bobs):
        await expect(page.get_by_role("article")).to_have_attribute("data-status", "STOPPED")
    assert await anns.locator(".body").inner_text() == await bobs.locator(".body").inner_text()

    await asked(anns, "Rename", "Spring tides")
    await expect(bobs.get_by_role("heading", name="Spring tides")).to_be_visible()
    await expect(bobs.get_by_role("link", name="Spring tides")).to_be_visible()
    await anns.get_by_role("button", name="Write again").click()
    await grown(bobs)
    await expect(bobs.get_by_role("article")).to_have_attribute("aria-busy", "true")
    await asked(anns, "Unshare", bob.email)
    await expect(bobs.get_by_text("is not shared with you")).to_be_visible()
    await expect(bobs.get_by_role("link")).to_have_count(0)
    await anns.get_by_role("button", name="Stop").click()
    await anns.get_by_role("button", name="Delete").click()
    await expect(anns.get_by_role("link")).to_have_count(0)


async def test_a_reload_in_mid_stream_shows_the_note_as_far_as_it_is_and_goes_on(
    visit: Visit, site: NotesProcess
) -> None:
    cyd = await site.author("Cyd")
    page = await visit(cyd, note=(note := await cyd.create()))
    before = await grown(page, 20)
    await page.reload()
    await grown(page, await grown(page, before))
    stopped = await cyd.change("stopNote", note)
    await expect(page.get_by_role("article")).to_have_attribute("data-status", "STOPPED")
    assert await page.locator(".body").inner_text() == stopped["body"]


async def test_a_lost_connection_comes_back_by_itself_and_misses_nothing(visit: Visit, site: NotesProcess) -> None:
    dot = await site.author("Dot")
    note = await dot.create()
    async with Network(site.port) as network:
        page = await visit(dot, at=network.url, note=note)
        before = await grown(page, 20)
        network.cut()
        await expect(page.get_by_role("status")).to_have_text("Reconnecting…")
        network.restore()
        await grown(page, before)
        await expect(page.get_by_role("status")).to_have_count(0)
        network.cut()
        await expect(page.get_by_role("status")).to_have_text("Reconnecting…")
        stopped = await dot.change("stopNote", note)  # while this page hears nothing
        network.restore()
        await expect(page.get_by_role("article")).to_have_attribute("data-status", "STOPPED")
        assert await page.locator(".body").inner_text() == stopped["body"]
