"""A server ends when it is told to, and not at its next look."""

import asyncio
import os
import signal
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import uvicorn

from api.server import serve
from tests.support.until import until


class QuietServer(serving.Server):
    """Leaves the signals to pytest."""

    def capture_signals(self) -> Any:
        return nullcontext()


async def app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


def quiet_server() -> QuietServer:
    return QuietServer(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))


async def test_a_server_that_is_told_to_end_does_so_at_once() -> None:
    server = quiet_server()
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    server.handle_exit(signal.SIGTERM, None)
    async with asyncio.timeout(10):
        await task


async def test_a_server_that_is_told_before_it_started_does_not_stay() -> None:
    server = quiet_server()
    server.handle_exit(signal.SIGTERM, None)
    async with asyncio.timeout(10):
        await server.serve()


async def test_answers_are_dated_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(time=lambda: 0.0)
    monkeypatch.setattr(serving, "time", clock)
    server = quiet_server()
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient() as client:

        async def headers() -> httpx.Headers:
            return (await client.get(f"http://127.0.0.1:{port}/")).headers

        first = await headers()
        assert first["date"] == "Thu, 01 Jan 1970 00:00:00 GMT"
        assert first["server"] == "uvicorn"
        clock.time = lambda: 61.0
        assert (await headers())["date"] == "Thu, 01 Jan 1970 00:01:01 GMT"
    server.handle_exit(signal.SIGTERM, None)
    await task


def test_a_process_that_is_killed_is_not_waited_for() -> None:
    child = serving.Child(uvicorn.Config("tests.integration.test_serving:app", log_config=None, lifespan="off"), [])
    child.start()
    try:
        child.parent_conn.send(b"ping")
        os.kill(child.process.pid or 0, signal.SIGKILL)
        child.join()
        while child.parent_conn.poll(20):  # it may have answered before
            child.parent_conn.recv()
        pytest.fail("the parent does not see that nobody will answer")
    except (EOFError, ConnectionResetError):
        pass
    finally:
        child.kill()
