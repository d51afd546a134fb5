"""A server that is stopped or killed in the middle of a reply and started again: pages recover alone."""

import asyncio
from collections.abc import Callable

import pytest
from playwright.async_api import expect

from tests.e2e.author import Author
from tests.e2e.conftest import Arrive
from tests.e2e.site import Site
from tests.support.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

ENDINGS = pytest.mark.parametrize("end", [Site.stop, Site.kill], ids=["stopped", "killed"])


@ENDINGS
async def test_a_reply_that_was_interrupted_is_shown_as_such_with_its_text_when_the_server_is_back(
    arrive: Arrive, site: Site, model: Author, ann: Person, chat: str, end: Callable[[Site], None]
) -> None:
    page = await arrive(ann, chat)
    await page.page.evaluate("window.neverReloaded = true")
    await page.writes("How do tides work?")
    (await model.asked()).say("The Moon pulls.")
    await page.sees("The Moon pulls.")

    await asyncio.to_thread(end, site)
    await expect(page.note).to_have_text("Reconnecting…")
    await asyncio.to_thread(site.start)

    row = await site.stored(await page.sees_it_end("FAILED"))
    assert (row.status, row.error_code) == ("FAILED", "INTERRUPTED")
    await expect(page.reply.get_by_role("alert")).to_contain_text(row.error_message or "?")
    assert await page.copied() == row.content == "The Moon pulls."
    await expect(page.note).to_be_empty()
    assert await page.page.evaluate("window.neverReloaded")
    await site.streams(0)


@ENDINGS
async def test_a_reply_that_had_shown_nothing_yet_is_written_when_the_server_is_back(
    arrive: Arrive, site: Site, model: Author, ann: Person, chat: str, end: Callable[[Site], None]
) -> None:
    page = await arrive(ann, chat)
    await page.writes("How do tides work?")
    await model.asked()
    await expect(page.reply).to_have_attribute("aria-busy", "true")

    await asyncio.to_thread(end, site)
    await asyncio.to_thread(site.start)

    reply = await model.asked()
    reply.say("The Moon pulls.")
    await page.sees("The Moon pulls.")
    reply.finish()
    row = await site.stored(await page.sees_it_end())
    assert await page.copied() == row.content == "The Moon pulls."


async def test_an_interrupted_reply_is_asked_for_again_by_its_button(
    arrive: Arrive, site: Site, model: Author, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat)
    await page.writes("How do tides work?")
    (await model.asked()).say("The Moon pulls.")
    await page.sees("The Moon pulls.")
    await asyncio.to_thread(site.stop)
    await asyncio.to_thread(site.start)
    interrupted = await page.sees_it_end("FAILED")

    await page.reply.get_by_role("button", name="Try again").click()
    reply = await model.asked()
    reply.say("The Sun pulls too.")
    await page.sees("The Sun pulls too.")
    await expect(page.reply).not_to_contain_text("The Moon pulls.")
    reply.finish()
    assert await page.sees_it_end() == interrupted


async def test_what_is_written_while_the_server_restarts_arrives_when_it_is_back(
    arrive: Arrive, site: Site, model: Author, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat)
    await expect(page.page.get_by_text("Nothing here yet")).to_be_visible()
    await asyncio.to_thread(site.stop)
    await page.writes("How do tides work?")
    await expect(page.page.locator("article")).to_contain_text("How do tides work?")
    await asyncio.to_thread(site.start)
    unsent = page.page.locator("article[data-status=UNSENT]")
    # It tries for a few seconds by itself; a slow start may take longer, and then it asks.
    await expect(page.reply.or_(unsent)).to_be_visible()
    if await unsent.count():
        await unsent.get_by_role("button", name="Send again").click()
    (await model.asked()).finish()
    await page.sees_it_end()
    await expect(page.messages).to_have_count(2)
