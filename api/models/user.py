"""A person who signs in. Followed, a user is the Viewer: the revision rises with their list of chats."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Dated
from api.streaming.rows import Revised
from api.streaming.tracks import Sync


class User(Revised, Dated, Base):
    __tablename__ = "users"
    __track__ = Sync()

    name: Mapped[str] = mapped_column(String(100))
    email: Mapped[str] = mapped_column(String(320), unique=True)
    password: Mapped[str] = mapped_column(String(200))
