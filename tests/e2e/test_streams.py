"""One live operation for each message that is being written, on each page that shows it; none when nobody looks."""

import os
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import pytest
from playwright.async_api import ConsoleMessage, Route, expect

from tests.e2e.author import Author
from tests.e2e.conftest import Arrive
from tests.e2e.site import BUILD_SECONDS, ROOT, Site
from tests.support.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_page_that_is_reloaded_in_mid_stream_shows_the_text_so_far_and_goes_on(
    arrive: Arrive, site: Site, model: Author, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat)
    await page.writes("How do tides work?")
    reply = await model.asked()
    reply.say("The Moon pulls. ")
    await page.sees("The Moon pulls.")
    await page.page.reload()
    await page.sees("The Moon pulls.")
    await expect(page.reply).to_have_attribute("aria-busy", "true")
    reply.say("Twice a day.")
    await page.sees("The Moon pulls. Twice a day.")
    await site.streams(1)
    reply.finish()
    row = await site.stored(await page.sees_it_end())
    assert await page.copied() == row.content
    await site.streams(0)


@pytest.fixture(scope="session")
def development_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page as its developers run it: React's StrictMode renders and mounts everything twice in no other build."""
    directory = tmp_path_factory.mktemp("development")
    vite = str(ROOT / "client" / "node_modules" / ".bin" / "vite")
    build = [vite, "build", "--mode", "development", "--outDir", str(directory), "--logLevel", "error"]
    environment = {**os.environ, "NODE_ENV": "development"}
    subprocess.run(build, cwd=ROOT / "client", env=environment, check=True, timeout=BUILD_SECONDS)
    return directory


def serving(directory: Path) -> Callable[[Route], Awaitable[None]]:
    """Answers with the scripts of another build. Its entry has another name than the one that the page asks for."""

    async def serve(route: Route) -> None:
        name = PurePosixPath(urlsplit(route.request.url).path)
        entries = (directory / "assets").glob(f"{name.stem.partition('-')[0]}-*{name.suffix}")
        asked = directory / "assets" / name.name
        await route.fulfill(path=asked if asked.is_file() else next(entries))

    return serve


async def test_strict_mode_follows_a_message_once(
    arrive: Arrive, site: Site, model: Author, ann: Person, chat: str, development_build: Path
) -> None:
    page = await arrive(ann)
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        said.append(message.text)

    page.page.on("console", note)
    await page.page.route(f"{site.url}/assets/*", serving(development_build))
    await page.opens(chat)
    await page.writes("How do tides work?")
    assert any("React DevTools" in words for words in said), "this is not React's development build"
    reply = await model.asked()
    reply.say("The Moon pulls.")
    await page.sees("The Moon pulls.")
    await site.streams(1)
    assert page.wire.streams == [await page.reply_id()]
    assert page.wire.following("Sync").count([chat]) == 1
    reply.finish()
    await page.sees_it_end()
    await site.streams(0)


async def test_a_second_tab_follows_by_itself_and_leaves_the_first_one_alone(
    arrive: Arrive, site: Site, model: Author, ann: Person, chat: str
) -> None:
    first = await arrive(ann, chat)
    await first.writes("How do tides work?")
    reply = await model.asked()
    reply.say("The Moon pulls. ")
    await first.sees("The Moon pulls.")
    second = await first.another_tab()
    await second.opens(chat)
    await second.sees("The Moon pulls.")
    await site.streams(2)
    await second.page.close()
    await site.streams(1)
    reply.say("Twice a day.")
    await first.sees("Twice a day.")
    reply.finish()
    await first.sees_it_end()


async def test_two_tabs_end_with_the_same_text(
    arrive: Arrive, site: Site, model: Author, ann: Person, chat: str
) -> None:
    first = await arrive(ann, chat)
    second = await first.another_tab()
    await second.opens(chat)
    await expect(second.page.get_by_text("Nothing here yet")).to_be_visible()
    await first.writes("How do tides work?")
    reply = await model.asked()
    reply.say("The Moon pulls.")
    await second.sees("The Moon pulls.")
    reply.finish()
    row = await site.stored(await first.sees_it_end())
    await second.sees_it_end()
    assert await first.copied() == await second.copied() == row.content
    await site.streams(0)


async def test_stop_works_from_the_tab_that_did_not_ask(
    arrive: Arrive, site: Site, model: Author, ann: Person, chat: str
) -> None:
    first = await arrive(ann, chat)
    await first.writes("How do tides work?")
    reply = await model.asked()
    reply.say("The Moon pulls.")
    second = await first.another_tab()
    await second.opens(chat)
    await second.sees("The Moon pulls.")
    await second.button("Stop").click()
    for tab in (first, second):
        row = await site.stored(await tab.sees_it_end("STOPPED"))
        await tab.sees("Stopped by you.")
        assert await tab.copied() == row.content == "The Moon pulls."
    await reply.left()
    await site.streams(0)


async def test_going_to_another_page_in_mid_stream_follows_nothing_and_coming_back_goes_on(
    arrive: Arrive, site: Site, model: Author, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat)
    await page.writes("How do tides work?")
    reply = await model.asked()
    reply.say("The Moon pulls. ")
    await page.sees("The Moon pulls.")
    await page.page.get_by_role("link", name="New chat", exact=True).click()
    await expect(page.messages).to_have_count(0)
    await site.streams(0)
    assert page.wire.streams == []
    reply.say("Twice a day.")
    await page.page.get_by_role("link", name="Tides").click()
    await page.sees("Twice a day.")
    await site.streams(1)
    reply.finish()
    row = await site.stored(await page.sees_it_end())
    assert await page.copied() == row.content


async def test_hurrying_from_chat_to_chat_follows_only_what_is_shown_in_the_end(
    arrive: Arrive, site: Site, model: Author, ann: Person
) -> None:
    titles = ["Tides", "Rain", "Snow"]
    page = await arrive(ann)
    for title in titles:
        await ann.send(await ann.create_chat(title), f"How does this work: {title}?")
        (await model.asked()).say(f"All about {title}.")
    for title in [*titles, *reversed(titles), *titles]:
        await page.page.get_by_role("link", name=title).click()
    await page.sees("All about Snow.")
    await site.streams(1)
    assert page.wire.streams == [await page.reply_id()]
    await page.page.close()
    await site.streams(0)


async def test_several_replies_on_one_page_are_followed_each_once(
    arrive: Arrive, site: Site, model: Author, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat)
    replies = page.page.locator("article.reply")
    for number in range(3):
        await page.writes(f"Question {number}")
        await expect(replies).to_have_count(number + 1)
    await site.streams(3)
    assert len(set(page.wire.streams)) == 3
    for number in range(3):  # they are written in turn
        reply = await model.asked()
        reply.say(f"Answer {number}")
        await expect(replies.nth(number)).to_contain_text(f"Answer {number}")
        reply.finish()
        await expect(replies.nth(number)).to_have_attribute("data-status", "COMPLETE")
        await site.streams(2 - number)
