"""Chats, memberships, removals, links, read marks, messages with their versions, and idempotency keys."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship
from uuid_utils.compat import uuid7

from api.accounts.models import User
from api.base import Base, Timestamps
from api.streaming.columns import Instant, Revised, Status, Streamed, now
from api.streaming.tolerant import Choice, Key
from api.streaming.tracks import Stream, Sync, Untracked


class Assistant(StrEnum):
    """When the assistant answers the messages of a chat."""

    ALWAYS = "ALWAYS"
    WHEN_ASKED = "WHEN_ASKED"
    NONE = "NONE"


class Chat(Revised, Timestamps, Base):
    __tablename__ = "chats"
    __track__ = Sync(touches="participants", epoch="access_epoch")  # their lists of chats show it

    title: Mapped[str] = mapped_column(String(200))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    access_epoch: Mapped[int] = mapped_column(default=0)
    assistant: Mapped[Assistant] = mapped_column(Choice(Assistant, length=10), default=Assistant.ALWAYS)

    participants: Mapped[list[User]] = relationship(
        secondary="participations", viewonly=True, order_by="Membership.joined_at"
    )


class Membership(Base):
    __tablename__ = "participations"
    __track__ = Sync(touches=("chat", "user"))  # joining changes the chat's page and the user's list

    chat_id: Mapped[UUID] = mapped_column(ForeignKey("chats.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True, index=True)
    joined_at: Mapped[datetime] = mapped_column(Instant, default=now)

    chat: Mapped[Chat] = relationship()
    user: Mapped[User] = relationship()


class Removal(Base):
    """A user whom the owner of a chat has removed. Only the owner can add this user again."""

    __tablename__ = "removals"
    __track__ = Untracked()

    chat_id: Mapped[UUID] = mapped_column(ForeignKey("chats.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)


class LinkRole(StrEnum):
    """What a link is for."""

    READER = "READER"
    PARTICIPANT = "PARTICIPANT"


class Link(Base):
    """A link to a chat, for people who are not participants. Revoking it deletes the row."""

    __tablename__ = "links"
    __track__ = Untracked()  # the dialog that lists them reads them when it opens

    id: Mapped[UUID] = mapped_column(Key, primary_key=True, default=uuid7)
    chat_id: Mapped[UUID] = mapped_column(ForeignKey("chats.id"), index=True)
    creator_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    role: Mapped[LinkRole] = mapped_column(Choice(LinkRole, length=11))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    """SHA-256 of the token, which has 256 random bits."""
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)


class ReadMark(Base):
    """How far a user has read a chat. A mark only moves forward."""

    __tablename__ = "read_marks"
    __track__ = Sync(touches="user")  # only the reader's own list of chats shows it

    chat_id: Mapped[UUID] = mapped_column(ForeignKey("chats.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    """The position of the last message that the user has read."""

    user: Mapped[User] = relationship()


class MessageRole(StrEnum):
    USER = "USER"
    ASSISTANT = "ASSISTANT"


class Message(Streamed, Timestamps, Base):
    __tablename__ = "messages"
    __track__ = Stream(
        "content",
        "reasoning",
        while_="streaming",
        otherwise=Sync(touches="chat"),
        in_turn="chat_id",
        on_behalf_of="requested_by_id",
    )  # replies of a chat are written in order, so that each knows those before it

    chat_id: Mapped[UUID] = mapped_column(ForeignKey("chats.id"))
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    role: Mapped[MessageRole] = mapped_column(Choice(MessageRole, length=10))
    reply_to_id: Mapped[UUID | None]
    """The message that a reply from outside answers, which may be deleted by now."""
    content: Mapped[str] = mapped_column(Text, default="")
    reasoning: Mapped[str | None] = mapped_column(Text)
    model: Mapped[str | None] = mapped_column(String(200))
    finish_reason: Mapped[str | None] = mapped_column(String(50))
    """A `FinishReason`. A reply that is continued keeps its former one until the model gives another."""
    provider_finish_reason: Mapped[str | None] = mapped_column(String(100))
    """The same in the provider's word."""
    activity: Mapped[str | None] = mapped_column(String(200))
    """What the assistant is doing now, for people. It means nothing once the message is final."""
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    version: Mapped[int] = mapped_column(default=1)
    """Number of the version that the row shows. The others are in `message_versions`."""
    latest_version: Mapped[int] = mapped_column(default=1)
    """The greatest number that a version of the message has had."""
    version_created_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the shown version was requested. NULL if the message has had no other."""
    regenerated_by_id: Mapped[UUID | None]
    """The user who requested the shown version by regenerating the reply."""
    requested_by_id: Mapped[UUID | None]
    """The user for whom a reply counts: who sent the message that it answers, or last regenerated or continued it."""
    stopped_by_id: Mapped[UUID | None]
    edited_at: Mapped[datetime | None] = mapped_column(Instant)

    chat: Mapped[Chat] = relationship()

    __table_args__ = (
        Index("ix_messages_chat_id_position", "chat_id", "position", "id"),
        *Streamed.table_args("messages", in_turn="chat_id"),
    )


class TokenUsage(Base):
    """Tokens of the replies that a user requested on one day."""

    __tablename__ = "token_usage"
    __track__ = Untracked()

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    """In UTC, as YYYY-MM-DD."""
    tokens: Mapped[int] = mapped_column(BigInteger)


class MessageVersion(Base):
    """A version of a reply that its message does not show now. The columns are those of the message."""

    __tablename__ = "message_versions"
    __track__ = Untracked()  # the message that a version belongs to announces the change of versions

    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    content: Mapped[str] = mapped_column(Text)
    reasoning: Mapped[str | None] = mapped_column(Text)
    status: Mapped[Status] = mapped_column(Choice(Status, length=10))
    error_code: Mapped[str | None] = mapped_column(String(20))
    error_message: Mapped[str | None] = mapped_column(Text)
    model: Mapped[str | None] = mapped_column(String(200))
    finish_reason: Mapped[str | None] = mapped_column(String(50))
    provider_finish_reason: Mapped[str | None] = mapped_column(String(100))
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    regenerated_by_id: Mapped[UUID | None]
    stopped_by_id: Mapped[UUID | None]

    @property
    def has_texts(self) -> bool:
        """Whether the texts were loaded, too. A list of versions is read without them."""
        return "content" in self.__dict__


class IdempotencyKey(Timestamps, Base):
    """An idempotency key of a user. It is kept when its message is deleted, so that a late repeat sends nothing."""

    __tablename__ = "sent"
    __track__ = Untracked()

    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    chat_id: Mapped[UUID]
    digest: Mapped[bytes]
    """SHA-256 of the content that was sent. An edit of the message does not change what a repeat must match."""
    message_id: Mapped[UUID]
    reply_id: Mapped[UUID | None]
