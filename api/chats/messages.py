"""Operations on messages that exist: stop, regenerate, continue, edit, delete."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.characters import utf8_bytes
from api.chats.finish_reasons import FinishReason
from api.chats.locks import lock_message
from api.chats.models import Message, MessageRole
from api.chats.quotas import Quotas, require_reply, require_room
from api.chats.versions import keep_version
from api.database import Database
from api.errors import Conflict, Forbidden
from api.settings import Settings
from api.streaming.columns import Status, enqueue, now


async def stop_message(database: Database, viewer: UUID, key: UUID) -> Message:
    """Stop a streaming message and keep its text. A final one stays as it is. Raises NotFound."""
    async with database.transaction() as session:
        message = await lock_message(session, key, viewer)
        if message.streaming:
            message.status = Status.STOPPED
            message.stopped_by_id = viewer
    return message


async def regenerate_message(
    database: Database, settings: Settings, quotas: Quotas, viewer: UUID, key: UUID
) -> Message:
    """Keep the text of a final reply as a version, and queue the reply again for another one.

    Raises NotFound, Forbidden, Conflict while it streams, LimitExceeded, and RateLimited.
    """
    await quotas.count_message(viewer)
    room = await quotas.room(viewer)
    async with database.transaction() as session:
        message = await _lock_reply(session, key, viewer, "regenerated")
        require_room(room, 0)
        await require_reply(session, settings, viewer)
        await keep_version(session, message, viewer)
        message.content, message.reasoning = "", None
        message.finish_reason = message.provider_finish_reason = message.activity = None
        message.input_tokens = message.output_tokens = None
        message.stopped_by_id, message.requested_by_id = None, viewer
        enqueue(message, settings.queue_seconds)
    return message


async def continue_message(database: Database, settings: Settings, quotas: Quotas, viewer: UUID, key: UUID) -> Message:
    """Queue a reply that reached its limit of length, to go on from its text.

    It keeps its finish reason until the model gives another one. So a continuation that is stopped or fails can be
    continued again. Raises NotFound, Forbidden, Conflict while it streams or if it ended for another reason,
    LimitExceeded, and RateLimited.
    """
    await quotas.count_message(viewer)
    async with database.transaction() as session:
        message = await _lock_reply(session, key, viewer, "continued")
        if message.finish_reason != FinishReason.LENGTH or not message.content.strip():
            raise Conflict(
                "Only a reply that reached its limit of length can be continued: its finishReason is length. "
                "Regenerate this one, or send a message."
            )
        await require_reply(session, settings, viewer)
        message.activity = message.stopped_by_id = None
        message.requested_by_id = viewer
        enqueue(message, settings.queue_seconds)
    return message


async def _lock_reply(session: AsyncSession, key: UUID, viewer: UUID, done: str) -> Message:
    """A final reply that our own worker wrote. Raises NotFound, Forbidden, and Conflict while it streams."""
    message = await lock_message(session, key, viewer)
    if message.role is MessageRole.ASSISTANT and message.author_id is not None:
        raise Forbidden(f"This reply was written from outside. Only replies of this server's assistant can be {done}.")
    if message.role is not MessageRole.ASSISTANT:
        raise Forbidden(f"Only replies of the assistant can be {done}. Edit your own messages instead.")
    if message.streaming:
        raise Conflict("This reply is still streaming. Stop it first, or wait until it is complete.")
    return message


async def edit_message(database: Database, quotas: Quotas, viewer: UUID, key: UUID, content: str) -> Message:
    """Replace the text.

    Raises NotFound, Conflict while it streams, Forbidden unless the viewer wrote it, LimitExceeded, and RateLimited.
    """
    await quotas.count_message(viewer)
    room = await quotas.room(viewer)
    async with database.transaction() as session:
        message = await lock_message(session, key, viewer)
        if message.streaming:
            raise Conflict("This message is still streaming. Stop it first, or wait until it is complete.")
        if message.author_id != viewer:
            raise Forbidden("Only the author can edit a message. Send a message of your own instead.")
        if message.content != content:
            added = utf8_bytes(content) - utf8_bytes(message.content)
            if added > 0:
                require_room(room, added)
            quotas.stored(viewer, added)
            message.content, message.edited_at = content, now()
    return message


async def delete_message(database: Database, viewer: UUID, key: UUID) -> None:
    """Delete a reply, or a message that the viewer wrote. Raises NotFound, and Forbidden."""
    async with database.transaction() as session:
        message = await lock_message(session, key, viewer)
        if message.author_id not in (viewer, None):
            raise Forbidden("Only the author can delete a message. You can delete your own messages and replies.")
        await session.delete(message)
