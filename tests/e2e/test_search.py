"""The dialog that finds messages by their words."""

import pytest
from playwright.async_api import Route, expect

from tests.e2e.conftest import Arrive
from tests.e2e.site import Site
from tests.support.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

OLD = "The **spring tide** comes at new moon, said the harbour master."


async def test_a_message_is_found_by_its_words_and_opened_with_the_keyboard(
    arrive: Arrive, site: Site, ann: Person, chat: str
) -> None:
    await site.written(ann, chat, OLD, *(f"Line {number} of a long talk." for number in range(120)))
    other = await ann.create_chat("Harbours")
    await site.written(ann, other, "Which harbour has the largest tides?")
    page = await arrive(ann, other)
    await expect(page.messages).to_have_count(1)
    await expect(page.page).to_have_title("Harbours · Twotrack")  # set when the page has begun to listen for keys

    await page.page.keyboard.press("Control+k")
    dialog = page.page.get_by_role("dialog", name="Search messages")
    field = dialog.get_by_role("combobox", name="Words to find")
    await expect(field).to_be_focused()
    await field.fill("nowhere written")
    await expect(dialog.get_by_role("status")).to_have_text("No message contains “nowhere written”.")

    await field.fill("harbour tide")
    options = dialog.get_by_role("option")
    await expect(options).to_have_count(2)
    await expect(dialog.get_by_role("status")).to_have_text("2 messages")
    await expect(options.first).to_contain_text("Harbours")
    await expect(options.last).to_contain_text("Ann")
    assert set(await options.last.locator("mark").all_inner_texts()) == {"tide", "harbour"}
    await expect(options.first).to_have_attribute("aria-selected", "true")
    await field.press("ArrowDown")
    await expect(options.last).to_have_attribute("aria-selected", "true")
    assert await field.get_attribute("aria-activedescendant") == await options.last.get_attribute("id")

    await field.press("Enter")
    await expect(dialog).to_have_count(0)
    opened = page.messages.filter(has_text="harbour master")
    await expect(opened).to_be_in_viewport()
    await expect(opened).to_be_focused()
    assert page.page.url.endswith(f"/c/{chat}")

    async def refuse(route: Route) -> None:
        await route.abort()

    await page.button("Search messages").click()
    await page.page.route("**/graphql", refuse)
    await field.fill("moon")
    await expect(dialog.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    await page.page.unroute("**/graphql", refuse)
    await dialog.get_by_role("button", name="Try again").click()
    await expect(options).to_have_count(1)
    await field.press("Escape")
    await expect(dialog).to_have_count(0)
