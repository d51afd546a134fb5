"""Users and their credentials. In GraphQL, `sync` follows a user as the Viewer: the revision rises when the list of
chats changes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from api.base import Base, Timestamps
from api.streaming.columns import Instant, Revised, now
from api.streaming.tolerant import Key
from api.streaming.tracks import Sync, Untracked


class User(Revised, Timestamps, Base):
    __tablename__ = "users"
    __track__ = Sync()

    name: Mapped[str] = mapped_column(String(100))
    email: Mapped[str] = mapped_column(String(320), unique=True)
    folded_email: Mapped[str | None] = mapped_column(String(320), index=True)
    """The address in case folding, by which addresses were compared before step 0004; NULL for newer accounts."""
    password: Mapped[str] = mapped_column(String(200))
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the operator disabled the account. Its user cannot sign in."""
    deleted_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the account was deleted. The row stays, emptied, for the messages that the user wrote."""


class Session(Base):
    """One sign-in of a user. Ending it deletes the row."""

    __tablename__ = "sessions"
    __track__ = Untracked()

    id: Mapped[UUID] = mapped_column(Key, primary_key=True, default=uuid7)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    last_used_at: Mapped[datetime] = mapped_column(Instant, default=now)
    """Exact to an hour: a request must not cost a write."""
    expires_at: Mapped[datetime] = mapped_column(Instant)
    client: Mapped[str] = mapped_column(String(200), default="")
    """The `User-Agent` of the sign-in."""


class ApiToken(Base):
    """A token for programs of a user. Revoking it deletes the row."""

    __tablename__ = "api_tokens"
    __track__ = Untracked()

    id: Mapped[UUID] = mapped_column(Key, primary_key=True, default=uuid7)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    """SHA-256 of the token, which has 256 random bits."""
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)
    """Exact to an hour."""
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
