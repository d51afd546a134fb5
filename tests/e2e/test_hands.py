"""The page without a mouse, on a phone, and in the dark."""

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.author import Author
from tests.e2e.conftest import Arrive
from tests.e2e.site import Site
from tests.e2e.states import FIRST, REST, scene, sign_up, streaming
from tests.e2e.visitor import Visitor, visiting
from tests.support.browser import PHONE
from tests.support.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOST_TABS = 40
"""Whoever has not come to a control by then will not look for it."""

NARROWEST_PX = 320
"""What a page must fit into without scrolling sideways: 1280 pixels, enlarged four times."""


async def tab_to(target: Locator, key: str = "Tab") -> None:
    """Press Tab until this has the focus, and see where it is."""
    await target.wait_for()
    for _ in range(MOST_TABS):
        await target.page.keyboard.press(key)
        if await target.evaluate("it => it === document.activeElement"):
            assert await target.evaluate("it => getComputedStyle(it).outlineStyle") != "none"
            return
    raise AssertionError(f"{target} is not reached by {key}")


async def test_everything_that_one_does_every_day_is_done_by_keyboard(arrive: Arrive, model: Author) -> None:
    page = await arrive()
    keyboard = page.page.keyboard
    await tab_to(page.button("Create an account"))
    await keyboard.press("Enter")
    for label, words in (("Password", "ten letters or more"), ("E-mail", "kay@example.com"), ("Name", "Kay")):
        await tab_to(page.page.get_by_label(label), "Shift+Tab")
        await keyboard.type(words)
    await keyboard.press("Enter")

    await expect(page.composer).to_be_focused()
    await keyboard.type("How do tides work?")
    await keyboard.press("Shift+Enter")
    await keyboard.type("In two lines.")
    await keyboard.press("Enter")
    reply = await model.asked()
    assert reply.question.endswith("How do tides work?\nIn two lines.")
    reply.say("The Moon pulls.")
    await page.sees("The Moon pulls.")
    await tab_to(page.button("Stop"))
    await keyboard.press("Enter")
    await page.sees_it_end("STOPPED")
    await expect(page.composer).to_be_focused()

    await keyboard.press("ArrowUp")
    await expect(page.page.get_by_role("textbox", name="New text")).to_be_focused()
    await keyboard.press("Escape")
    await expect(page.page.get_by_role("textbox", name="New text")).to_have_count(0)
    await expect(page.button("Edit message")).to_be_focused()

    await tab_to(page.page.get_by_title("Rename"), "Shift+Tab")
    await keyboard.press("Enter")
    await keyboard.press("Control+a")
    await keyboard.type("Seas")
    await keyboard.press("Enter")
    await expect(page.page.get_by_role("button", name="Seas", exact=True)).to_be_focused()
    await tab_to(page.button("Delete reply"))
    await keyboard.press("Enter")
    await expect(page.composer).to_be_focused()
    await tab_to(page.button("Undo"), "Shift+Tab")
    await keyboard.press("Enter")
    await page.sees("The Moon pulls.")

    await keyboard.press("Control+k")
    await expect(page.page.get_by_role("combobox", name="Words to find")).to_be_focused()
    await keyboard.press("Escape")
    await expect(page.page.get_by_role("dialog")).to_have_count(0)
    await tab_to(page.button("Share"))
    await keyboard.press("Enter")
    await expect(page.page.get_by_role("dialog").locator(":focus")).to_be_visible()
    await keyboard.press("Escape")
    await expect(page.page.get_by_role("dialog")).to_have_count(0)
    await expect(page.button("Share")).to_be_focused()


async def test_a_dialog_closes_by_a_click_beside_it_and_by_none_that_touches_it(arrive: Arrive, site: Site) -> None:
    (ann,) = await site.people("Ann")
    page = await arrive(ann)
    await page.opens(await ann.create_chat("Tides"))
    await page.button("Share").click()
    dialog, mouse = page.page.get_by_role("dialog"), page.page.mouse
    box = await dialog.bounding_box()
    assert box is not None
    within, beside = (box["x"] + 5, box["y"] + 5), (box["x"] - 20, box["y"] + 5)
    await mouse.click(*within)
    for begin, end in ((within, beside), (beside, within)):
        await mouse.move(*begin)
        await mouse.down()
        await mouse.move(*end)
        await mouse.up()
    await expect(dialog).to_be_visible()
    await mouse.click(*beside)
    await expect(dialog).to_have_count(0)


async def fits(page: Page) -> None:
    """Nothing reaches beyond the right edge, at this width and at the narrowest."""
    for width in (390, NARROWEST_PX):
        await page.set_viewport_size({"width": width, "height": 844})
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await page.evaluate("document.scrollingElement.scrollLeft") == 0


async def test_nothing_scrolls_sideways_on_a_phone(browser: Browser, site: Site, model: Author) -> None:
    setting = await scene(site, model)
    async with visiting(browser, site.url, **PHONE) as page:
        await sign_up(page, setting)
        await fits(page.page)
    async with visiting(browser, site.url, setting.ann, **PHONE) as page:
        await page.opens()
        await expect(page.composer).to_be_visible()
        await fits(page.page)
        await page.opens(await setting.chat())
        await page.writes("https://example.com/" + "an-address-without-end/" * 20)
        reply = await model.asked()
        reply.say(f"{FIRST}{REST}\n```text\n{'wide ' * 100}\n```\n\n| {'column | ' * 12}\n| {'--- | ' * 12}\n\n")
        reply.say("w" * 200 + " the end")
        await page.sees("the end")
        await fits(page.page)
        reply.finish()
        await page.sees_it_end()
        await fits(page.page)


async def test_on_a_phone_the_list_of_chats_opens_over_the_chat_and_closes_when_one_goes_somewhere(
    arrive: Arrive, ann: Person, chat: str
) -> None:
    await ann.create_chat("Rain")
    page = await arrive(ann, chat, **PHONE)
    link = page.page.get_by_role("link", name="Rain")
    await expect(link).not_to_be_in_viewport()
    await page.button("Chats").tap()
    await expect(link).to_be_in_viewport()
    await expect(page.page.get_by_role("complementary").locator(":focus")).to_be_visible()
    for _ in range(20):
        await page.page.keyboard.press("Tab")
        await expect(page.page.locator("main :focus")).to_have_count(0)
    await page.page.keyboard.press("Escape")
    await expect(link).not_to_be_in_viewport()
    await expect(page.button("Chats")).to_be_focused()
    await page.button("Chats").tap()
    await link.tap()
    await expect(page.page.get_by_role("heading", name="Rain")).to_be_visible()
    await expect(link).not_to_be_in_viewport()


async def test_a_phone_turned_into_a_wide_screen_has_both_the_list_and_the_chat(
    arrive: Arrive, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat, **PHONE)
    await page.button("Chats").tap()
    await expect(page.composer).not_to_be_focused()
    await page.page.set_viewport_size({"width": 1100, "height": 700})
    await page.composer.fill("written")
    await expect(page.composer).to_be_focused()


async def test_the_list_of_chats_can_be_hidden_on_a_wide_screen_and_stays_so(
    arrive: Arrive, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat)
    link = page.page.get_by_role("link", name="Tides")
    await expect(link).to_be_visible()
    await page.button("Hide the chats").press("Enter")
    await expect(link).not_to_be_visible()
    await expect(page.button("Chats")).to_be_focused()
    await page.page.reload()
    await expect(page.composer).to_be_visible()
    await expect(link).not_to_be_visible()
    await page.button("Chats").press("Enter")
    await expect(link).to_be_visible()
    await expect(page.button("Hide the chats")).to_be_focused()


async def brightness(page: Visitor) -> float:
    """Of the paper, from 0 to 255."""
    colour: str = await page.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    channels = [float(channel) for channel in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    return sum(channels) / len(channels)


async def test_whoever_likes_it_dark_has_it_dark(browser: Browser, site: Site, model: Author) -> None:
    setting = await scene(site, model)
    async with visiting(browser, site.url, setting.ann, color_scheme="dark") as page:
        await streaming(page, setting)
        assert await brightness(page) < 50
        await page.page.emulate_media(color_scheme="light")
        assert await brightness(page) > 200


async def test_a_finished_reply_is_spoken_once_and_not_while_it_grows(
    browser: Browser, site: Site, model: Author
) -> None:
    setting = await scene(site, model)
    async with visiting(browser, site.url, setting.ann) as page:
        await streaming(page, setting)
        spoken = page.page.locator(".rows > [role=status]")
        await expect(spoken).to_be_empty()
        await page.button("Stop").click()
        await page.sees_it_end("STOPPED")
        await expect(spoken).to_contain_text("Reply stopped. The Moon pulls")


async def test_on_a_phone_enter_starts_a_new_line_and_the_button_sends(arrive: Arrive, ann: Person, chat: str) -> None:
    page = await arrive(ann, chat, **PHONE)
    await page.composer.fill("one")
    await page.composer.press("Enter")
    await page.composer.press_sequentially("two")
    await expect(page.composer).to_have_value("one\ntwo")
    await page.button("Send").tap()
    await expect(page.messages.first).to_contain_text("one\ntwo")
    size = await page.composer.evaluate("field => parseFloat(getComputedStyle(field).fontSize)")
    assert size >= 16, "a phone would zoom in on the field"


async def test_the_page_can_be_installed(arrive: Arrive, site: Site) -> None:
    page = await arrive()
    address = await page.page.locator("link[rel=manifest]").get_attribute("href")
    answer = await page.page.request.get(f"{site.url}{address}")
    assert answer.headers["content-type"] == "application/manifest+json"
    for icon in (await answer.json())["icons"]:
        assert (await page.page.request.get(f"{site.url}{icon['src']}")).headers["content-type"] == icon["type"]
