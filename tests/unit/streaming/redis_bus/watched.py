"""A bus over Redis that tests watch, and what they do to its Redis."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
import redis

from api.streaming.bus import Bus
from api.streaming.redis_backend import RedisBackend
from tests.support.services import Redis
from tests.support.until import PATIENCE_SECONDS

CHANNEL = "channel"


class Watched(Bus):
    """A bus that says when it noticed that Redis is away, and when it is back."""

    def __init__(self, url: str) -> None:
        self.away = asyncio.Event()
        self.back = asyncio.Event()
        super().__init__(url, backend=RedisBackend(url, sleep=self._sleep, jitter=lambda: 0.1))
        self.on_reconnect(self.back.set)

    async def _sleep(self, seconds: float) -> None:
        self.away.set()
        await asyncio.sleep(seconds)


async def hear(messages: AsyncIterator[str], count: int = 1) -> list[str]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [await anext(messages) for _ in range(count)]


async def happens(event: asyncio.Event) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        await event.wait()


async def comes_true(what: Callable[[], bool]) -> None:
    """For what only Redis knows, and tells only those who ask."""
    for _ in range(50 * PATIENCE_SECONDS):
        if what():
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"it did not come true within {PATIENCE_SECONDS} s")


def pings(admin: redis.Redis) -> int:
    """How often Redis was asked for a sign of life."""
    calls: int = admin.info("commandstats")["cmdstat_ping"]["calls"]
    return calls


@contextmanager
def frozen(server: Redis) -> Iterator[None]:
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """What takes longer did hang."""
    async with asyncio.timeout(seconds):
        yield
