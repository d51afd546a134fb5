"""The port of a worker answers the checks of a supervisor, such as systemd or Kubernetes."""

import asyncio

import httpx

from tests.support.fleet import Fleet
from tests.support.services import free_port
from tests.support.until import becomes

Answer = tuple[int, dict[str, str]]


async def check(port: int, path: str) -> Answer | None:
    """The answer of a check; None while nothing listens."""
    async with httpx.AsyncClient() as client:
        try:
            response = await client.get(f"http://127.0.0.1:{port}{path}")
        except httpx.TransportError:
            return None
    return response.status_code, response.json()


async def test_a_worker_is_ready_while_it_reaches_the_database_and_the_bus(fleet: Fleet) -> None:
    port = free_port()
    async with fleet.worker(arguments=("--port", str(port))):
        await becomes(lambda: check(port, "/readyz"), (200, {"status": "ok"}).__eq__)
        assert await check(port, "/healthz") == (200, {"status": "ok"})
        assert await check(port, "/elsewhere") == (404, {"status": "not found"})
        await asyncio.to_thread(fleet.redis.stop)
        await becomes(lambda: check(port, "/readyz"), (503, {"status": "unavailable", "bus": "does not answer"}).__eq__)
        assert await check(port, "/healthz") == (200, {"status": "ok"})
    await fleet.mended()
