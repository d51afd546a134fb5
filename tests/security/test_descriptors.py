"""A server that may open few descriptors: strangers take what there is, and it goes on answering health checks."""

import asyncio
from contextlib import suppress
from pathlib import Path

import httpx

from tests.support.commands import TWOTRACK, server_process

DESCRIPTORS = 250
"""200 of them are reserved, so 50 connections may be open."""


async def test_at_the_limit_of_descriptors_health_checks_are_answered_and_one_line_is_logged(tmp_path: Path) -> None:
    limited = tmp_path / "limited"
    limited.write_text(f'#!/bin/sh\nulimit -n {DESCRIPTORS}\nexec {TWOTRACK} "$@"\n')
    limited.chmod(0o755)
    async with server_process(tmp_path, program=limited) as url, httpx.AsyncClient() as client:
        port = int(url.rpartition(":")[2])
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(DESCRIPTORS + 50)]
        assert (await client.get(f"{url}/healthz")).json() == {"status": "ok"}
        gone = 0
        for reader, writer in idle[:100]:  # the oldest made room
            with suppress(ConnectionResetError):
                gone += await reader.read() == b""
            writer.close()
        assert gone > 0
        for _, writer in idle:
            writer.close()
        answer = await client.post(f"{url}/graphql", json={"query": "{ __typename }"})
        assert answer.json() == {"data": {"__typename": "Query"}}
        logged = (tmp_path / "log").read_text()
        assert logged.count("no room for connections") == 1
        assert "Too many open files" not in logged
