"""A server stops as soon as a signal arrives, computes the Date header per response, and replaces dead processes."""

import asyncio
import os
import signal
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import uvicorn

from api.graphql.transport import uvicorn_server
from api.graphql.transport.uvicorn_server import EventDrivenServer, ServerProcess
from tests.support.until import PATIENCE_SECONDS, until


class QuietServer(EventDrivenServer):
    """Leaves the signals to pytest."""

    def capture_signals(self) -> Any:
        return nullcontext()


async def app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


def quiet_server() -> QuietServer:
    return QuietServer(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))


async def test_a_server_stops_at_once_after_a_signal() -> None:
    server = quiet_server()
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    server.handle_exit(signal.SIGTERM, None)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await task


async def test_a_server_that_is_stopped_before_it_started_does_not_stay() -> None:
    server = quiet_server()
    server.handle_exit(signal.SIGTERM, None)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await server.serve()


async def test_each_response_has_the_date_of_its_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(time=lambda: 0.0)
    monkeypatch.setattr(uvicorn_server, "time", clock)
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


def child_process() -> ServerProcess:
    return ServerProcess(uvicorn.Config("tests.integration.test_serving:app", log_config=None, lifespan="off"), [])


def test_a_process_that_was_killed_is_noticed_at_once() -> None:
    child = child_process()
    child.start()
    try:
        child.parent_conn.send(b"ping")
        os.kill(child.process.pid or 0, signal.SIGKILL)
        child.join()
        while child.parent_conn.poll(20):  # it may have answered before
            child.parent_conn.recv()
        pytest.fail("the parent does not notice that its child is dead")
    except (EOFError, ConnectionResetError):
        pass
    finally:
        child.kill()


def test_each_of_several_processes_runs_a_server_that_does_not_poll() -> None:
    child = child_process()
    assert isinstance(child.server, EventDrivenServer)
    assert child.server is child.server
