"""A message, whoever wrote it; the assistant's are streamed while they are written."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import Enum, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from api.models.base import Base, Dated
from api.models.chat import Chat
from api.streaming.rows import Streamed
from api.streaming.tracks import Stream, Sync, Untracked


class MessageRole(StrEnum):
    USER = "USER"
    ASSISTANT = "ASSISTANT"


class Message(Streamed, Dated, Base):
    __tablename__ = "messages"
    __track__ = Stream("content", "reasoning", while_="streaming", otherwise=Sync(touches="chat"))

    chat_id: Mapped[UUID] = mapped_column(ForeignKey("chats.id"))
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    role: Mapped[MessageRole] = mapped_column(Enum(MessageRole, native_enum=False, length=10))
    content: Mapped[str] = mapped_column(Text, default="")
    reasoning: Mapped[str | None] = mapped_column(Text)
    model: Mapped[str | None] = mapped_column(String(200))
    finish_reason: Mapped[str | None] = mapped_column(String(50))
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]

    chat: Mapped[Chat] = relationship()

    __table_args__ = (Index(None, "chat_id", "id"), *Streamed.table_args("messages"))


class Sent(Dated, Base):
    """An idempotency key, its author's for ever: it outlives the message, so that no late repeat posts it again."""

    __tablename__ = "sent"
    __track__ = Untracked()

    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    chat_id: Mapped[UUID]
    digest: Mapped[bytes]
    """SHA-256 of the content as it was sent: an edit does not change what a repeat must match."""
    message_id: Mapped[UUID]
    reply_id: Mapped[UUID | None]
