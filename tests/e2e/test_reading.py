"""The reader stays where they read, whatever grows below, arrives, or is loaded above."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Locator, Route, expect

from tests.e2e.author import Author
from tests.e2e.conftest import Arrive
from tests.e2e.site import Site
from tests.e2e.visitor import Visitor
from tests.support.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

PARAGRAPH = "The Moon pulls, the Sun pulls too, and the water goes where it is pulled, twice a day, nearly.\n\n"

MESSAGES = 65
"""Two full pages of thirty, and some."""


def history(messages: int = MESSAGES) -> list[str]:
    return [f"Message {number}: {PARAGRAPH.strip()}" for number in range(1, messages + 1)]


def scroller(page: Visitor) -> Locator:
    return page.page.get_by_role("region", name="Conversation")


async def wheel(page: Visitor, up: int) -> None:
    box = await scroller(page).bounding_box()
    assert box is not None
    await page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await page.page.mouse.wheel(0, -up)


async def is_at_newest(page: Visitor) -> None:
    """Until the last line is in view."""
    view = await scroller(page).element_handle()
    await page.page.wait_for_function("it => it.scrollHeight - it.scrollTop - it.clientHeight < 2", arg=view)


async def top_of(message: Locator) -> float:
    box = await message.bounding_box()
    assert box is not None
    return box["y"]


def held(released: asyncio.Event) -> Callable[[Route], Awaitable[None]]:
    """Keeps the request for older messages back."""

    async def hold(route: Route) -> None:
        if (route.request.post_data_json or {}).get("operationName") == "OlderMessages":
            await released.wait()
        await route.continue_()

    return hold


async def test_a_long_history_loads_upward_without_jumping(arrive: Arrive, site: Site, ann: Person, chat: str) -> None:
    await site.written(ann, chat, *history())
    page = await arrive(ann, chat)
    await expect(page.messages).to_have_count(30)
    await is_at_newest(page)
    released = asyncio.Event()
    await page.page.route("**/graphql", held(released))

    for shown, after in ((30, 60), (60, MESSAGES)):
        released.clear()
        marked = page.page.locator("article").filter(has_text=f"Message {MESSAGES - shown + 3}:")
        await marked.scroll_into_view_if_needed()
        await expect(page.page.get_by_text("Loading older messages")).to_be_attached()
        await expect(page.messages).to_have_count(shown)
        before = await top_of(marked)
        released.set()
        await expect(page.messages).to_have_count(after)
        assert abs(await top_of(marked) - before) <= 1
    await expect(page.page.get_by_text("Loading older messages")).to_have_count(0)
    texts = await page.messages.all_inner_texts()
    assert [f"Message {number}:" in text for number, text in enumerate(texts, 1)] == [True] * MESSAGES


async def test_a_burst_of_messages_leaves_whoever_has_scrolled_back_where_they_read(
    arrive: Arrive, site: Site, ann: Person, bob: Person, chat: str
) -> None:
    await ann.add(chat, bob)
    await site.written(ann, chat, *history(20))
    page = await arrive(ann, chat)
    await is_at_newest(page)
    marked = page.page.locator("article").filter(has_text="Message 8:")
    await wheel(page, up=900)
    await expect(page.button("Jump to newest")).to_be_visible()
    await marked.scroll_into_view_if_needed()
    before = await top_of(marked)
    for number in range(5):
        await bob.send(chat, f"News {number}", reply=False)
    await expect(page.messages).to_have_count(25)
    assert abs(await top_of(marked) - before) <= 1


async def test_the_newest_text_stays_in_view_while_it_grows(
    arrive: Arrive, model: Author, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat)
    await page.writes("How do tides work?")
    reply = await model.asked()
    for number in range(1, 4):
        reply.say(PARAGRAPH * 10 + f"Part {number} ends.\n\n")
        await page.sees(f"Part {number} ends.")
        await expect(page.page.get_by_text(f"Part {number} ends.")).to_be_in_viewport()
        await is_at_newest(page)
    await expect(page.button("Jump to newest")).to_have_count(0)


async def test_whoever_scrolls_up_in_mid_stream_is_left_in_peace_until_they_want_the_newest(
    arrive: Arrive, model: Author, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat)
    await page.writes("How do tides work?")
    reply = await model.asked()
    reply.say(PARAGRAPH * 30 + "Part 1 ends.\n\n")
    await page.sees("Part 1 ends.")
    await is_at_newest(page)
    await wheel(page, up=600)
    await expect(page.button("Jump to newest")).to_be_visible()
    marked = page.page.get_by_text("Part 1 ends.")
    await expect(marked).not_to_be_in_viewport()
    before = await top_of(marked)
    reply.say(PARAGRAPH * 10 + "Part 2 ends.")
    await page.sees("Part 2 ends.")
    assert abs(await top_of(marked) - before) <= 1

    await page.button("Jump to newest").click()
    await is_at_newest(page)
    await expect(page.button("Jump to newest")).to_have_count(0)
    reply.say(PARAGRAPH * 10 + "Part 3 ends.")
    await page.sees("Part 3 ends.")
    await is_at_newest(page)


async def test_ones_own_message_is_shown_wherever_one_was_reading(
    arrive: Arrive, site: Site, model: Author, ann: Person, chat: str
) -> None:
    await site.written(ann, chat, *history(20))
    page = await arrive(ann, chat)
    await is_at_newest(page)
    await wheel(page, up=900)
    await expect(page.button("Jump to newest")).to_be_visible()
    await page.writes("How do tides work?")
    await expect(page.page.get_by_text("How do tides work?")).to_be_in_viewport()
    await model.asked()


async def test_back_leads_to_where_one_was_reading_also_after_a_reload(
    arrive: Arrive, site: Site, ann: Person, chat: str
) -> None:
    await site.written(ann, chat, *history())
    await ann.create_chat("Rain")
    page = await arrive(ann, chat)
    await is_at_newest(page)
    for number, loaded in ((MESSAGES - 25, 60), (8, MESSAGES), (20, MESSAGES)):
        marked = page.page.locator("article").filter(has_text=f"Message {number}:")
        await marked.scroll_into_view_if_needed()
        await expect(page.messages).to_have_count(loaded)
    await expect(marked).to_be_in_viewport()
    await expect(page.button("Jump to newest")).to_be_visible()
    before = await top_of(marked)

    for is_reloaded in (False, True):
        await page.page.get_by_role("link", name="Rain").click()
        await expect(page.page.get_by_text("Nothing here yet")).to_be_visible()
        if is_reloaded:
            await page.page.reload()
            await expect(page.page.get_by_text("Nothing here yet")).to_be_visible()
        await page.page.go_back()
        await expect(marked).to_be_in_viewport()
        assert abs(await top_of(marked) - before) <= 1
        await expect(page.button("Jump to newest")).to_be_visible()
    await page.page.get_by_role("link", name="Rain").click()
    await page.page.get_by_role("link", name="Tides").click()
    await is_at_newest(page)
