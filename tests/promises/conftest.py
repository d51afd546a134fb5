"""The promises are kept on every backend, and on both ways to the clients."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.backends import Backend, fresh_backend
from tests.support.server import Running, serving


@pytest.fixture(params=["embedded", "embedded-plain", "scaled"])
def backend(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> Iterator[Backend]:
    yield from fresh_backend(request, tmp_path, sqlite_template)


@pytest_asyncio.fixture
async def elsewhere(backend: Backend, server: Running) -> AsyncIterator[Running]:
    """Another process of the same installation; with the bus in memory there is only the one."""
    if server.settings.one_process:
        yield server
        return
    async with serving(server.settings, server.product) as other:
        yield other
