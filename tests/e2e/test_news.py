"""The marks in the list of chats: what has come since one last looked."""

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.author import Author
from tests.e2e.conftest import Arrive
from tests.e2e.visitor import Visitor
from tests.support.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")


def link(page: Visitor, chat: str) -> Locator:
    return page.page.locator(f"[data-chat-id='{chat}']")


async def leaves(page: Visitor) -> None:
    """To the first page, within the page."""
    await page.page.get_by_role("link", name="New chat", exact=True).click()
    await expect(page.page.get_by_role("heading", name="Good")).to_be_visible()


async def is_marked(page: Visitor, chat: str) -> None:
    await expect(link(page, chat)).to_have_attribute("data-unread", "true")


async def is_not_marked(page: Visitor, chat: str) -> None:
    await expect(link(page, chat)).not_to_have_attribute("data-unread", "true")


async def test_somebody_elses_message_is_marked_in_all_tabs_and_after_a_reload_until_one_looks(
    arrive: Arrive, model: Author, ann: Person, bob: Person, chat: str
) -> None:
    await ann.add(chat, bob)
    page = await arrive(ann, chat)
    await expect(page.page.get_by_text("Nothing here yet")).to_be_visible()
    await leaves(page)
    second = await page.another_tab()
    await second.opens()
    await is_not_marked(page, chat)

    await bob.send(chat, "Are you there?", reply=False)
    await is_marked(page, chat)
    await is_marked(second, chat)
    await page.page.reload()
    await is_marked(page, chat)

    await link(page, chat).click()
    await expect(page.messages).to_have_count(1)
    await is_not_marked(page, chat)
    await is_not_marked(second, chat)
    await page.page.reload()
    await is_not_marked(page, chat)


async def test_a_reply_that_was_finished_while_one_was_elsewhere_is_marked(
    arrive: Arrive, model: Author, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat)
    await page.writes("How do tides work?")
    reply = await model.asked()
    reply.say("The Moon pulls.")
    await page.sees("The Moon pulls.")
    await leaves(page)
    await is_not_marked(page, chat)
    reply.finish()
    await is_marked(page, chat)
    await link(page, chat).click()
    await page.sees_it_end()
    await leaves(page)
    await is_not_marked(page, chat)


async def test_a_reply_that_one_saw_end_is_not_marked_and_neither_is_a_new_title(
    arrive: Arrive, model: Author, ann: Person, bob: Person, chat: str
) -> None:
    await ann.add(chat, bob)
    page = await arrive(ann, chat)
    await page.writes("How do tides work?")
    (await model.asked()).finish()
    await page.sees_it_end()
    await leaves(page)
    async with page.page.expect_response(lambda answer: "Chats" in (answer.request.post_data or "")):
        await bob.mutate("renameChat", chatId=chat, title="Seas and moons")
    await expect(link(page, chat)).to_have_text("Seas and moons")
    await is_not_marked(page, chat)


async def test_a_chat_that_one_is_let_into_is_marked_when_there_is_something_to_read(
    arrive: Arrive, model: Author, ann: Person, bob: Person, chat: str
) -> None:
    page = await arrive(bob)
    await expect(page.page.get_by_text("Your chats will be listed here.")).to_be_visible()
    await ann.add(chat, bob)
    await expect(link(page, chat)).to_be_visible()
    await ann.send(chat, "Hello, Bob", reply=False)
    await is_marked(page, chat)


async def test_a_link_to_a_chat_that_one_is_let_into_afterwards_shows_it_then(
    arrive: Arrive, ann: Person, bob: Person, chat: str
) -> None:
    bobs = await arrive(bob, chat)
    await expect(bobs.page.get_by_role("heading", name="Chat not found")).to_be_visible()
    await ann.add(chat, bob)
    await bobs.page.locator(f"[data-chat-id={chat}]").click()
    await expect(bobs.composer).to_be_visible()
    await expect(bobs.page.get_by_role("heading", name="Chat not found")).to_have_count(0)
