"""What one does with messages and chats that are there, and what the others see of it."""

import pytest
from playwright.async_api import expect

from tests.e2e.author import Author
from tests.e2e.conftest import Arrive
from tests.e2e.site import Site
from tests.e2e.visitor import Visitor
from tests.support.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def answered(person: Person, model: Author, chat: str, words: str = "The Moon pulls.") -> None:
    """The chat holds a question and its answer."""
    sent = await person.send(chat, "How do tides work?")
    reply = await model.asked()
    reply.say(words)
    reply.finish()
    async with person.socket() as socket:
        await (await socket.stream(sent["reply"]["id"])).until(status="COMPLETE")


async def both(arrive: Arrive, ann: Person, bob: Person, chat: str) -> tuple[Visitor, Visitor]:
    """Ann and Bob, each at the chat's page."""
    await ann.add(chat, bob)
    pages = await arrive(ann, chat), await arrive(bob, chat)
    for page in pages:
        await page.sees("The Moon pulls.")
    return pages


async def test_a_reply_that_is_regenerated_is_written_anew_in_its_place_on_every_page(
    arrive: Arrive, site: Site, model: Author, ann: Person, bob: Person, chat: str
) -> None:
    await answered(ann, model, chat)
    anns, bobs = await both(arrive, ann, bob, chat)
    before = await anns.reply_id()
    await anns.reply.hover()
    await anns.button("Regenerate").click()
    reply = await model.asked()
    for page in (anns, bobs):
        await expect(page.reply).to_have_attribute("aria-busy", "true")
    reply.say("The Sun pulls too.")
    for page in (anns, bobs):
        await page.sees("The Sun pulls too.")
        await expect(page.reply).not_to_contain_text("The Moon pulls.")
    reply.finish()
    for page in (anns, bobs):
        assert await page.sees_it_end() == before
        assert await page.copied() == (await site.stored(before)).content


async def test_a_message_that_is_edited_is_answered_anew(
    arrive: Arrive, model: Author, ann: Person, bob: Person, chat: str
) -> None:
    await answered(ann, model, chat)
    anns, bobs = await both(arrive, ann, bob, chat)
    await anns.messages.first.hover()
    await anns.button("Edit message").click()
    await anns.page.get_by_role("textbox", name="New text").fill("How do seiches work?")
    await anns.button("Save and regenerate").click()
    reply = await model.asked()
    assert reply.question.endswith("How do seiches work?")
    reply.say("The wind pushes.")
    for page in (anns, bobs):
        await expect(page.messages.first).to_contain_text("How do seiches work?")
        await page.sees("The wind pushes.")
        await expect(page.messages).to_have_count(2)


async def test_an_edit_can_be_saved_without_asking_again_or_left(
    arrive: Arrive, model: Author, ann: Person, chat: str
) -> None:
    await answered(ann, model, chat)
    page = await arrive(ann, chat)
    await page.messages.first.hover()
    await page.button("Edit message").click()
    field = page.page.get_by_role("textbox", name="New text")
    await field.fill("Never mind")
    await field.press("Escape")
    await expect(page.messages.first).to_contain_text("How do tides work?")
    await page.button("Edit message").click()
    await field.fill("How do spring tides work?")
    await page.button("Save only").click()
    await expect(page.messages.first).to_contain_text("How do spring tides work?")
    await expect(page.reply).to_have_attribute("data-status", "COMPLETE")
    await expect(page.reply).to_contain_text("The Moon pulls.")


async def test_a_deleted_message_comes_back_with_undo_and_is_gone_for_all_after_ten_seconds(
    arrive: Arrive, model: Author, ann: Person, bob: Person, chat: str
) -> None:
    await answered(ann, model, chat)
    anns, bobs = await both(arrive, ann, bob, chat)
    await anns.page.clock.install()
    await anns.reply.hover()
    await anns.button("Delete reply").click()
    await expect(anns.messages).to_have_count(1)
    await anns.button("Undo").click()
    await expect(anns.messages).to_have_count(2)
    await anns.page.clock.fast_forward(20_000)
    await anns.reply.hover()
    await anns.button("Delete reply").click()
    await expect(anns.messages).to_have_count(1)
    await expect(bobs.messages).to_have_count(2)
    await anns.page.clock.fast_forward(10_000)
    await expect(bobs.messages).to_have_count(1)
    await expect(anns.button("Undo")).to_have_count(0)


async def test_a_reply_that_is_deleted_in_mid_stream_disappears_and_its_model_is_sent_away(
    arrive: Arrive, site: Site, model: Author, ann: Person, bob: Person, chat: str
) -> None:
    await ann.add(chat, bob)
    page = await arrive(ann, chat)
    sent = await bob.send(chat, "How do tides work?")
    reply = await model.asked()
    reply.say("The Moon pulls.")
    await page.sees("The Moon pulls.")
    await bob.mutate("deleteMessage", messageId=sent["reply"]["id"])
    await expect(page.messages).to_have_count(1)
    await reply.left()
    await site.streams(0)
    assert page.wire.streams == []


async def test_a_chat_that_is_renamed_has_its_new_name_on_every_page_and_in_every_list(
    arrive: Arrive, model: Author, ann: Person, bob: Person, chat: str
) -> None:
    await answered(ann, model, chat)
    anns, bobs = await both(arrive, ann, bob, chat)
    await anns.page.get_by_role("heading", level=1).get_by_role("button").click()
    title = anns.page.get_by_role("textbox", name="Title")
    await title.fill("Seas and moons")
    await title.press("Enter")
    for page in (anns, bobs):
        await expect(page.page.get_by_role("heading", level=1)).to_have_text("Seas and moons")
        await expect(page.page.get_by_role("link", name="Seas and moons")).to_be_visible()
        await expect(page.page).to_have_title("Seas and moons · Twotrack")


async def test_a_chat_that_is_deleted_is_gone_from_every_page_and_every_list(
    arrive: Arrive, model: Author, ann: Person, bob: Person, chat: str
) -> None:
    await answered(ann, model, chat)
    anns, bobs = await both(arrive, ann, bob, chat)
    await anns.button("Chat menu").click()
    await anns.button("Delete chat").click()
    await anns.button("Delete").click()
    await expect(anns.page.get_by_role("heading", name="Ann")).to_be_visible()
    await expect(bobs.page.get_by_role("heading", name="Chat not found")).to_be_visible()
    for page in (anns, bobs):
        await expect(page.page.get_by_role("link", name="Tides")).to_have_count(0)


async def test_somebody_who_is_removed_in_mid_stream_sees_no_more_of_it(
    arrive: Arrive, site: Site, model: Author, ann: Person, bob: Person, chat: str
) -> None:
    await ann.add(chat, bob)
    page = await arrive(bob, chat)
    await expect(page.page.get_by_text("Nothing here yet")).to_be_visible()
    await ann.send(chat, "How do tides work?")
    reply = await model.asked()
    reply.say("The Moon pulls. ")
    await page.sees("The Moon pulls.")
    await ann.remove(chat, bob)
    await expect(page.page.get_by_role("heading", name="Chat not found")).to_be_visible()
    await site.streams(0)


async def test_a_reply_that_fails_says_why_and_keeps_its_text_and_is_tried_again(
    arrive: Arrive, site: Site, model: Author, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat)
    await page.writes("How do tides work?")
    reply = await model.asked()
    reply.say("The Moon pulls.")
    await page.sees("The Moon pulls.")
    reply.fail()
    row = await site.stored(await page.sees_it_end("FAILED"))
    await expect(page.reply.get_by_role("alert")).to_contain_text(row.error_message or "?")
    assert await page.copied() == row.content == "The Moon pulls."
    await page.reply.get_by_role("button", name="Try again").click()
    again = await model.asked()
    again.say("The Sun pulls too.")
    await page.sees("The Sun pulls too.")
    await expect(page.reply.get_by_role("alert")).to_have_count(0)


async def test_what_a_model_thinks_is_folded_away_while_it_thinks_and_after(
    arrive: Arrive, model: Author, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat)
    await page.writes("How do tides work?")
    reply = await model.asked()
    reply.think("Is it the Moon?")
    thoughts = page.reply.get_by_text("Is it the Moon?")
    await page.reply.get_by_text("Thinking…").click()
    await expect(thoughts).to_be_visible()
    reply.say("The Moon pulls.")
    await page.reply.get_by_text("Reasoning").click()
    await expect(thoughts).not_to_be_visible()
    await page.sees("The Moon pulls.")


async def test_what_a_stranger_wrote_is_text_and_nothing_else(
    arrive: Arrive, model: Author, ann: Person, chat: str
) -> None:
    elsewhere: list[str] = []
    page = await arrive(ann, chat)
    page.page.on("request", lambda request: elsewhere.append(request.url))
    await page.writes("<img src=https://example.org/own.png>")
    reply = await model.asked()
    reply.say("<script>document.title = 'mine'</script>\n\n<img src=https://example.org/html.png>\n\n")
    reply.say("![image](https://example.org/markdown.png) [link](javascript:alert(1))")
    reply.finish()
    await page.sees_it_end()
    await page.sees("<script>")
    await expect(page.page).not_to_have_title("mine")
    assert await page.page.locator("article :is(img, script, iframe, a[href^=javascript])").count() == 0
    assert [url for url in elsewhere if "example.org" in url] == []
