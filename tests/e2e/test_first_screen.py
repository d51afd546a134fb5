"""What a browser that has never been here has to load before it shows a chat."""

import gzip

import pytest
from playwright.async_api import Response, Route, expect

from tests.e2e.conftest import Arrive
from tests.e2e.site import Site
from tests.faults.fleet import comes_true
from tests.server import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOST_SCRIPT_BYTES = 250_000
"""Compressed, as they are sent."""


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


async def test_the_chat_is_asked_for_together_with_the_list_and_not_after_it(
    arrive: Arrive, ann: Person, chat: str
) -> None:
    page = await arrive(ann)
    await expect(page.composer).to_be_visible()
    held: list[str] = []

    async def hold(route: Route) -> None:
        held.append((route.request.post_data_json or {})["operationName"])

    await page.page.route("**/graphql", hold)
    await page.opens(chat)
    await comes_true(lambda: set(held) == {"Chats", "Chat"}, "both are asked for while neither is answered")


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
