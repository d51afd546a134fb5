"""A Redis that a test may stop, freeze and kill, and a bus over it."""

from collections.abc import AsyncIterator, Iterator

import pytest
import redis

from tests.support.services import Redis, throw_away
from tests.unit.streaming.redis_bus.watched import Watched


@pytest.fixture
def server() -> Iterator[Redis]:
    """One's own, since these tests stop, freeze and kill it."""
    with throw_away(Redis) as server:
        yield server


@pytest.fixture
def admin(server: Redis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url) as admin:
        yield admin


@pytest.fixture
async def bus(server: Redis) -> AsyncIterator[Watched]:
    async with Watched(server.url) as bus:
        yield bus
