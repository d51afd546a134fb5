"""A page whose network goes away in the middle of a reply, in the ways in which networks do."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.e2e.author import Author, Dictation
from tests.e2e.conftest import Arrive
from tests.e2e.site import Site
from tests.e2e.visitor import Visitor
from tests.support.network import Network
from tests.support.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def network(site: Site) -> AsyncIterator[Network]:
    async with Network(site.port) as network:
        yield network


async def half_a_reply(page: Visitor, model: Author) -> Dictation:
    """The page shows the first words of a reply that goes on."""
    await page.writes("How do tides work?")
    reply = await model.asked()
    reply.say("The Moon pulls. ")
    await page.sees("The Moon pulls.")
    return reply


async def the_rest(page: Visitor, site: Site, reply: Dictation) -> None:
    """The reply goes on and ends, and the page shows it all: what the database has, to the letter."""
    reply.say("Twice a day.")
    await page.sees("Twice a day.")
    reply.finish()
    row = await site.stored(await page.sees_it_end())
    assert await page.copied() == row.content
    assert await page.text() == row.content
    await site.streams(0)


async def test_a_page_that_is_offline_says_so_and_goes_on_by_itself_when_it_is_back(
    arrive: Arrive, site: Site, model: Author, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat)
    reply = await half_a_reply(page, model)
    await page.page.context.set_offline(True)
    await expect(page.note).to_have_text("You are offline")
    reply.say("The Sun pulls too. ")
    await page.page.context.set_offline(False)
    await expect(page.note).to_have_attribute("data-connection", "open")
    await page.sees("The Sun pulls too.")
    await the_rest(page, site, reply)


async def test_a_socket_that_is_cut_in_mid_stream_is_restored_and_the_page_catches_up(
    arrive: Arrive, site: Site, model: Author, network: Network, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat, at=network.url)
    reply = await half_a_reply(page, model)
    await expect(page.note).to_have_attribute("data-connection", "open")
    network.cut()
    await expect(page.note).to_have_text("Reconnecting…")
    reply.say("The Sun pulls too. ")
    network.restore()
    await page.sees("The Sun pulls too.")
    await expect(page.note).to_have_attribute("data-connection", "open")
    await expect(page.note).to_be_empty()
    assert page.wire.streams == [await page.reply_id()]
    await the_rest(page, site, reply)


async def test_what_ended_during_a_cut_is_shown_after_it(
    arrive: Arrive, site: Site, model: Author, network: Network, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat, at=network.url)
    reply = await half_a_reply(page, model)
    network.cut()
    await expect(page.note).to_have_text("Reconnecting…")
    reply.say("The Sun pulls too.")
    reply.finish()
    await site.row_when(await page.reply_id(), lambda row: not row.streaming)
    await expect(page.reply).to_have_attribute("aria-busy", "true")
    network.restore()
    row = await site.stored(await page.sees_it_end())
    assert await page.copied() == row.content


async def test_what_others_wrote_during_a_cut_is_fetched_after_it(
    arrive: Arrive, model: Author, network: Network, ann: Person, bob: Person, chat: str
) -> None:
    await ann.add(chat, bob)
    page = await arrive(ann, chat, at=network.url)
    await expect(page.page.get_by_text("Nothing here yet")).to_be_visible()
    network.cut()
    await expect(page.note).to_have_text("Reconnecting…")
    await bob.send(chat, "Are you there?")
    reply = await model.asked()
    reply.say("Nearly. ")
    network.restore()
    await expect(page.page.locator("article.other")).to_contain_text("Are you there?")
    await page.sees("Nearly.")
    assert page.wire.streams == [await page.reply_id()]


async def test_a_socket_that_is_dead_without_saying_so_is_found_out(
    arrive: Arrive, site: Site, model: Author, network: Network, ann: Person, chat: str
) -> None:
    page = await arrive(ann, at=network.url)
    await page.page.clock.install()
    await page.opens(chat)
    reply = await half_a_reply(page, model)
    sockets = len(page.wire.sockets)
    network.swallow()
    reply.say("The Sun pulls too. ")
    await page.page.clock.fast_forward(15_000)  # to the next ping
    await page.page.clock.fast_forward(5_000)  # and past its answer's time
    await page.sees("The Sun pulls too.")
    assert len(page.wire.sockets) > sockets
    await the_rest(page, site, reply)


async def test_a_message_that_cannot_be_sent_goes_out_by_itself_once_when_the_connection_is_back(
    arrive: Arrive, model: Author, network: Network, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat, at=network.url)
    await expect(page.page.get_by_text("Nothing here yet")).to_be_visible()
    network.cut()
    await page.writes("How do tides work?")
    waiting = page.page.locator("article[data-status=WAITING]")
    await expect(waiting).to_contain_text("It is sent when the connection is back.")
    network.restore()
    (await model.asked()).finish()
    await page.sees_it_end()
    await expect(page.messages).to_have_count(2)
    await expect(page.page.locator("article")).to_have_count(2)


async def test_a_page_that_found_no_server_when_it_was_opened_goes_on_when_there_is_one(
    arrive: Arrive, ann: Person
) -> None:
    page = await arrive(ann)
    await page.page.route("**/graphql", lambda route: route.abort())
    await page.page.reload()
    await expect(page.page.get_by_role("heading", name="Twotrack cannot be reached")).to_be_visible(timeout=15_000)
    await page.page.unroute("**/graphql")
    await page.page.evaluate("dispatchEvent(new Event('online'))")
    await expect(page.composer).to_be_visible()
