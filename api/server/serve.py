"""Serving by uvicorn, in one process or several."""

import asyncio
import sys
import time
from contextlib import suppress
from email.utils import formatdate
from socket import socket
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.server import ServerState
from uvicorn.supervisors import multiprocess

START_SECONDS = 30
"""For each of several processes to give its first sign of life: uvicorn kills it otherwise and starts another, which on
a busy machine may take no less time to import what it needs."""

NOT_STARTED = 3
"""What uvicorn exits with, too."""


def run(app: str, *, workers: int, **options: Any) -> None:
    """Serve until a signal. `options` are uvicorn's; several processes are uvicorn's own affair."""
    if workers > 1:
        multiprocess.Process = Child  # type: ignore[misc]
        uvicorn.run(app, workers=workers, timeout_worker_healthcheck=START_SECONDS, **options)
        return
    server = Server(uvicorn.Config(app, **options))
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(NOT_STARTED)


class Child(multiprocess.Process):
    """One of several processes, whose end is seen at once.

    uvicorn's keeps both ends of the pipe over which it asks for signs of life: asked one that is killed before it
    answers, it waits for as long as a process may take to start, and neither replaces it nor hears that it should end.
    """

    def start(self) -> None:
        super().start()
        self.child_conn.close()


class Dated(ServerState):
    """Puts the date on an answer when there is one, instead of once a second."""

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        self._headers = headers
        super().__init__()

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        return [(b"date", formatdate(time.time(), usegmt=True).encode()), *self._headers]

    @default_headers.setter
    def default_headers(self, headers: list[tuple[bytes, bytes]]) -> None:
        """uvicorn's own are none to begin with."""


class Server(uvicorn.Server):
    """Told when to end. uvicorn's own looks ten times a second, which is half of what an idle process does."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket] | None = None) -> None:
        self.server_state = Dated(self.config.encoded_headers)
        await super().startup(sockets)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        if not self.should_exit:
            await self._told.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._told.set)
