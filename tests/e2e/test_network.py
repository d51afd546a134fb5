"""What the tests rely on when they cut a network: that each of its connections ends, however young."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Never

import pytest

from tests.support.network import Network
from tests.support.until import PATIENCE_SECONDS

NOBODY = 1
"""A port."""


async def test_a_connection_that_is_cut_at_once_ends() -> None:
    accepted = asyncio.Event()

    class CutAtOnce(Network):
        def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            super()._accepted(reader, writer)
            self.cut()
            accepted.set()

    async with asyncio.timeout(PATIENCE_SECONDS), CutAtOnce(NOBODY) as network, connected(network) as reader:
        await accepted.wait()
        assert await reader.read() == b""


async def test_a_connection_that_is_cut_on_its_way_to_the_server_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    on_its_way = asyncio.Event()

    async def never(*_: object) -> Never:
        on_its_way.set()
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr("tests.support.network.open_connection", never)
    async with asyncio.timeout(PATIENCE_SECONDS), Network(NOBODY) as network, connected(network) as reader:
        await on_its_way.wait()
        network.cut()
        assert await reader.read() == b""


@asynccontextmanager
async def connected(network: Network) -> AsyncIterator[asyncio.StreamReader]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(network.url.rsplit(":")[-1]))
    try:
        yield reader
    finally:
        writer.close()
        await writer.wait_closed()
