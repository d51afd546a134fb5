"""The columns that tracks need: a revision for all, a writer's status, lease and fence for what is streamed."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Dialect, Enum, Float, Index, String, Text, TypeDecorator, Uuid, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from uuid_utils.compat import uuid7

from api.streaming.tracks import Tracked

PAGE_FILLED_PERCENT = 50
"""By new rows; texts are kept apart from the pages, so it is little room."""


class Status(StrEnum):
    """Where a streamed row stands; all but STREAMING are final."""

    STREAMING = "STREAMING"
    COMPLETE = "COMPLETE"
    STOPPED = "STOPPED"
    FAILED = "FAILED"


class Instant(TypeDecorator[datetime]):
    """A moment, in UTC in the database and in Python, whatever the driver thinks of time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def now() -> datetime:
    """This process's clock, for what people read; leases go by the database's."""
    return datetime.now(UTC)


class database_now(FunctionElement[float]):
    """The database's clock in seconds since 1970: the only clock that all writers and settlers share."""

    type = Float()
    inherit_cache = True


@compiles(database_now, "postgresql")
def _postgres_now(element: Any, compiler: Any, **_: Any) -> str:
    return "extract(epoch from clock_timestamp())::float8"  # now() would stand still within a transaction


@compiles(database_now, "sqlite")
def _sqlite_now(element: Any, compiler: Any, **_: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"  # unixepoch('subsec') is NULL before SQLite 3.42


class Revised(Tracked):
    """A row that can be followed: its revision only rises, by one in each transaction that changes it."""

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid7, sort_order=-2)
    revision: Mapped[int] = mapped_column(BigInteger, default=1, sort_order=-1)


class Streamed(Revised):
    """A row that one writer at a time may write: who that is, until when, and how it ended."""

    status: Mapped[Status] = mapped_column(
        Enum(Status, native_enum=False, length=10), default=Status.COMPLETE, active_history=True
    )
    """Its former value says on which track a change travels: it is loaded before it is set."""
    fence: Mapped[int] = mapped_column(BigInteger, default=0)
    """Raised by every claim, restart, hand-back and regeneration; a writer with an older one may not write."""
    lease: Mapped[float | None] = mapped_column(Float)
    """When the writer's right ends without a heartbeat, or, unclaimed, the wait for one: seconds, database clock."""
    writer: Mapped[UUID | None] = mapped_column(Uuid)
    tries: Mapped[int] = mapped_column(default=0)
    error_code: Mapped[str | None] = mapped_column(String(20))
    error_message: Mapped[str | None] = mapped_column(Text)

    @hybrid_property
    def streaming(self) -> bool:
        return self.status == Status.STREAMING

    @staticmethod
    def table_args(table: str) -> tuple[Any, ...]:
        """The end of a model's `__table_args__`.

        An index for the sweep and the workers, which look for what is being written among all that ever was. It is of
        a column that no update changes, and each page keeps room, so that Postgres writes a row's next version beside
        the last and leaves the indexes alone. https://www.postgresql.org/docs/current/storage-hot.html
        """
        being_written = text("status = 'STREAMING'")
        return (
            Index(f"ix_{table}_streaming", "id", postgresql_where=being_written, sqlite_where=being_written),
            {"postgresql_with": {"fillfactor": PAGE_FILLED_PERCENT}},
        )


def queue(row: Streamed, seconds: float) -> None:
    """Let the row wait for a writer, for so many seconds at most; whoever wrote it before is fenced."""
    row.status = Status.STREAMING
    row.fence = (row.fence or 0) + 1
    row.lease = deadline(seconds)
    row.writer = None
    row.tries = 0
    row.error_code = row.error_message = None


def deadline(seconds: float) -> ColumnElement[float]:
    """So many seconds from now, by the database's clock."""
    return database_now() + seconds
