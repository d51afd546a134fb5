"""A house of notes on each backend, for the tests of the mechanism by itself."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.support.backends import Backend
from tests.unit.streaming.desk import Desk
from tests.unit.streaming.house import House, house
from tests.unit.streaming.notes import tracking_notes


@pytest.fixture
def only_notes() -> Iterator[None]:
    """The application's models are not tracked in this test; the notes are."""
    with tracking_notes():
        yield


@pytest_asyncio.fixture
async def here(backend: Backend, only_notes: None) -> AsyncIterator[House]:
    """One process on each backend."""
    async with house(backend.database_url, backend.broadcast_url) as process:
        yield process


@pytest_asyncio.fixture
async def desk(here: House) -> AsyncIterator[Desk]:
    """A writer on each backend."""
    desk = Desk(here)
    yield desk
    for hand in desk.hands:
        hand.task.cancel()
    await asyncio.gather(*(hand.task for hand in desk.hands), return_exceptions=True)
