"""What the tests in a browser share: the browser, a server, and the model that they dictate to.

They run in one event loop, as the browser does, and each begins with nothing under way.
"""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.e2e.author import Author
from tests.e2e.site import Site, build_pages, running
from tests.e2e.visitor import Visitor, visiting
from tests.support.browser import launched
from tests.support.people import Person

Arrive = Callable[..., Coroutine[Any, Any, Visitor]]


@pytest.fixture(scope="session", autouse=True)
def pages() -> None:
    """What was built from older sources would be another page."""
    build_pages()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with launched() as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def author() -> AsyncIterator[Author]:
    async with Author() as author:
        yield author


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site_of_the_session(pages: None, author: Author) -> AsyncIterator[Site]:
    async with running(author.environment, model="openai:dictated") as site:
        yield site


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def scripted_site(pages: None) -> AsyncIterator[Site]:
    """As a newcomer has it: nothing set but a reply's length and pace, three seconds at the usual cadence."""
    async with running(model="scripted?chars=7500&rate=2500", cadence_seconds=0.35) as site:
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def model(author: Author) -> AsyncIterator[Author]:
    """Writes what the test dictates."""
    yield author
    author.forget()


@pytest_asyncio.fixture(loop_scope="session")
async def site(site_of_the_session: Site, model: Author) -> AsyncIterator[Site]:
    """Up, whatever the last test did to it."""
    site_of_the_session.start()
    yield site_of_the_session


@pytest_asyncio.fixture(loop_scope="session")
async def arrive(browser: Browser, site: Site) -> AsyncIterator[Arrive]:
    """Somebody comes: `await arrive(ann, chat)`. Without a chat they see the first page, without a person the door."""
    async with AsyncExitStack() as stack:

        async def arrive(person: Person | None = None, chat: str | None = None, **options: Any) -> Visitor:
            at = options.pop("at", site.url)
            visitor = await stack.enter_async_context(visiting(browser, at, person, **options))
            await visitor.opens(chat)
            return visitor

        yield arrive


@pytest_asyncio.fixture(loop_scope="session")
async def ann(site: Site) -> Person:
    return (await site.people("Ann"))[0]


@pytest_asyncio.fixture(loop_scope="session")
async def bob(site: Site) -> Person:
    return (await site.people("Bob"))[0]


@pytest_asyncio.fixture(loop_scope="session")
async def chat(ann: Person) -> str:
    """A chat of Ann's."""
    return await ann.create_chat("Tides")
