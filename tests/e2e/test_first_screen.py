"""What a browser that has never been here has to load before it shows a chat."""

import gzip

import pytest
from playwright.async_api import Response, Route, expect

from tests.e2e.conftest import Arrive
from tests.e2e.site import Site
from tests.support.fleet import comes_true
from tests.support.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOST_SCRIPT_BYTES = 215_000
"""Compressed, as they are sent. With styles and page, the first screen stays below 250 kB."""


async def test_the_first_screen_loads_few_scripts(arrive: Arrive, ann: Person, chat: str) -> None:
    page = await arrive()
    scripts: list[Response] = []

    def note(response: Response) -> None:
        if response.request.resource_type == "script":
            scripts.append(response)

    page.page.on("response", note)
    await page.page.evaluate("token => localStorage.setItem('twotrack.token', token)", ann.token)
    await page.opens(chat)
    await expect(page.page.get_by_text("Nothing here yet")).to_be_visible()
    sizes = {script.url: len(gzip.compress(await script.body())) for script in scripts}
    assert sizes
    assert sum(sizes.values()) <= MOST_SCRIPT_BYTES, sizes


async def test_the_chat_and_the_list_are_asked_for_while_the_scripts_are_on_their_way_and_never_again(
    arrive: Arrive, site: Site, ann: Person, chat: str
) -> None:
    page = await arrive(ann)
    await expect(page.composer).to_be_visible()
    asked = page.wire.asked
    asked.clear()
    scripts: list[Route] = []

    async def hold(route: Route) -> None:
        scripts.append(route)

    await page.page.route("**/assets/*.js", hold)
    await page.page.goto(f"{site.url}/c/{chat}", wait_until="commit")
    await comes_true(lambda: sorted(asked) == ["Chat", "Chats"] and scripts != [], "both are asked before any script")
    for script in scripts:
        await script.continue_()
    await expect(page.page.get_by_text("Nothing here yet")).to_be_visible()
    await expect(page.page.get_by_role("link", name="Tides")).to_be_visible()
    assert sorted(asked) == ["Chat", "Chats"]


async def test_what_nobody_answered_early_is_asked_again_by_the_page(arrive: Arrive, ann: Person, chat: str) -> None:
    page = await arrive(ann)
    await expect(page.composer).to_be_visible()
    asked = page.wire.asked
    asked.clear()

    async def refuse_two(route: Route) -> None:
        await (route.abort() if len(asked) <= 2 else route.continue_())

    await page.page.route("**/graphql", refuse_two)
    await page.opens(chat)
    await expect(page.page.get_by_text("Nothing here yet")).to_be_visible()
    assert sorted(asked) == ["Chat", "Chat", "Chats", "Chats"]


async def test_scripts_are_sent_compressed_and_kept_for_good(arrive: Arrive, site: Site) -> None:
    page = await arrive()
    async with page.page.expect_response("**/assets/*.js") as loading:
        await page.page.reload()
    answer = await loading.value
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    plain = await page.page.request.get(answer.url, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert await plain.body() == await answer.body()
