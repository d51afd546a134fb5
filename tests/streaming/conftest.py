"""A house of notes on each backend, for the tests of the mechanism by itself."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.conftest import Backend
from tests.streaming.notes import House, house, tracking_notes


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
