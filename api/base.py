"""The base of all models."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from api.streaming.columns import Instant, now
from api.streaming.tolerant import Key
from api.streaming.tracks import Tracked


class Base(Tracked, DeclarativeBase):
    type_annotation_map: ClassVar = {UUID: Key}
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Timestamps:
    """Date and time when a row was created, and when it last changed."""

    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    updated_at: Mapped[datetime] = mapped_column(Instant, default=now)
