"""Photographs every state of the page into docs/screens: `make screens`."""

import asyncio
from pathlib import Path
from typing import Any

from tests.e2e import states
from tests.e2e.author import Author
from tests.e2e.site import ROOT, build_pages, running
from tests.e2e.visitor import visiting
from tests.support.browser import DESK, PHONE, launched

SCREENS = ROOT / "docs" / "screens"

SMALL = {"width": 360, "height": 740}

DARK: dict[str, Any] = {"color_scheme": "dark"}

PICTURES: dict[str, tuple[states.State, dict[str, Any]]] = {
    **{
        state.__name__.replace("_", "-"): (state, DESK)
        for state in (
            states.sign_in,
            states.start,
            states.unread,
            states.searching,
            states.empty,
            states.thinking,
            states.streaming,
            states.finished,
            states.stopped,
            states.failed,
            states.offline,
            states.unsent,
            states.shared,
            states.how_it_works,
        )
    },
    "dark": (states.finished, DARK),
    "dark-failed": (states.failed, DARK),
    "dark-shared": (states.shared, DARK),
    "dark-streaming": (states.streaming, DARK),
    "phone": (states.streaming, PHONE),
    "phone-finished": (states.finished, PHONE),
    "phone-how-it-works": (states.how_it_works, PHONE),
    "phone-offline": (states.offline, PHONE),
    "phone-sign-in": (states.sign_in, PHONE),
    "phone-start": (states.start, {**PHONE, "viewport": SMALL}),
}


async def photograph(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    async with Author() as model, launched() as browser, running(model.environment, model="openai:dictated") as site:
        for name, (state, options) in PICTURES.items():
            scene = await states.scene(site, model)
            person = None if state in states.SIGNED_OUT else scene.ann
            async with visiting(browser, site.url, person, reduced_motion="reduce", **options) as page:
                await state(page, scene)
                await page.page.mouse.move(0, 0)
                await page.page.screenshot(path=directory / f"{name}.png", animations="disabled", caret="hide")
            model.forget()
            print(directory / f"{name}.png")


if __name__ == "__main__":
    build_pages()
    asyncio.run(photograph(SCREENS))
