"""What an operator sees and decides about replies, in any chat."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from api.chats.locks import lock_message_of_any_chat
from api.chats.models import Message
from api.database import Database
from api.errors import Conflict
from api.streaming.columns import Status, database_now


@dataclass(frozen=True, slots=True)
class UnfinishedReply:
    """A reply that waits for a worker, or is being written."""

    id: UUID
    chat: UUID
    requested_at: datetime
    writer: UUID | None
    """The worker that writes it. None while the reply waits, and for a reply from outside."""
    lease_seconds: float | None
    """Until another process settles the reply. None while it is behind another one, which takes no time from it."""
    tries: int
    is_outside: bool


async def unfinished_replies(database: Database) -> Sequence[UnfinishedReply]:
    """The replies of all chats that wait or are being written, in the order of their creation, without their texts."""
    columns = (
        Message.id,
        Message.chat_id,
        func.coalesce(Message.version_created_at, Message.created_at, type_=Message.created_at.type),
        Message.writer,
        Message.lease - database_now(),
        Message.tries,
        Message.sequence.is_not(None),
    )
    query = select(*columns).where(Message.streaming).order_by(Message.position)
    return [UnfinishedReply(*values) for values in map(tuple, await database.read(query))]


async def cancel_reply(database: Database, key: UUID) -> None:
    """Stop a reply that waits or is being written, and keep its text. No user is recorded as the one who stopped it.

    Raises NotFound, and Conflict if it has ended.
    """
    async with database.transaction() as session:
        message = await lock_message_of_any_chat(session, key)
        if not message.streaming:
            raise Conflict(f"This reply has ended: it is {message.status}.")
        message.status = Status.STOPPED
        message.stopped_by_id = None
