"""The page under a finger: one menu a message, and nothing that is too small to hit."""

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.author import Author
from tests.e2e.conftest import Arrive
from tests.e2e.site import Site
from tests.e2e.states import finished, guest, scene, sign_up
from tests.e2e.visitor import Visitor, visiting
from tests.support.browser import PHONE
from tests.support.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

FINGERTIP_PX = 44

FIELD_PX = 16
"""A phone zooms in on a field with smaller text."""

TOO_SMALL = """([fingertip, field]) => {
    const controls = "button, select, textarea, input:enabled, summary, a[href], [role=option]";
    const boxes = "[type=checkbox], [type=radio]";
    const isInText = (it) => it.matches("a") && getComputedStyle(it).display === "inline";
    const isTyped = (it) => it.matches("input, textarea, select") && !it.matches(boxes);
    const sizeOf = (it) => ((it.matches(boxes) && it.closest("label")) || it).getBoundingClientRect();
    const shown = [...document.querySelectorAll(controls)].filter(
        (it) => it.checkVisibility({ visibilityProperty: true }) && !isInText(it),
    );
    const small = shown.filter((it) => {
        const { width, height } = sizeOf(it);
        const text = parseFloat(getComputedStyle(it).fontSize);
        return Math.min(width, height) < fingertip || (isTyped(it) && text < field);
    });
    return [shown.length, small.map((it) => {
        const { width, height } = sizeOf(it);
        return `${it.outerHTML.slice(0, 120)} is ${width} x ${height}`;
    })];
}"""
"""How many controls are shown, and those that a finger may miss. Links within a text are as large as their words."""


async def all_can_be_hit(page: Visitor, at_least: int) -> None:
    shown, small = await page.page.evaluate(TOO_SMALL, [FINGERTIP_PX, FIELD_PX])
    assert small == []
    assert shown >= at_least, "what should be looked at is not there"


async def test_every_control_on_a_phone_is_as_large_as_a_fingertip(browser: Browser, site: Site, model: Author) -> None:
    setting = await scene(site, model)
    async with visiting(browser, site.url, **PHONE) as page:
        await sign_up(page, setting)
        await all_can_be_hit(page, 5)
        await guest(page, setting)
        await all_can_be_hit(page, 2)
    async with visiting(browser, site.url, setting.ann, reduced_motion="reduce", **PHONE) as page:
        await page.opens()
        await expect(page.composer).to_be_visible()
        await all_can_be_hit(page, 6)
        await finished(page, setting)
        await all_can_be_hit(page, 8)
        for menu, action in (("Chat menu", "Print"), ("Message actions", "Edit message")):
            await page.button(menu).first.tap()
            await expect(page.button(action)).to_be_visible()
            await all_can_be_hit(page, 11)
            await page.page.keyboard.press("Escape")
        for opener, dialog in (("Share", "Share"), ("Search messages", "Search"), ("Settings", "Settings")):
            if opener == "Search messages":
                await page.button("Chats").tap()
                await all_can_be_hit(page, 12)
            await page.button(opener).tap()
            await expect(page.page.get_by_role("dialog", name=dialog)).to_be_visible()
            await all_can_be_hit(page, 10)
            await page.page.get_by_role("dialog").get_by_role("button", name="Close").tap()


async def test_the_actions_of_a_message_on_a_phone_are_one_menu_with_arrow_keys(
    arrive: Arrive, site: Site, ann: Person, chat: str
) -> None:
    await site.written(ann, chat, "How do tides work?")
    page = await arrive(ann, chat, **PHONE)
    await expect(page.messages.get_by_role("button")).to_have_count(1)
    await page.button("Message actions").tap()
    keyboard = page.page.keyboard
    for key, focused in (
        ("", "Copy message"),
        ("ArrowDown", "Edit message"),
        ("ArrowDown", "Delete message"),
        ("ArrowDown", "Copy message"),
        ("ArrowUp", "Delete message"),
        ("Home", "Copy message"),
        ("End", "Delete message"),
    ):
        if key:
            await keyboard.press(key)
        await expect(page.button(focused)).to_be_focused()
    await keyboard.press("Escape")
    await expect(page.button("Delete message")).to_have_count(0)
    await expect(page.button("Message actions")).to_be_focused()
    await page.button("Message actions").tap()
    await page.button("Edit message").tap()
    await expect(page.page.get_by_role("textbox", name="New text")).to_be_focused()
    await keyboard.press("Escape")
    await expect(page.button("Message actions")).to_be_focused()
