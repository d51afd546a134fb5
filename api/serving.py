"""Serving by uvicorn, in one process or several."""

import asyncio
import sys
from contextlib import suppress
from types import FrameType
from typing import Any

import uvicorn

START_SECONDS = 30
"""For each of several processes to give its first sign of life: uvicorn kills it otherwise and starts another, which on
a busy machine may take no less time to import what it needs."""

NOT_STARTED = 3
"""What uvicorn exits with, too."""

TICK_SECONDS = 1.0
"""uvicorn's own period for the Date header of its answers."""

TICKS_PER_DATE = 10
"""uvicorn renews the Date header at every so many ticks of its own."""


def run(app: str, *, workers: int, **options: Any) -> None:
    """Serve until a signal. `options` are uvicorn's; several processes are uvicorn's own affair."""
    if workers > 1:
        uvicorn.run(app, workers=workers, timeout_worker_healthcheck=START_SECONDS, **options)
        return
    server = Server(uvicorn.Config(app, **options))
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(NOT_STARTED)


class Server(uvicorn.Server):
    """Told when to end. uvicorn's own looks ten times a second, which is half of what an idle process does."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        ticks = 0
        while not await self.on_tick(ticks * TICKS_PER_DATE):
            ticks += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._told.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._told.set)
