"""Notes and their members, and which notes a viewer may see."""

from uuid import UUID

from sqlalchemy import ForeignKey, Select, String, Text, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from api.accounts import User
from api.streaming import Stream, Streamed, Sync, Tracked, access_rule


class Base(Tracked, DeclarativeBase):
    """The tables of this product. Users are in the server's own tables."""


class Note(Streamed, Base):
    __tablename__ = "notes"
    __track__ = Stream("body", while_="streaming", otherwise=Sync(touches="members", epoch="access_epoch"))
    __table_args__ = Streamed.table_args("notes")

    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text, default="")
    owner_id: Mapped[UUID] = mapped_column(ForeignKey(User.id))
    access_epoch: Mapped[int] = mapped_column(default=0)
    """Raised when a member loses access: their open streams end at once."""

    members: Mapped[list[User]] = relationship(User, secondary="note_members", viewonly=True)


class NoteMember(Base):
    __tablename__ = "note_members"
    __track__ = Sync(touches=("note", "user"))  # changes the note's page, and the member's list of notes

    note_id: Mapped[UUID] = mapped_column(ForeignKey(Note.id), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id), primary_key=True, index=True)

    note: Mapped[Note] = relationship()
    user: Mapped[User] = relationship(User)


@access_rule(Note)
def visible_notes(viewer: UUID) -> Select[Note]:
    """The notes of which the viewer is a member. The owner is a member, too."""
    return select(Note).join(NoteMember).where(NoteMember.user_id == viewer)
