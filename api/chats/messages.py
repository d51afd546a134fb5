"""Operations on messages that exist: stop, regenerate, edit, delete."""

from uuid import UUID

from api.chats.locks import lock_message
from api.chats.models import Message, MessageRole
from api.database import Database
from api.errors import Conflict, Forbidden
from api.settings import Settings
from api.streaming.columns import Status, enqueue


async def stop_message(database: Database, viewer: UUID, key: UUID) -> Message:
    """Stop a streaming message and keep its text. A final one stays as it is. Raises NotFound."""
    async with database.transaction() as session:
        message = await lock_message(session, key, viewer)
        if message.streaming:
            message.status = Status.STOPPED
    return message


async def regenerate_message(database: Database, settings: Settings, viewer: UUID, key: UUID) -> Message:
    """Clear a final reply and queue it again. Raises NotFound, Forbidden, and Conflict while it streams."""
    async with database.transaction() as session:
        message = await lock_message(session, key, viewer)
        if message.role is not MessageRole.ASSISTANT:
            raise Forbidden("Only replies of the assistant can be regenerated. Edit your own messages instead.")
        if message.streaming:
            raise Conflict("This reply is still streaming. Stop it first, or wait until it is complete.")
        message.content, message.reasoning, message.finish_reason = "", None, None
        message.input_tokens = message.output_tokens = None
        enqueue(message, settings.queue_seconds)
    return message


async def edit_message(database: Database, viewer: UUID, key: UUID, content: str) -> Message:
    """Replace the text. Raises NotFound, Conflict while it streams, and Forbidden unless the viewer wrote it."""
    async with database.transaction() as session:
        message = await lock_message(session, key, viewer)
        if message.streaming:
            raise Conflict("This message is still streaming. Stop it first, or wait until it is complete.")
        if message.author_id != viewer:
            raise Forbidden("Only the author can edit a message. Send a message of your own instead.")
        message.content = content
    return message


async def delete_message(database: Database, viewer: UUID, key: UUID) -> None:
    """Delete a reply, or a message that the viewer wrote. Raises NotFound, and Forbidden."""
    async with database.transaction() as session:
        message = await lock_message(session, key, viewer)
        if message.author_id not in (viewer, None):
            raise Forbidden("Only the author can delete a message. You can delete your own messages and replies.")
        await session.delete(message)
