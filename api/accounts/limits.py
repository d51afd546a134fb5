"""Rate limits: how many attempts per minute a client has."""

from typing import Any, Self, cast

import structlog
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from api.errors import RateLimited

log = structlog.get_logger(__name__)

MINUTE_SECONDS = 60.0

COUNTING_SECONDS = 2.0
"""How long a request waits for Redis to count its attempt. After that the process counts it by itself."""

SHARED_FACTOR = 10
"""An address may be that of an office, and an account may be used from several: so many times more attempts in all."""


class RateLimits:
    """Counts attempts per minute, over all processes that share a Redis. Use it in an `async with`."""

    def __init__(self, broadcast_url: str) -> None:
        self._redis: ConnectionPool | None = None
        own = MemoryStorage()
        self._own = MovingWindowRateLimiter(own)
        """Counts in this process, where there is no Redis, or while it is away."""
        storage: Storage = own
        if not broadcast_url.startswith("memory"):
            self._redis = ConnectionPool.from_url(
                broadcast_url,
                socket_connect_timeout=COUNTING_SECONDS,
                socket_timeout=COUNTING_SECONDS,
                retry=Retry(NoBackoff(), 1),  # the first attempt may use a connection from before a restart of Redis
            )
            storage = RedisStorage(
                f"async+{broadcast_url}", implementation="redispy", connection_pool=cast(Any, self._redis)
            )
        self._window = MovingWindowRateLimiter(storage)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._redis is not None:
            await self._redis.aclose()

    async def spend(self, what: str, who: str, per_minute: int) -> None:
        """Count one attempt by `who` to do `what`. Raises RateLimited if there were more than `per_minute`."""
        limit = RateLimitItemPerMinute(per_minute)
        try:
            within = await self._window.hit(limit, what, who)
        except (RedisError, OSError) as error:
            log.warning("attempts are counted by this process alone", error=repr(error))
            within = await self._own.hit(limit, what, who)
        if not within:
            raise RateLimited(
                f"Too many attempts to {what}: the limit is {per_minute} per minute. Wait a minute, then try again.",
                retry_after=MINUTE_SECONDS,
            )
