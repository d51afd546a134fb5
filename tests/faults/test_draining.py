"""A server that was told to stop first says so, and serves on until the load balancer has noticed."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support.backends import SECRET
from tests.support.fleet import ServerProcess
from tests.support.until import PATIENCE_SECONDS, becomes

DRAINING = (503, {"status": "draining"})


@contextmanager
def server(directory: Path, drain_seconds: float) -> Iterator[ServerProcess]:
    settings = {"database_url": f"sqlite+aiosqlite:///{directory}/twotrack.db", "secret_key": SECRET}
    process = ServerProcess({**settings, "drain_seconds": drain_seconds}, "--replies")
    try:
        process.start()
        yield process
    finally:
        process.end()


async def readiness(process: ServerProcess) -> tuple[int, Any]:
    async with httpx.AsyncClient() as client:
        response = await client.get(f"http://127.0.0.1:{process.port}/readyz")
    return response.status_code, response.json()


async def test_a_server_that_drains_serves_on_until_the_second_signal(tmp_path: Path) -> None:
    with server(tmp_path, drain_seconds=10 * PATIENCE_SECONDS) as process:
        process.signal(signal.SIGTERM)
        await becomes(lambda: readiness(process), DRAINING.__eq__)
        async with httpx.AsyncClient() as client:
            answer = await client.post(f"http://127.0.0.1:{process.port}/graphql", json={"query": "{ viewer { id } }"})
        assert answer.json() == {"data": {"viewer": None}}
        await process.leaves()


async def test_a_server_that_drains_stops_by_itself(tmp_path: Path) -> None:
    with server(tmp_path, drain_seconds=0.5) as process:
        process.signal(signal.SIGTERM)
        await process.logged("server draining")
        await asyncio.wait_for(process.gone(), PATIENCE_SECONDS)
