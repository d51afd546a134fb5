"""Links: a guest reads along without an account, and an invited person joins while the reply is still streaming."""

from itertools import count

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.author import Author
from tests.e2e.conftest import Arrive
from tests.e2e.site import Site
from tests.e2e.visitor import Visitor
from tests.support.links import link
from tests.support.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

_people = count()


async def at_link(arrive: Arrive, token: str, person: Person | None = None) -> Visitor:
    visitor = await arrive(person)
    await visitor.at_link(token)
    return visitor


def title(visitor: Visitor, name: str) -> Locator:
    return visitor.page.get_by_role("heading", name=name)


async def test_a_guest_follows_a_reply_and_can_change_nothing(
    arrive: Arrive, site: Site, model: Author, ann: Person, chat: str
) -> None:
    _, token = await link(ann, chat)
    anns = await arrive(ann, chat)
    await anns.writes("How do tides work?")
    reply = await model.asked()
    reply.say("The Moon pulls.")
    await anns.sees("The Moon pulls.")
    guest = await at_link(arrive, token)
    await guest.sees("The Moon pulls.")
    await expect(guest.page.get_by_text("Shared by Ann")).to_be_visible()
    reply.say(" The Sun does, too.")
    await guest.sees("The Sun does, too.")
    reply.finish()
    await guest.sees_it_end()
    await expect(guest.composer).to_have_count(0)
    for name in ("Regenerate", "Delete reply", "Share", "Settings", "Stop", "Edit"):
        await expect(guest.button(name)).to_have_count(0)
    await expect(guest.page.get_by_role("button", name="Copy reply")).to_have_count(1)
    await anns.writes("And the wind?")
    (await model.asked()).say("It moves the waves.")
    await guest.sees("It moves the waves.")


async def test_a_revoked_link_ends_the_page_of_its_guest(arrive: Arrive, site: Site, ann: Person, chat: str) -> None:
    id, token = await link(ann, chat)
    await ann.send(chat, "Hello, world", reply=False)
    guest = await at_link(arrive, token)
    await expect(guest.page.get_by_text("Hello, world")).to_be_visible()
    await ann.mutate("revokeLink", linkId=id)
    await expect(title(guest, "This link no longer works")).to_be_visible()
    await expect(guest.page.get_by_text("Hello, world")).to_have_count(0)
    await guest.page.reload()
    await expect(title(guest, "This link no longer works")).to_be_visible()


async def test_a_guest_in_the_browser_of_a_user_leaves_the_user_signed_in(
    arrive: Arrive, site: Site, ann: Person, bob: Person, chat: str
) -> None:
    await ann.send(chat, "Hello, world", reply=False)
    id, token = await link(ann, chat)
    bobs = await at_link(arrive, token, bob)
    await expect(bobs.page.get_by_text("Hello, world")).to_be_visible()
    await expect(bobs.composer).to_have_count(0)
    await ann.mutate("revokeLink", linkId=id)
    await expect(title(bobs, "This link no longer works")).to_be_visible()
    await bobs.page.get_by_role("link", name="Open Twotrack").click()
    await expect(bobs.page.get_by_role("heading", name="Bob")).to_be_visible()


async def test_an_invited_person_signs_up_and_lands_in_the_chat_while_it_streams(
    arrive: Arrive, site: Site, model: Author, ann: Person, chat: str
) -> None:
    anns = await arrive(ann, chat)
    await anns.button("Share").click()
    dialog = anns.page.get_by_role("dialog", name="Share this chat")
    await dialog.get_by_label("What the link is for").select_option("Join and write")
    await dialog.get_by_role("button", name="Create link").click()
    address = await dialog.locator(".secret code").inner_text()
    assert address.startswith(f"{site.url}/l#twotrackjoin_")
    await dialog.get_by_role("button", name="Close").click()
    await anns.writes("How do tides work?")
    reply = await model.asked()
    reply.say("The Moon pulls.")
    await anns.sees("The Moon pulls.")

    nora = await at_link(arrive, address.partition("#")[2])
    await expect(nora.page.get_by_text("You are invited to a chat")).to_be_visible()
    await nora.page.get_by_label("Name").fill("Nora Sand")
    await nora.page.get_by_label("E-mail").fill(f"invited{next(_people)}@example.com")
    await nora.page.get_by_label("Password").fill("four words of one tide")
    await nora.button("Sign up").click()
    await nora.sees("The Moon pulls.")
    assert nora.page.url == f"{site.url}/c/{chat}"
    reply.say(" The Sun does, too.")
    await nora.sees("The Sun does, too.")
    await nora.writes("And the wind?")
    await anns.page.get_by_text("And the wind?").wait_for()


async def test_a_link_of_a_user_who_is_signed_in_opens_the_chat(
    arrive: Arrive, site: Site, ann: Person, bob: Person, chat: str
) -> None:
    await ann.send(chat, "Hello, world", reply=False)
    _, token = await link(ann, chat, "PARTICIPANT")
    bobs = await at_link(arrive, token, bob)
    await expect(bobs.page.get_by_text("Hello, world")).to_be_visible()
    await bobs.composer.wait_for()
    await ann.remove(chat, bob)
    again = await at_link(arrive, token, bob)
    await expect(title(again, "You could not join the chat")).to_be_visible()
    await expect(again.page.get_by_text("The owner of this chat has removed you")).to_be_visible()


async def test_links_are_listed_and_revoked_in_the_dialog(arrive: Arrive, ann: Person, chat: str) -> None:
    await link(ann, chat)
    page = await arrive(ann, chat)
    await page.button("Share").click()
    links = page.page.get_by_role("list", name="Links").get_by_role("listitem")
    await expect(links).to_have_count(1)
    await page.page.get_by_role("button", name="Create link").click()
    await expect(links).to_have_count(2)
    for left in (1, 0):
        await page.page.get_by_role("button", name="Revoke the link").first.click()
        await expect(links).to_have_count(left)
    await expect(page.page.locator(".secret")).to_have_count(0)


async def test_half_a_link_says_so(arrive: Arrive, site: Site) -> None:
    stranger = await at_link(arrive, "")
    await expect(title(stranger, "This link is incomplete")).to_be_visible()
    await stranger.page.goto(f"{site.url}/l#twotrackread_unknown")
    await expect(title(stranger, "This link no longer works")).to_be_visible()
