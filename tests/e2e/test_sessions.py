"""Signing up, in and out, and tokens that end while a page is open."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from api.accounts.sessions import Tokens
from api.graphql import relay
from tests.e2e.author import Author
from tests.e2e.conftest import Arrive
from tests.e2e.site import Site, running
from tests.e2e.visitor import Visitor, visiting
from tests.support.backends import SECRET
from tests.support.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "ten letters or more"

LIFE_SECONDS = 6
"""Of a token that ends while the test looks on; renewed at half of it."""


async def enter(page: Visitor, **fields: str) -> None:
    for label, value in fields.items():
        await page.page.get_by_label(label).fill(value)
    await page.page.locator("form").get_by_role("button", name="Sign").first.click()


async def test_one_signs_up_and_out_and_in_again_and_finds_everything_as_it_was(arrive: Arrive, model: Author) -> None:
    page = await arrive()
    await page.button("Create an account").click()
    await enter(page, Name="Grace Hopper", **{"E-mail": "grace@example.com"}, Password=PASSWORD)
    await page.writes("How do tides work?")
    (await model.asked()).finish()
    await page.sees_it_end()

    await page.button("Sign out").click()
    await expect(page.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert await page.page.evaluate("localStorage.getItem('twotrack.token')") is None
    await enter(page, **{"E-mail": "grace@example.com"}, Password=PASSWORD)
    await expect(page.messages).to_have_count(2)
    await expect(page.page.get_by_text("Grace Hopper")).to_be_visible()


async def test_a_wrong_password_is_said_in_words_and_can_be_mended(arrive: Arrive) -> None:
    page = await arrive()
    await page.button("Create an account").click()
    await enter(page, Name="Ada", **{"E-mail": "ada@example.com"}, Password=PASSWORD)
    await page.button("Sign out").click()
    await enter(page, **{"E-mail": "ada@example.com"}, Password="something else")
    await expect(page.page.get_by_role("alert")).to_be_visible()
    await enter(page, Password=PASSWORD)
    await expect(page.page.get_by_role("heading", name="Ada")).to_be_visible()


async def test_whoever_signs_in_next_sees_nothing_of_who_was_here_before(
    arrive: Arrive, ann: Person, bob: Person, chat: str
) -> None:
    page = await arrive(ann, chat)
    await expect(page.page.get_by_role("link", name="Tides")).to_be_visible()
    await page.button("Sign out").click()
    await expect(page.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    await page.page.evaluate("token => localStorage.setItem('twotrack.token', token)", bob.token)
    await page.page.reload()
    await expect(page.page.get_by_role("heading", name="Chat not found")).to_be_visible()
    await expect(page.page.get_by_role("link", name="Tides")).to_have_count(0)


async def test_signing_out_in_one_tab_signs_out_the_others(arrive: Arrive, site: Site, ann: Person, chat: str) -> None:
    first = await arrive(ann, chat)
    second = await first.another_tab()
    await second.opens(chat)
    await expect(second.page.get_by_text("Nothing here yet")).to_be_visible()
    await first.button("Sign out").click()
    await expect(second.page.get_by_role("heading", name="Welcome back")).to_be_visible()


async def test_whoever_comes_back_with_a_token_that_has_expired_is_asked_to_sign_in_again(
    arrive: Arrive, ann: Person, chat: str
) -> None:
    key = relay.key_of("User", ann.user_id)
    ann.token = Tokens(SECRET, hours=-1).issue(key, key)
    page = await arrive(ann, chat)
    await expect(page.page.get_by_text("Your session has ended.")).to_be_visible()


@pytest_asyncio.fixture(loop_scope="session")
async def hasty_site(pages: None, model: Author) -> AsyncIterator[Site]:
    """Its tokens end after seconds."""
    async with running(model.environment, model="openai:dictated", token_hours=LIFE_SECONDS / 3600) as site:
        yield site


async def test_a_token_that_expires_in_mid_stream_is_renewed_without_a_reload(
    browser: Browser, hasty_site: Site, model: Author
) -> None:
    async with visiting(browser, hasty_site.url) as page:
        await page.opens()
        await page.button("Create an account").click()
        await enter(page, Name="Ann", **{"E-mail": "ann@example.com"}, Password=PASSWORD)
        await page.page.evaluate("window.neverReloaded = true")
        await page.writes("How do tides work?")
        reply = await model.asked()
        reply.say("The Moon pulls. ")
        await page.sees("The Moon pulls.")
        (first,) = page.wire.sockets
        if not first.is_closed():  # the server ends a socket with the token that opened it
            await first.wait_for_event("close")

        reply.say("Twice a day.")
        await page.sees("Twice a day.")
        reply.finish()
        row = await hasty_site.stored(await page.sees_it_end())
        assert await page.copied() == row.content
        assert len(set(page.wire.tokens)) > 1
        assert await page.page.evaluate("window.neverReloaded")
