"""A page that is open while the server's database is restored shows the restored chat, without a reload."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Arrive
from tests.e2e.site import Site
from tests.support.commands import run_command
from tests.support.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def run(site: Site, command: str) -> None:
    code, _, errors = await run_command(site.directory, command, "backup.db", DATABASE_URL=site.database_url)
    assert code == 0, errors


async def test_an_open_page_shows_the_restored_chat_without_a_reload(
    arrive: Arrive, site: Site, ann: Person, chat: str
) -> None:
    await site.written(ann, chat, "Before the backup")
    page = await arrive(ann, chat)
    await page.page.evaluate("window.neverReloaded = true")
    await expect(page.messages).to_contain_text(["Before the backup"])
    await run(site, "backup")
    other = await ann.create_chat("After the backup")
    await ann.send(chat, "After the backup", reply=False)
    await ann.mutate("renameChat", chatId=chat, title="Renamed after the backup")
    await expect(page.messages).to_have_count(2)
    links = page.page.locator(f"a[href='/c/{other}']")
    await expect(links).to_have_count(1)

    await asyncio.to_thread(site.stop)
    await run(site, "restore")
    await asyncio.to_thread(site.start)

    await expect(page.messages).to_have_count(1)
    await expect(page.messages).to_contain_text(["Before the backup"])
    await expect(links).to_have_count(0)
    await expect(page.page.get_by_text("Renamed after the backup")).to_have_count(0)
    assert await page.page.evaluate("window.neverReloaded")

    await ann.send(chat, "After the restore", reply=False)
    await expect(page.messages).to_have_count(2)
    await expect(page.messages.last).to_contain_text("After the restore")
