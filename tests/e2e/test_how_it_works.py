"""The panel "How this works" shows what arrives on the two tracks, and switches the smoothing of text off."""

import pytest
from playwright.async_api import expect

from tests.e2e.author import Author
from tests.e2e.conftest import Arrive
from tests.support.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_panel_shows_both_tracks_while_a_reply_is_written(
    arrive: Arrive, model: Author, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat)
    opener = page.page.get_by_role("complementary", name="Your chats").get_by_role("button", name="How this works")
    await opener.click()
    panel = page.page.get_by_role("complementary", name="How this works")
    await expect(panel.get_by_role("heading", name="How this works")).to_be_focused()
    events = panel.get_by_role("list", name="Sync track, the newest first").get_by_role("listitem")
    frames = panel.get_by_role("list", name="Stream track, the newest first").get_by_role("listitem")

    await ann.mutate("renameChat", chatId=chat, title="Seas")
    await expect(
        events.filter(has_text="Seas").filter(has_text="fetched after the event: revision").first
    ).to_be_visible()
    await page.writes("How do tides work?")
    reply = await model.asked()
    reply.say("The Moon pulls.")
    await expect(frames.filter(has_text="kB").or_(frames.filter(has_text=" B")).first).to_be_visible()
    await panel.get_by_role("checkbox", name="Smooth text").uncheck()
    reply.say(" The Sun pulls too." * 200)
    await page.sees("The Moon pulls. The Sun pulls too.")
    reply.finish()
    await page.sees_it_end()
    await expect(frames.first).to_contain_text("Message, complete")
    await expect(frames.first).to_contain_text("ms after the last")

    await panel.get_by_role("checkbox", name="Smooth text").press("Escape")
    await expect(panel).to_have_count(0)
    await expect(opener).to_be_focused()
