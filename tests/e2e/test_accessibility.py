"""axe finds nothing that keeps anybody from using the page, in any of its states and colours."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.e2e.author import Author
from tests.e2e.site import ROOT, Site
from tests.e2e.states import SIGNED_IN, SIGNED_OUT, State, found, scene, streaming
from tests.e2e.visitor import visiting
from tests.support.browser import PHONE

pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE = ROOT / "client" / "node_modules" / "axe-core" / "axe.min.js"
"""A script that is not the page's own: pages that run it ignore their Content-Security-Policy (`bypass_csp`)."""


OF_COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules to which colours matter."""


async def violations(page: Page, rules: list[str] | None = None) -> list[str]:
    """What axe has against the page as it is now, one sentence for each. By all rules, unless some are given."""
    if not await page.evaluate("'axe' in window"):
        await page.add_script_tag(path=AXE)
    found: list[dict[str, Any]] = await page.evaluate(
        """rules => axe.run(document, {
            resultTypes: ["violations"],
            ...(rules && { runOnly: { type: "rule", values: rules } }),
        }).then(({ violations }) => violations)""",
        rules,
    )
    return [
        f"{rule['help']} ({rule['id']}): {node['target']} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


async def in_all_colours(page: Page) -> list[str]:
    """In light and dark, and in colours that the user forces on all pages."""
    await page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found = await violations(page)
    await page.emulate_media(color_scheme="dark")
    found += await violations(page, OF_COLOURS)
    await page.emulate_media(forced_colors="active")
    found += await violations(page, OF_COLOURS)
    await page.emulate_media(forced_colors="none")
    return found


@pytest.mark.parametrize("state", [*SIGNED_OUT, *SIGNED_IN], ids=lambda state: state.__name__)
async def test_axe_finds_nothing(browser: Browser, site: Site, model: Author, state: State) -> None:
    setting = await scene(site, model)
    person = None if state in SIGNED_OUT else setting.ann
    async with visiting(browser, site.url, person, reduced_motion="reduce", bypass_csp=True) as page:
        await state(page, setting)
        assert await in_all_colours(page.page) == []


async def test_axe_finds_nothing_on_a_phone_with_the_list_of_chats_open(
    browser: Browser, site: Site, model: Author
) -> None:
    setting = await scene(site, model)
    async with visiting(browser, site.url, setting.ann, reduced_motion="reduce", bypass_csp=True, **PHONE) as page:
        await streaming(page, setting)
        await page.button("Chats").tap()
        assert await in_all_colours(page.page) == []


async def test_what_is_chosen_stands_out_in_forced_colours(browser: Browser, site: Site, model: Author) -> None:
    setting = await scene(site, model)
    media: dict[str, Any] = {"reduced_motion": "reduce", "forced_colors": "active"}
    async with visiting(browser, site.url, setting.ann, **media) as page:
        await found(page, setting)
        background = "element => getComputedStyle(element).backgroundColor"
        chosen = await page.page.get_by_role("option").evaluate(background)
        assert chosen != await page.page.get_by_role("dialog").evaluate(background)
        current = page.page.locator("#list li a[aria-current]")
        others = page.page.locator("#list li a:not([aria-current])").first
        assert await current.evaluate(background) != await others.evaluate(background)
        bubble = page.page.locator("article.own > .text")
        assert await bubble.evaluate("element => getComputedStyle(element).borderStyle") == "solid"


async def test_axe_would_find_something(browser: Browser, site: Site) -> None:
    """So that silence means something."""
    async with visiting(browser, site.url, bypass_csp=True) as page:
        await page.opens()
        await page.page.get_by_role("heading").wait_for()
        await page.page.evaluate("document.querySelector('h1').style.color = '#ddd'")
        assert [found for found in await violations(page.page) if "color-contrast" in found]
