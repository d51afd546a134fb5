"""Users. In GraphQL, `sync` follows a user as the Viewer: the revision rises when the list of chats changes."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base, Timestamps
from api.streaming.columns import Revised
from api.streaming.tracks import Sync


class User(Revised, Timestamps, Base):
    __tablename__ = "users"
    __track__ = Sync()

    name: Mapped[str] = mapped_column(String(100))
    email: Mapped[str] = mapped_column(String(320), unique=True)
    folded_email: Mapped[str | None] = mapped_column(String(320), index=True)
    """The address in case folding, by which addresses were compared before step 0004; NULL for newer accounts."""
    password: Mapped[str] = mapped_column(String(200))
