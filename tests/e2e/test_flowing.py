"""Text flows: the page shows each frame in small steps, and at once to those who prefer no motion."""

import json
from collections.abc import Callable

import pytest
from playwright.async_api import WebSocket

from tests.e2e.author import Author
from tests.e2e.conftest import Arrive
from tests.e2e.site import Site
from tests.e2e.visitor import Visitor
from tests.support.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOTE_STEPS = """() => {
    window.steps = [];
    new MutationObserver(() => {
        const drawn = document.querySelector("article.reply .markdown")?.textContent ?? "";
        if (drawn !== (steps.at(-1) ?? "")) steps.push(drawn);
    }).observe(document, { subtree: true, childList: true, characterData: true });
}"""
"""Notes what the reply shows, each time that it changes."""


def counting_frames(page: Visitor) -> Callable[[], int]:
    """How many frames of a reply have arrived with new text."""
    contents: list[str] = []

    def received(frame: str | bytes) -> None:
        payload = json.loads(frame).get("payload") or {}
        message = (payload.get("data") or {}).get("messageStream")
        if message and message["content"] not in ("", *contents[-1:]):
            contents.append(message["content"])

    def opened(socket: WebSocket) -> None:
        socket.on("framereceived", received)

    page.page.on("websocket", opened)
    return lambda: len(contents)


async def steps_of_a_reply(page: Visitor, site: Site, chat: str) -> tuple[list[str], int]:
    """What the page shows one after the other while a reply grows, and the number of frames that brought it."""
    frames = counting_frames(page)
    await page.opens(chat)
    await page.page.evaluate(NOTE_STEPS)
    await page.writes("How do tides work?")
    row = await site.stored(await page.sees_it_end())
    assert await page.copied() == row.content
    steps: list[str] = await page.page.evaluate("steps")
    assert steps[-1] == await page.page.locator("article.reply .markdown").last.evaluate("body => body.textContent")
    return steps, frames()


async def test_each_frame_is_shown_in_many_small_steps_and_all_of_it_in_the_end(
    arrive: Arrive, scripted_site: Site
) -> None:
    (ann,) = await scripted_site.people("Ann")
    page = await arrive(ann, at=scripted_site.url)
    steps, frames = await steps_of_a_reply(page, scripted_site, await ann.create_chat("Tides"))
    assert frames > 3
    assert len(steps) > 2 * frames


async def test_frames_are_shown_at_once_to_those_who_prefer_no_motion(arrive: Arrive, scripted_site: Site) -> None:
    (ann,) = await scripted_site.people("Ann")
    page = await arrive(ann, at=scripted_site.url, reduced_motion="reduce")
    steps, frames = await steps_of_a_reply(page, scripted_site, await ann.create_chat("Tides"))
    assert 3 < len(steps) <= frames


async def test_a_regenerated_reply_replaces_the_old_text_at_once(
    arrive: Arrive, site: Site, model: Author, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat)
    await page.writes("How do tides work?")
    first = await model.asked()
    first.say("The Moon pulls on all of the Earth, but not equally.")
    first.finish()
    await page.sees_it_end()
    await page.page.evaluate(NOTE_STEPS)
    await page.reply.get_by_role("button", name="Regenerate").click()
    second = await model.asked()
    second.say("The Sun pulls too, half as much.")
    second.finish()
    await page.sees("half as much.")
    row = await site.stored(await page.sees_it_end())
    assert await page.text() == row.content == "The Sun pulls too, half as much."
    steps: list[str] = await page.page.evaluate("steps")
    assert all(row.content.startswith(step) for step in steps), steps
