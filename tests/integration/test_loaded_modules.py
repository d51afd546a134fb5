"""A process imports only what it runs: workers no web server, servers without replies no model library."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.support.commands import SECONDS, environment
from tests.support.services import Redis, free_port

IMPORTED = re.compile(r"import time: +\d+ \| +\d+ \| +([\w.]+)$")
"""A line of `python -X importtime`."""

WEB = {"fastapi", "graphql", "starlette", "strawberry", "uvicorn", "websockets"}
MODELS = {"openai", "pydantic_ai"}


class Started:
    """A `twotrack` process, and the packages that it has imported."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.packages: set[str] = set()

    async def read_until(self, event: Callable[[dict[str, object]], bool]) -> None:
        """Return once it logs an event like this."""
        async with asyncio.timeout(SECONDS):
            while line := await self._line():
                if line.startswith("{") and event(json.loads(line)):
                    return
        raise AssertionError(f"it ended with {await self.process.wait()}")

    async def read_all(self) -> int:
        """Its exit code, once it has ended by itself."""
        async with asyncio.timeout(SECONDS):
            while await self._line():
                pass
            return await self.process.wait()

    async def _line(self) -> str:
        assert self.process.stderr is not None
        line = (await self.process.stderr.readline()).decode()
        if imported := IMPORTED.match(line):
            self.packages.add(imported[1].partition(".")[0])
        return line


@asynccontextmanager
async def started(directory: Path, *arguments: str, **settings: str) -> AsyncIterator[Started]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-X", "importtime", "-m", "api", *arguments,
        cwd=directory, env=environment(settings), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Started(process)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.communicate()


async def test_a_worker_loads_no_web_server(tmp_path: Path, redis_server: Redis) -> None:
    async with started(tmp_path, "worker", BROADCAST_URL=redis_server.url) as worker:
        await worker.read_until(lambda logged: "worker" in logged)
    assert "sqlalchemy" in worker.packages
    assert worker.packages >= {"pydantic_ai"}
    assert not worker.packages & WEB


async def test_a_server_without_replies_loads_no_model_library(tmp_path: Path, redis_server: Redis) -> None:
    port = free_port()
    arguments = ("serve", "--no-replies", "--port", str(port))
    async with started(tmp_path, *arguments, BROADCAST_URL=redis_server.url) as server:
        await server.read_until(lambda logged: f":{port}" in str(logged["event"]))
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
    assert server.packages >= WEB
    assert not server.packages & MODELS


async def test_the_schema_is_printed_without_a_database_or_a_model_library(tmp_path: Path) -> None:
    async with started(tmp_path, "schema") as printing:
        assert await printing.read_all() == 0
    assert "strawberry" in printing.packages
    assert not printing.packages & MODELS
    assert os.listdir(tmp_path) == []
