"""A chat and who takes part in it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from api.models.base import Base, Dated
from api.models.user import User
from api.streaming.rows import Instant, Revised, now
from api.streaming.tracks import Sync


class Chat(Revised, Dated, Base):
    __tablename__ = "chats"
    __track__ = Sync(touches="participants", epoch="access_epoch")  # a change here is a change to their list of chats

    title: Mapped[str] = mapped_column(String(200))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    access_epoch: Mapped[int] = mapped_column(default=0)

    participants: Mapped[list[User]] = relationship(
        secondary="participations", viewonly=True, order_by="Participation.joined_at"
    )


class Participation(Base):
    __tablename__ = "participations"
    __track__ = Sync(touches=("chat", "user"))  # who joins or leaves changes the chat's page, and their own list

    chat_id: Mapped[UUID] = mapped_column(ForeignKey("chats.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True, index=True)
    joined_at: Mapped[datetime] = mapped_column(Instant, default=now)

    chat: Mapped[Chat] = relationship()
    user: Mapped[User] = relationship()
