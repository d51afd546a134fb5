"""Replies that wait for their turn, and replies that reached their limit, at the chat page."""

import pytest
from playwright.async_api import expect

from tests.e2e.author import Author
from tests.e2e.conftest import Arrive
from tests.e2e.site import Site
from tests.support.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

WAITS = "Waits for the reply before it."


async def test_a_second_question_says_that_it_waits_and_is_answered_after_the_first(
    arrive: Arrive, model: Author, ann: Person, bob: Person, chat: str
) -> None:
    await ann.add(chat, bob)
    anns, bobs = await arrive(ann, chat), await arrive(bob, chat)
    await anns.writes("How do tides work?")
    first = await model.asked()
    first.say("The Moon pulls.")
    await anns.sees("The Moon pulls.")
    await anns.writes("And seiches?")
    for page in (anns, bobs):
        await expect(page.messages).to_have_count(4)
        await page.sees(WAITS)
        await expect(page.page.get_by_text(WAITS)).to_have_count(1)
    first.finish()
    second = await model.asked()
    assert "And seiches?" in second.question
    for page in (anns, bobs):
        await expect(page.page.get_by_text(WAITS)).to_have_count(0)
    second.say("The wind pushes.")
    second.finish()
    for page in (anns, bobs):
        await page.sees("The wind pushes.")
        await page.sees_it_end()
        await expect(page.page.locator("article.reply").first).to_contain_text("The Moon pulls.")


async def test_a_reply_that_reached_its_limit_says_so_and_is_continued_in_its_place(
    arrive: Arrive, site: Site, model: Author, ann: Person, bob: Person, chat: str
) -> None:
    await ann.add(chat, bob)
    anns, bobs = await arrive(ann, chat), await arrive(bob, chat)
    await anns.writes("How do tides work?")
    reply = await model.asked()
    reply.say("The Moon pulls")
    reply.finish("length")
    for page in (anns, bobs):
        await page.sees("The reply reached its length limit.")
    before = await anns.sees_it_end()
    await anns.button("Continue").click()
    continued = await model.asked()
    for page in (anns, bobs):
        await expect(page.reply).to_have_attribute("aria-busy", "true")
        await expect(page.button("Continue")).to_have_count(0)
        await page.sees("The Moon pulls")
    continued.say(", and the Sun.")
    continued.finish()
    for page in (anns, bobs):
        await page.sees("The Moon pulls, and the Sun.")
        assert await page.sees_it_end() == before
        await expect(page.messages).to_have_count(2)
        await expect(page.button("Continue")).to_have_count(0)
        assert await page.copied() == (await site.stored(before)).content == "The Moon pulls, and the Sun."
