"""The two workflows that everything serves, as people see them."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.author import Author
from tests.e2e.conftest import Arrive
from tests.e2e.site import Site
from tests.e2e.visitor import visiting
from tests.support.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

GROWTHS = """() => {
  window.growths = [];
  new MutationObserver(() => {
    const length = document.querySelector("article.reply .markdown")?.textContent.length ?? 0;
    if (length > (window.growths.at(-1) ?? 0)) window.growths.push(length);
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
"""Notes how long the reply is each time that it has grown."""


async def test_a_newcomer_signs_up_and_writes_and_watches_the_reply_grow(browser: Browser, scripted_site: Site) -> None:
    async with visiting(browser, scripted_site.url) as newcomer:
        await newcomer.opens()
        page = newcomer.page
        await newcomer.button("Create an account").click()
        await page.get_by_label("Name").fill("Ann Lovelace")
        await page.get_by_label("E-mail").fill("ann.lovelace@example.com")
        await page.get_by_label("Password").fill("ten letters or more")
        await newcomer.button("Sign up").click()
        await expect(page.get_by_role("heading", name="Ann")).to_be_visible()

        await page.evaluate(GROWTHS)
        await newcomer.writes("How do tides work?")
        await expect(newcomer.messages).to_have_count(2)
        await expect(newcomer.messages.first).to_contain_text("How do tides work?")
        await expect(newcomer.reply).to_have_attribute("aria-busy", "true")

        reply = await newcomer.sees_it_end()
        assert len(await page.evaluate("growths")) >= 4
        assert await newcomer.copied() == (await scripted_site.stored(reply)).content
        assert newcomer.wire.streams == []


async def test_message_and_reply_come_with_the_answer_and_nothing_is_fetched_while_the_text_grows(
    arrive: Arrive, site: Site, model: Author, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat)
    await expect(page.page.get_by_text("Nothing here yet")).to_be_visible()
    asked_before = len(page.wire.asked)

    await page.writes("How do tides work?")
    reply = await model.asked()
    await expect(page.messages).to_have_count(2)
    for words in ("The Moon pulls.", "The Sun pulls too.", "Twice a day.", "Nearly."):
        reply.say(f"{words} ")
        await page.sees(words)
    assert page.wire.streams == [await page.reply_id()]
    assert "Chat" not in page.wire.asked[asked_before:]
    assert page.wire.asked.count("Send") == 1

    reply.finish()
    row = await site.stored(await page.sees_it_end())
    assert await page.copied() == row.content
    assert await page.text() == row.content.strip()
    assert "Chat" not in page.wire.asked[asked_before:]


async def test_what_somebody_else_asks_comes_by_a_signal_and_is_followed_live(
    arrive: Arrive, site: Site, model: Author, ann: Person, bob: Person, chat: str
) -> None:
    anns, bobs = await arrive(ann, chat), await arrive(bob)
    await anns.button("Share").click()
    await anns.page.get_by_label("Add a participant").fill(bob.email)
    await anns.button("Add").click()
    await expect(anns.page.get_by_role("listitem").filter(has_text="Bob")).to_be_visible()
    await anns.button("Close").click()

    await bobs.page.get_by_role("link", name="Tides").click()
    await expect(bobs.page.get_by_text("Nothing here yet")).to_be_visible()
    fetched = bobs.wire.asked.count("Chat")

    await anns.writes("How do tides work?")
    reply = await model.asked()
    await expect(bobs.page.locator("article.other")).to_contain_text("How do tides work?")
    assert bobs.wire.asked.count("Chat") > fetched
    fetched = bobs.wire.asked.count("Chat")
    for words in ("The Moon pulls.", "The Sun pulls too."):
        reply.say(f"{words} ")
        await anns.sees(words)
        await bobs.sees(words)
    assert bobs.wire.streams == anns.wire.streams == [await anns.reply_id()]

    reply.finish()
    row = await site.stored(await anns.sees_it_end())
    assert await bobs.sees_it_end() == await anns.reply_id()
    assert await anns.copied() == await bobs.copied() == row.content
    assert await anns.text() == await bobs.text()
    assert bobs.wire.asked.count("Chat") == fetched


async def test_a_reply_looks_the_same_to_whoever_watched_it_and_to_whoever_opens_it_later(
    browser: Browser, scripted_site: Site
) -> None:
    (ann,) = await scripted_site.people("Ann")
    async with visiting(browser, scripted_site.url, ann) as page:
        await page.opens(await ann.create_chat())
        await page.writes("How do tides work?")
        await page.sees_it_end()
        await coloured(page.page)
        drawn = await page.reply.locator(".markdown").inner_html()
        await page.page.reload()
        await page.sees_it_end()
        await coloured(page.page)
        assert await page.reply.locator(".markdown").inner_html() == drawn


async def coloured(page: Page) -> None:
    """Until all code has its colours, which a worker finds."""
    await expect(page.locator("figure.code .lines span").first).to_be_attached()
    await expect(page.locator("figure.code:not(:has(.lines span))")).to_have_count(0)
