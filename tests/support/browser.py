"""The browser of these tests: the system's Chromium, as bare as it starts."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, async_playwright, expect

from tests.support.services import chromium
from tests.support.until import PATIENCE_SECONDS

FLAGS = [
    "--no-sandbox",  # tests may run as root, where Chromium has none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}

PATIENCE_MS = PATIENCE_SECONDS * 1000


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    # Playwright's own Node wants a library that bare machines lack. The one that has built the page runs here.
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", shutil.which("node") or "node")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield browser
        await browser.close()
