"""How much one client may do: sizes of what is written, attempts in a minute."""

from typing import Any, Self, cast

import structlog
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from api.errors import BadUserInput, RateLimited

log = structlog.get_logger(__name__)

TITLE_CHARACTERS = 200
NAME_CHARACTERS = 100
KEY_CHARACTERS = 100
PASSWORD_CHARACTERS = (10, 200)

MINUTE = 60.0

COUNTING_SECONDS = 2.0
"""How long a sign-in waits for a Redis that does not answer; then it goes uncounted."""


def text(written: str, what: str, *, least: int = 1, most: int | None = None, most_bytes: int | None = None) -> str:
    """The text, if it is sound. Lengths in characters, `most_bytes` in UTF-8. Raises BadUserInput."""
    if "\0" in written:
        raise BadUserInput(f"The {what} holds a NUL character. Leave it out.")
    try:
        size = len(written.encode())
    except UnicodeEncodeError:
        raise BadUserInput(f"The {what} holds half a character (a lone surrogate). Send whole ones.") from None
    if len(written) < least or (least and not written.strip()):
        raise BadUserInput(
            f"The {what} is empty. Write something."
            if least <= 1
            else f"The {what} is too short: write {least} characters or more."
        )
    if most is not None and len(written) > most:
        raise BadUserInput(f"The {what} is too long: {len(written):,} characters. Keep it to {most:,}.")
    if most_bytes is not None and size > most_bytes:
        raise BadUserInput(f"The {what} is too long: {size:,} bytes. Keep it to {most_bytes:,}, or send it in parts.")
    return written


class Rates:
    """Attempts in a minute, counted over all processes that share a Redis. Its lifetime is an `async with`."""

    def __init__(self, broadcast_url: str) -> None:
        self._redis: ConnectionPool | None = None
        storage: Storage = MemoryStorage()
        if not broadcast_url.startswith("memory"):
            self._redis = ConnectionPool.from_url(
                broadcast_url,
                socket_connect_timeout=COUNTING_SECONDS,
                socket_timeout=COUNTING_SECONDS,
                retry=Retry(NoBackoff(), 1),  # the first try may meet a connection from before Redis restarted
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
        """Count one attempt. Raises RateLimited when there were too many."""
        try:
            within = await self._window.hit(RateLimitItemPerMinute(per_minute), what, who)
        except (RedisError, OSError) as error:
            log.warning("attempts are not counted", error=repr(error))  # better uncounted than locked out
            return
        if not within:
            raise RateLimited(f"Too many attempts to {what}. Wait a minute, then try again.", retry_after=MINUTE)
