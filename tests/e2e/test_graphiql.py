"""GraphiQL in a real browser, with the network off: from nobody to a streaming reply by clicking."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from tests.support.backends import Backend
from tests.support.browser import launched
from tests.support.server import Running, serving

TABS = ["SignUp", "CreateChat", "SendMessage", "FollowReply"]


@pytest_asyncio.fixture
async def server(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Running]:
    path = tmp_path / "twotrack.db"
    path.write_bytes(sqlite_template.read_bytes())
    backend = Backend("embedded", f"sqlite+aiosqlite:///{path}", "memory://")
    async with serving(backend.settings(model="scripted?chars=600&rate=600"), replies=True) as running:
        yield running


@pytest_asyncio.fixture
async def page(server: Running) -> AsyncIterator[Page]:
    """GraphiQL as it opens. Whatever it asks of another host fails, and fails the test."""
    elsewhere: list[str] = []

    async def local_only(route: Route) -> None:
        if urlsplit(route.request.url).hostname == "127.0.0.1":
            await route.continue_()
        else:
            elsewhere.append(route.request.url)
            await route.abort()

    async with launched() as browser:
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.route("**/*", local_only)
        await page.goto(server.url)
        yield page
    assert elsewhere == []
    assert complaints == []


async def test_it_opens_with_the_four_steps_as_tabs(page: Page) -> None:
    await expect(page.get_by_role("tab")).to_have_text([f"{tab}close icon" for tab in TABS])


async def test_the_four_steps_run_in_order_by_clicking(page: Page, server: Running) -> None:
    for tab in TABS[:3]:
        await run(page, tab)
        await expect(page.locator(".result-window")).to_contain_text('"data"')
        assert "errors" not in await answer(page)
    reply = (await answer(page))["data"]["sendMessage"]["reply"]
    assert reply["streaming"]

    await run(page, "FollowReply")
    await expect(page.locator(".result-window")).to_contain_text('"COMPLETE"')
    row = await server.row(reply["id"])
    last = (await answer(page))["data"]["messageStream"]
    assert (last["content"], last["revision"]) == (row.content, row.revision)


async def test_a_step_that_lacks_what_an_earlier_one_gives_says_which(page: Page) -> None:
    await run(page, "FollowReply")
    await expect(page.locator(".result-window")).to_contain_text("Run the tab that sends a message first")


async def test_a_token_is_kept_over_a_reload_until_one_signs_out(page: Page) -> None:
    await run(page, "SignUp")
    await page.get_by_role("button", name="Sign out").wait_for()
    await page.reload()
    await run(page, "CreateChat")
    await expect(page.locator(".result-window")).to_contain_text('"createChat"')
    await page.get_by_role("button", name="Sign out").click()
    await run(page, "CreateChat")
    await expect(page.locator(".result-window")).to_contain_text("UNAUTHENTICATED")


async def test_the_docs_describe_the_schema(page: Page) -> None:
    await page.get_by_role("button", name="Show Documentation Explorer").click()
    await page.locator(".graphiql-doc-explorer").get_by_text("Subscription", exact=True).click()
    await expect(page.locator(".graphiql-doc-explorer")).to_contain_text("messageStream")


async def test_a_program_that_asks_with_get_is_told_to_post(server: Running) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(server.url)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def run(page: Page, tab: str) -> None:
    await page.get_by_role("tab", name=tab).click()
    await page.get_by_role("button", name="Execute query").click()


async def answer(page: Page) -> dict[str, Any]:
    """What the result pane holds; read from the editor, which draws only the lines in view."""
    text = await page.evaluate("document.querySelector('.result-window .CodeMirror').CodeMirror.getValue()")
    found: dict[str, Any] = json.loads(text)
    return found
