"""Settings: a name, colours, a password, sessions and API tokens, and the end of an account."""

from itertools import count

import httpx
import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Arrive
from tests.e2e.site import Site
from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD, NEW_PASSWORD = "four words of one tide", "other words of that sea"

_people = count()


async def newcomer(arrive: Arrive, email: str) -> Visitor:
    visitor = await arrive()
    await visitor.button("Create an account").click()
    await visitor.page.get_by_label("Name").fill("Nora Sand")
    await visitor.page.get_by_label("E-mail").fill(email)
    await visitor.page.get_by_label("Password").fill(PASSWORD)
    await visitor.button("Sign up").click()
    await visitor.button("Settings").click()
    await expect(visitor.page.get_by_role("dialog", name="Settings")).to_be_visible()
    return visitor


async def test_an_account_is_looked_after_and_ended(arrive: Arrive, site: Site) -> None:
    email = f"nora{next(_people)}@example.com"
    nora = await newcomer(arrive, email)
    dialog = nora.page.get_by_role("dialog", name="Settings")

    await dialog.get_by_label("Dark").check()
    assert await nora.page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"

    await dialog.get_by_label("Name", exact=True).fill("Nora Sea")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_text("Your name is changed.")).to_be_visible()
    await expect(nora.page.locator("#list footer")).to_contain_text("Nora Sea")

    async with httpx.AsyncClient(headers={"user-agent": "tide-watch/2.1"}) as client:

        async def asked(query: str, token: str = "") -> dict[str, object]:
            headers = {"authorization": f"Bearer {token}"} if token else {}
            return dict((await client.post(f"{site.url}/graphql", json={"query": query}, headers=headers)).json())

        def sign_in(password: str) -> str:
            return f'mutation {{ signIn(input: {{ email: "{email}", password: "{password}" }}) {{ token }} }}'

        assert "errors" not in await asked(sign_in(PASSWORD))
        await dialog.get_by_label("Current password").fill("not this one")
        await dialog.get_by_label("New password").fill(NEW_PASSWORD)
        await dialog.get_by_role("button", name="Change password").click()
        await expect(dialog.get_by_role("alert")).to_contain_text("The current password is wrong.")
        await dialog.get_by_label("Current password").fill(PASSWORD)
        await dialog.get_by_role("button", name="Change password").click()
        await expect(dialog.get_by_text("All other sessions have ended.")).to_be_visible()
        assert "errors" in await asked(sign_in(PASSWORD))

        assert "errors" not in await asked(sign_in(NEW_PASSWORD))
        await dialog.get_by_role("button", name="Close").click()
        await nora.button("Settings").click()
        await dialog.get_by_role("button", name="End the session on tide-watch/2.1").click()
        await expect(dialog.get_by_role("list", name="Sessions").get_by_role("listitem")).to_have_count(1)

        await dialog.get_by_label("Name of a new token").fill("tide watch")
        await dialog.get_by_role("button", name="Create").click()
        token = await dialog.locator(".secret code").inner_text()
        assert "errors" not in await asked("{ viewer { email } }", token)
        await dialog.get_by_role("button", name="Revoke tide watch").click()
        await expect(dialog.get_by_text("tide watch")).to_have_count(0)
        assert "errors" in await asked("{ viewer { email } }", token)

        await nora.page.reload()
        assert await nora.page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
        await nora.button("Settings").click()
        await dialog.get_by_role("button", name="Delete my account…").click()
        await dialog.get_by_label("Password, to confirm").fill(NEW_PASSWORD)
        await dialog.get_by_role("button", name="Delete my account", exact=True).click()
        await expect(nora.page.get_by_role("heading", name="Welcome back")).to_be_visible()
        assert "errors" in await asked(sign_in(NEW_PASSWORD))
