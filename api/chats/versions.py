"""Versions of replies: regenerating a reply keeps the answer that it had, and any version can be selected again."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from api.characters import utf8_bytes
from api.chats.locks import lock_message
from api.chats.models import Message, MessageVersion
from api.database import Database
from api.errors import Conflict, LimitExceeded, NotFound
from api.streaming.columns import now

MOST_VERSIONS = 20
"""Versions of one reply, with the one that is shown. Beyond them, the oldest goes."""

VERSIONS_READ = 20
"""Versions whose texts are read at a time. A text may have 1 MB."""

VERSIONS_BYTES = 20_000_000
"""Of all texts of versions that are read together."""

SHARED_COLUMNS = tuple(
    column.key
    for column in MessageVersion.__table__.columns
    if column.key not in ("message_id", "number", "created_at")
)
"""The columns in which a message holds its shown version."""

VersionsKey = tuple[UUID, int, int]
"""A message, its shown version and its latest one. The stored versions change only together with these numbers."""


def versions_key(message: Message) -> VersionsKey | None:
    """The key of `stored_versions`; None for a message that has had one version only."""
    return (message.id, message.version, message.latest_version) if message.latest_version > 1 else None


def shown_version(message: Message) -> MessageVersion:
    """The version that the message shows now, which is not in the table of versions."""
    return MessageVersion(
        message_id=message.id,
        number=message.version,
        created_at=message.version_created_at or message.created_at,
        **{column: getattr(message, column) for column in SHARED_COLUMNS},
    )


async def keep_version(session: AsyncSession, message: Message, viewer: UUID) -> None:
    """Store the shown version, if it has any text, and number the one that the viewer requests now."""
    if message.content or message.reasoning:
        session.add(shown_version(message))
        await session.flush()
        message.latest_version += 1
        message.version = message.latest_version
        numbers = select(MessageVersion.number).where(MessageVersion.message_id == message.id)
        oldest = (await session.scalars(numbers.order_by(MessageVersion.number.desc()).offset(MOST_VERSIONS - 1))).all()
        if oldest:
            await session.execute(
                delete(MessageVersion).where(MessageVersion.message_id == message.id, MessageVersion.number.in_(oldest))
            )
    message.version_created_at = now()
    message.regenerated_by_id = viewer


async def select_version(database: Database, viewer: UUID, key: UUID, number: int) -> Message:
    """Show another version of a reply. Raises NotFound, and Conflict while the reply streams."""
    async with database.transaction() as session:
        message = await lock_message(session, key, viewer)
        if message.streaming:
            raise Conflict("This reply is still streaming. Stop it first, or wait until it is complete.")
        if number == message.version:
            return message
        chosen = await session.get(MessageVersion, (key, number))
        if chosen is None:
            raise NotFound(f"The message has no version {number:,}. Refetch its `versions`.")
        session.add(shown_version(message))
        for column in SHARED_COLUMNS:
            setattr(message, column, getattr(chosen, column))
        message.version, message.version_created_at = number, chosen.created_at
        await session.delete(chosen)
    return message


async def stored_versions(database: Database, keys: Sequence[VersionsKey]) -> list[list[MessageVersion]]:
    """The versions that these messages do not show, without their texts, the oldest first."""
    found: dict[UUID, list[MessageVersion]] = {key[0]: [] for key in keys}
    query = (
        select(MessageVersion)
        .where(MessageVersion.message_id.in_(found))
        .order_by(MessageVersion.number)
        .options(defer(MessageVersion.content), defer(MessageVersion.reasoning))
    )
    async with database.reading() as session:
        for version in await session.scalars(query):
            found[version.message_id].append(version)
    return [found[key[0]] for key in keys]


async def version_texts(database: Database, keys: Sequence[tuple[UUID, int]]) -> list[tuple[str, str | None] | None]:
    """Content and reasoning of stored versions, by message and number; None for one that is not stored any more.

    Raises LimitExceeded if all of them would not fit into one answer: a page can have 2,000 versions.
    """
    columns = (MessageVersion.message_id, MessageVersion.number)
    query = select(*columns, MessageVersion.content, MessageVersion.reasoning)
    found: dict[tuple[UUID, int], tuple[str, str | None]] = {}
    size = 0
    for start in range(0, len(keys), VERSIONS_READ):
        async with database.reading() as session:
            asked = tuple_(*columns).in_(keys[start : start + VERSIONS_READ])
            for message, number, content, reasoning in await session.execute(query.where(asked)):
                found[message, number] = content, reasoning
                size += utf8_bytes(content) + utf8_bytes(reasoning or "")
        if size > VERSIONS_BYTES:
            raise LimitExceeded(
                f"The texts of these versions have more than {VERSIONS_BYTES:,} bytes, the limit. "
                "Request those of fewer messages."
            )
    return [found.get(key) for key in keys]
