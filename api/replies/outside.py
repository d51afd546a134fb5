"""Replies written from outside: by an agent in another process, who participates in the chat like any user.

The agent starts a reply, appends to it and finishes it by requests; `streaming.outside` accepts each exactly once.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.chats import IdempotencyKey, Message, MessageRole, finish_reasons, message_for
from api.chats.locks import lock_membership
from api.database import Database
from api.errors import Conflict, Forbidden, LimitExceeded, NotFound
from api.replies.metadata import LONGEST_REASON, count, word
from api.settings import Settings
from api.streaming.errors import Ended, Gap, Gone, TakenOver, TooLong
from api.streaming.outside import OutsideWriter, Request, take_over

STARTED = hashlib.sha256(b"\0startReply").digest()
"""In place of the digest of a message that was sent. No message contains NUL, so none has the same."""

STOPPED = "The reply was stopped or deleted, or it is finished. Do not append to it. Its text stays as it is."
TAKEN_OVER = (
    "Another producer has taken this reply over, or its lease ran out. If it is still yours to write, call startReply "
    "with its idempotency key, and go on after the sequence that it returns."
)
MODEL_CHARACTERS = 200
ACTIVITY_CHARACTERS = 200
"""As in the columns of `Message`."""

GAP = "Appends before this one are missing: the last accepted is {sequence}. Send the next ones again, in order."
DIFFERENT = "This idempotency key was used for another chat, or for a message. Make a new key for each reply."


@dataclass(frozen=True, slots=True)
class NewReply:
    """What a producer asks for. `reply_to` is the message that it answers."""

    chat: UUID
    key: str
    reply_to: UUID | None = None
    model: str | None = None


async def start_reply(database: Database, settings: Settings, viewer: UUID, wanted: NewReply) -> Message:
    """Start a reply that the viewer writes, or take it over if its idempotency key is known.

    A reply that was interrupted is reopened with its text. One that ended otherwise is returned as it is. Raises
    NotFound, and Conflict if the key was used for anything else or if its reply was deleted.
    """
    with suppress(IntegrityError):  # another request with the same key was committed at the same moment
        return await _started(database, settings, viewer, wanted)
    return await _started(database, settings, viewer, wanted)


async def _started(database: Database, settings: Settings, viewer: UUID, wanted: NewReply) -> Message:
    async with database.transaction() as session:
        known = await session.get(IdempotencyKey, (viewer, wanted.key))
        if known is None:
            return await _new(session, settings, viewer, wanted)
        if (known.chat_id, known.digest) != (wanted.chat, STARTED):
            raise Conflict(DIFFERENT)
        await lock_membership(session, wanted.chat, viewer)
        message = await session.get(Message, known.message_id, with_for_update=True)
        if message is None:
            raise Conflict(STOPPED, reason="STOPPED")
        if message.streaming or message.error_code == "INTERRUPTED":
            take_over(message, settings.lease_seconds)
        return message


async def _new(session: AsyncSession, settings: Settings, viewer: UUID, wanted: NewReply) -> Message:
    await lock_membership(session, wanted.chat, viewer)
    if wanted.reply_to is not None:
        answered = select(Message.id).where(Message.id == wanted.reply_to, Message.chat_id == wanted.chat)
        if await session.scalar(answered) is None:
            raise NotFound.of(Message)
    message = Message(
        chat_id=wanted.chat,
        author_id=viewer,
        role=MessageRole.ASSISTANT,
        model=wanted.model,
        reply_to_id=wanted.reply_to,
        content="",
    )
    take_over(message, settings.lease_seconds)
    session.add(message)
    await session.flush()
    session.add(
        IdempotencyKey(
            author_id=viewer, key=wanted.key, chat_id=wanted.chat, digest=STARTED, message_id=message.id, reply_id=None
        )
    )
    return message


def metadata(
    *, finish_reason: str | None, model: str | None, input_tokens: int | None, output_tokens: int | None
) -> dict[str, Any]:
    """The columns of a finished reply beside its text. What cannot be stored is left out: it must not fail the text."""
    given = word(finish_reason, LONGEST_REASON)
    values = {
        "finish_reason": given and finish_reasons.finish_reason(given).value,
        "provider_finish_reason": given,
        "model": model,
        "input_tokens": count(input_tokens),
        "output_tokens": count(output_tokens),
    }
    return {name: value for name, value in values.items() if value is not None}


class _NotTheProducer(Exception):
    """The viewer is not the author of the reply."""


async def submit(database: Database, outside: OutsideWriter, viewer: UUID, key: UUID, request: Request) -> Message:
    """Append to a reply of the viewer, or finish it; the message after that.

    Raises Conflict with a reason, LimitExceeded, NotFound, and Forbidden for replies that the viewer did not start.
    Reads no membership: when a participant leaves a chat, their streaming replies are stopped.
    """

    def admit(message: Message) -> None:
        if message.author_id != viewer or message.role is not MessageRole.ASSISTANT:
            raise _NotTheProducer

    try:
        return await outside.submit(Message, key, request, admit=admit)
    except Gap as gap:
        raise Conflict(GAP.format(sequence=gap.sequence), reason="GAP", sequence=gap.sequence) from None
    except TakenOver as taken:
        raise Conflict(TAKEN_OVER, reason="TAKEN_OVER", sequence=taken.sequence) from None
    except Ended as ended:
        raise Conflict(STOPPED, reason="STOPPED", sequence=ended.sequence) from None
    except TooLong as error:
        raise LimitExceeded(f"{error} Finish the reply, and ask for the rest in another.") from None
    except Gone:
        if await _was_started(database, viewer, key):
            raise Conflict(STOPPED, reason="STOPPED") from None
        raise NotFound.of(Message) from None
    except _NotTheProducer:
        if await message_for(database, viewer, key) is None:
            raise NotFound.of(Message) from None
        raise Forbidden("Only the user who started a reply can write it. Start a reply of your own.") from None


async def _was_started(database: Database, viewer: UUID, key: UUID) -> bool:
    """Whether the viewer started a reply with this id, which may be deleted by now."""
    own = select(IdempotencyKey.chat_id).where(
        IdempotencyKey.author_id == viewer, IdempotencyKey.message_id == key, IdempotencyKey.digest == STARTED
    )
    async with database.reading() as session:
        return await session.scalar(own) is not None
