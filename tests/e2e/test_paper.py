"""A chat on paper and in a file: all of it, and nothing of the page around it. And an address that leads nowhere."""

import json
from io import BytesIO

import pytest
from playwright.async_api import expect
from pypdf import PdfReader

from tests.e2e.author import Author
from tests.e2e.conftest import Arrive
from tests.e2e.site import Site
from tests.e2e.states import REST
from tests.e2e.visitor import Visitor
from tests.support.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

MESSAGES = 40
"""More than the page loads at first."""

PARAGRAPH = "The Moon pulls, the Sun pulls too, and the water goes where it is pulled, twice a day, nearly."


async def printed(page: Visitor) -> list[str]:
    """The text of each sheet of A4, with single spaces."""
    pdf = PdfReader(BytesIO(await page.page.pdf(format="A4")))
    return [" ".join(sheet.extract_text().split()) for sheet in pdf.pages]


async def test_a_chat_is_printed_whole_with_its_oldest_messages_and_its_longest_reply(
    arrive: Arrive, site: Site, model: Author, ann: Person, chat: str
) -> None:
    await site.written(ann, chat, *(f"Message {number}: {PARAGRAPH}" for number in range(1, MESSAGES + 1)))
    page = await arrive(ann, chat, color_scheme="dark")
    await page.writes("How do tides work?")
    reply = await model.asked()
    parts = [f"Part {number}. {PARAGRAPH}" for number in range(1, 21)]
    reply.say("\n\n".join(parts) + f"\n\n{REST}\n\n```text\n{'wide ' * 60}end of the line\n```\n")
    reply.finish()
    await page.sees_it_end()
    assert await page.messages.count() < MESSAGES

    await page.page.evaluate("() => { window.print = () => { window.isPrinted = true; }; }")
    await page.page.keyboard.press("Control+p")
    await page.page.wait_for_function("() => window.isPrinted")
    sheets = await printed(page)
    text = " ".join(sheets)
    written = [f"Message {number}: {PARAGRAPH}" for number in range(1, MESSAGES + 1)] + parts
    assert [words for words in written if text.count(words) != 1] == []
    for words in ("Tides", "Ann, ", "Assistant, ", "def tidal_force", "a spring tide.", "end of the line"):
        assert words in text
    for control in ("New chat", "Regenerate", "Send", "Loading older messages", "Share"):
        assert control not in text
    assert len(sheets) > 3
    assert all(sheets), "an empty sheet"


async def test_a_chat_of_about_three_pages_is_printed_on_three_and_the_reader_stays_where_they_read(
    arrive: Arrive, site: Site, ann: Person, chat: str
) -> None:
    await site.written(ann, chat, *(f"Message {number}: {PARAGRAPH}" for number in range(1, 26)))
    page = await arrive(ann, chat)
    await expect(page.messages).to_have_count(25)
    await page.messages.nth(5).scroll_into_view_if_needed()
    await expect(page.button("Jump to newest")).to_be_visible()
    before = await page.messages.nth(5).bounding_box()
    sheets = await printed(page)
    assert len(sheets) == 3
    assert [number for number in range(1, 26) if f"Message {number}: {PARAGRAPH}" not in " ".join(sheets)] == []
    assert await page.messages.nth(5).bounding_box() == before


async def saved(page: Visitor, item: str) -> tuple[str, str]:
    """The name and the text of the file that the chat's menu makes."""
    await page.button("Chat menu").click()
    async with page.page.expect_download() as downloading:
        await page.button(item).click()
    download = await downloading.value
    return download.suggested_filename, (await download.path()).read_text(encoding="utf-8")


async def test_a_chat_is_exported_with_all_its_messages_as_markdown_and_as_json(
    arrive: Arrive, site: Site, ann: Person, chat: str
) -> None:
    messages = [f"Message {number}" for number in range(1, 121)]
    await site.written(ann, chat, *messages)
    page = await arrive(ann, chat)
    name, markdown = await saved(page, "Export as Markdown")
    assert name == "Tides.md"
    assert [line for line in markdown.splitlines() if line.startswith("Message ")] == messages
    name, text = await saved(page, "Export as JSON")
    assert name == "Tides.json"
    exported = json.loads(text)
    assert [(message["name"], message["content"]) for message in exported["messages"]] == [("Ann", m) for m in messages]
    await expect(page.button("Export as JSON")).to_have_count(0)


async def test_an_address_that_the_page_does_not_know_says_so_and_leads_on(arrive: Arrive, site: Site) -> None:
    page = await arrive()
    answer = await page.page.goto(f"{site.url}/no/such/page")
    assert answer is not None
    assert answer.status == 404
    await expect(page.page.get_by_role("heading", name="Page not found")).to_be_visible()
    await page.page.get_by_role("link", name="Open Twotrack").click()
    await expect(page.page.get_by_role("heading", name="Welcome back")).to_be_visible()
