"""Quotas: how much one user may ask for, so that none spends for all. In each setting, 0 is no limit."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, cast, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts import RateLimits
from api.chats.models import Membership, Message, TokenUsage
from api.database import Database
from api.errors import LimitExceeded
from api.settings import Settings
from api.streaming.columns import now

WAITING_PER_USER = 20
"""Most replies that wait because their user has REPLIES_AT_ONCE others written."""

STORED_SECONDS = 60.0
"""How long a process keeps a sum of stored bytes. Until then it adds what the user sends through this process."""

STORED_REMEMBERED = 10_000

USAGE_KEPT = timedelta(days=40)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a user has used, and the limits."""

    replies_at_once: int
    tokens_today: int
    tokens_per_day: int
    stored_bytes: int
    most_stored_bytes: int


class Quotas:
    """The quotas of all users, as one process counts them."""

    def __init__(self, database: Database, settings: Settings, rates: RateLimits) -> None:
        self._database = database
        self._settings = settings
        self._rates = rates
        self._stored: dict[UUID, tuple[float, int]] = {}
        """By user, when the bytes were summed and how many they are now."""

    async def count_message(self, user: UUID) -> None:
        """Count a message that is sent, edited, regenerated or continued. Raises RateLimited."""
        if self._settings.messages_per_minute:
            await self._rates.spend("write messages", str(user), self._settings.messages_per_minute)

    async def room(self, user: UUID) -> int | None:
        """Bytes that the user may still store; None for any number."""
        if not self._settings.stored_bytes:
            return None
        return self._settings.stored_bytes - await self._bytes_of(user)

    def stored(self, user: UUID, size: int) -> None:
        """Count bytes that the user has stored through this process."""
        if (known := self._stored.get(user)) is not None:
            self._stored[user] = known[0], known[1] + size

    async def _bytes_of(self, user: UUID) -> int:
        known = self._stored.get(user)
        if known is not None and time.monotonic() - known[0] < STORED_SECONDS:
            return known[1]
        size = func.coalesce(func.sum(self._size(Message.content) + self._size(Message.reasoning)), 0)
        own_chats = select(Membership.chat_id).where(Membership.user_id == user)
        counted = or_(Message.author_id == user, Message.requested_by_id == user)
        query = select(size).where(Message.chat_id.in_(own_chats), counted)
        async with self._database.reading() as session:
            found = int(await session.scalar(query) or 0)
        if len(self._stored) >= STORED_REMEMBERED:
            self._stored.clear()
        self._stored[user] = time.monotonic(), found
        return found

    def _size(self, text: Any) -> Any:
        # SQLite has octet_length since 3.43.
        size = (
            func.octet_length(text) if self._database.dialect == "postgresql" else func.length(cast(text, LargeBinary))
        )
        return func.coalesce(size, 0)

    async def allowance(self, user: UUID) -> Allowance:
        """What the user has used, and the limits."""
        async with self._database.reading() as session:
            tokens = await tokens_today(session, user)
        settings = self._settings
        return Allowance(
            settings.replies_at_once,
            tokens,
            settings.tokens_per_day,
            await self._bytes_of(user),
            settings.stored_bytes,
        )


def require_room(room: int | None, size: int) -> None:
    """Raises LimitExceeded if a text of this size, in bytes, does not fit."""
    if room is not None and size > room:
        raise LimitExceeded("Your messages have reached the limit of storage. Delete messages or chats first.")


async def require_reply(session: AsyncSession, settings: Settings, user: UUID) -> None:
    """Raises LimitExceeded if the user may not ask for one more reply now."""
    if settings.tokens_per_day and await tokens_today(session, user) >= settings.tokens_per_day:
        raise LimitExceeded(
            f"You have used the {settings.tokens_per_day:,} tokens of this day. Ask again after midnight UTC."
        )
    if not settings.replies_at_once:
        return
    unfinished = select(func.count()).where(
        Message.streaming, Message.requested_by_id == user, Message.sequence.is_(None)
    )
    most = settings.replies_at_once + WAITING_PER_USER
    if (await session.scalar(unfinished) or 0) >= most:
        raise LimitExceeded(
            f"{most} of your replies are being written or wait. Wait until one is finished, or stop one."
        )


async def tokens_today(session: AsyncSession, user: UUID) -> int:
    """Tokens of the replies that the user has requested on this day, by UTC."""
    return (
        await session.scalar(select(TokenUsage.tokens).where(TokenUsage.user_id == user, TokenUsage.day == today()))
        or 0
    )


def count_tokens(dialect: str, user: UUID, tokens: int) -> Any:
    """The statement that adds these tokens to those of the user's day."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    added = insert(TokenUsage).values(user_id=user, day=today(), tokens=tokens)
    total = TokenUsage.tokens + added.excluded.tokens
    return added.on_conflict_do_update(index_elements=["user_id", "day"], set_={"tokens": total})


async def delete_old_usage(database: Database) -> None:
    """Delete the tokens of days long ago."""
    async with database.transaction() as session:
        oldest = (now() - USAGE_KEPT).date().isoformat()
        await session.execute(delete(TokenUsage).where(TokenUsage.day < oldest))


def today() -> str:
    """The current day in UTC, as YYYY-MM-DD."""
    return datetime.now(UTC).date().isoformat()
