"""How much one client may ask: sizes of what is written, depth of what is read, attempts in a minute."""

from collections.abc import Callable

import structlog
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError
from strawberry.extensions import MaxAliasesLimiter, MaxTokensLimiter, QueryDepthLimiter, SchemaExtension

from api.errors import BadUserInput, RateLimited

log = structlog.get_logger(__name__)

TITLE_CHARACTERS = 200
NAME_CHARACTERS = 100
KEY_CHARACTERS = 100
PASSWORD_CHARACTERS = (10, 200)

DEPTH = 12
"""Deep enough for GraphiQL's own introspection and any page; each level can multiply what is read."""

ALIASES = 30
TOKENS = 2_000
MINUTE = 60.0

DOCUMENT_LIMITS: list[Callable[[], SchemaExtension]] = [
    lambda: QueryDepthLimiter(max_depth=DEPTH),
    lambda: MaxAliasesLimiter(max_alias_count=ALIASES),
    lambda: MaxTokensLimiter(max_token_count=TOKENS),
]


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
    """Attempts in a minute, counted over all processes that share a Redis."""

    def __init__(self, broadcast_url: str) -> None:
        embedded = broadcast_url.startswith("memory")
        storage = MemoryStorage() if embedded else RedisStorage(f"async+{broadcast_url}", implementation="redispy")
        self._window = MovingWindowRateLimiter(storage)

    async def spend(self, what: str, who: str, per_minute: int) -> None:
        """Count one attempt. Raises RateLimited when there were too many."""
        try:
            within = await self._window.hit(RateLimitItemPerMinute(per_minute), what, who)
        except (RedisError, OSError) as error:
            log.warning("attempts are not counted", error=repr(error))  # better uncounted than locked out
            return
        if not within:
            raise RateLimited(f"Too many attempts to {what}. Wait a minute, then try again.", retry_after=MINUTE)
