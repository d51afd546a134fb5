"""The columns that tracks need: `Revised` adds a revision, `Streamed` adds a status, a lease and a fence."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Float,
    Identity,
    Index,
    String,
    Text,
    literal_column,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from uuid_utils.compat import uuid7

from api.streaming.tolerant import Choice, Key, Tolerant
from api.streaming.tracks import Tracked

FILLFACTOR_PERCENT = 50
"""How far new rows fill a page of Postgres. It wastes little room, since long texts are stored outside the pages."""


class Status(StrEnum):
    """Status of a streamed row: STREAMING, or how it ended. All other values are final."""

    STREAMING = "STREAMING"
    COMPLETE = "COMPLETE"
    STOPPED = "STOPPED"
    FAILED = "FAILED"


class Instant(Tolerant[datetime]):
    """A date and time, in UTC in the database and in Python, whatever the driver does with time zones."""

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
    """The time by this process's clock, for times that people read. Leases are measured by the database's clock."""
    return datetime.now(UTC)


class database_now(FunctionElement[float]):
    """Seconds since 1970 by the database's clock, the only clock that all writers and sweeps share."""

    type = Float()
    inherit_cache = True


@compiles(database_now, "postgresql")
def _postgres_now(element: Any, compiler: Any, **_: Any) -> str:
    return "extract(epoch from clock_timestamp())::float8"  # now() is when the transaction began


@compiles(database_now, "sqlite")
def _sqlite_now(element: Any, compiler: Any, **_: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"  # unixepoch('subsec') is NULL before SQLite 3.42


class next_position(ColumnElement[int]):
    """The position of the next row of a table: greater than that of every row before it."""

    type = BigInteger()
    inherit_cache = False

    def __init__(self, table: str) -> None:
        self.table = table


@compiles(next_position, "postgresql")
def _postgres_next_position(element: next_position, compiler: Any, **_: Any) -> str:
    return f"nextval(pg_get_serial_sequence('{element.table}', 'position'))"


@compiles(next_position, "sqlite")
def _sqlite_next_position(element: next_position, compiler: Any, **_: Any) -> str:
    return f"(SELECT coalesce(max(position), 0) + 1 FROM {element.table})"  # noqa: S608  SQLite has one writer


class Revised(Tracked):
    """Base of models whose rows clients can follow.

    Each transaction that changes a row raises its revision by exactly 1, and nothing lowers it.
    """

    id: Mapped[UUID] = mapped_column(Key, primary_key=True, default=uuid7, sort_order=-2)
    revision: Mapped[int] = mapped_column(BigInteger, default=1, sort_order=-1)


class Streamed(Revised):
    """Base of models whose rows are streamed: who may write the row, until when, and how it ended."""

    @declared_attr
    def position(cls) -> Mapped[int]:
        """Order of creation among the model's rows. The database gives it, so that no server's clock decides."""
        return mapped_column(
            BigInteger, Identity(), default=next_position(cls.__tablename__), index=True, sort_order=-1
        )

    status: Mapped[Status] = mapped_column(Choice(Status, length=10), default=Status.COMPLETE, active_history=True)
    """The former status decides on which track a change travels. `active_history` loads it before a new one is set."""
    fence: Mapped[int] = mapped_column(BigInteger, default=0)
    """Fencing token. Every claim, restart, hand-back and regeneration raises it, and nothing lowers it. A writer with
    an older one cannot write."""
    lease: Mapped[float | None] = mapped_column(Float)
    """Until when a claimed row belongs to its writer, or an unclaimed one waits for a worker. Seconds since 1970, by
    the database's clock."""
    writer: Mapped[UUID | None] = mapped_column(Key)
    """Id of the worker that claimed the row last. NULL while the row waits for a worker."""
    tries: Mapped[int] = mapped_column(default=0)
    """How often the row was claimed since it was enqueued, without claims that were handed back."""
    sequence: Mapped[int | None] = mapped_column(BigInteger)
    """Number of the last append of an outside producer; see `outside`. NULL in a row that workers write."""
    error_code: Mapped[str | None] = mapped_column(String(20))
    error_message: Mapped[str | None] = mapped_column(Text)

    @hybrid_property
    def streaming(self) -> bool:
        """Whether the row is being written or waits for a worker."""
        return self.status == Status.STREAMING

    @streaming.inplace.expression
    @classmethod
    def _streaming(cls) -> ColumnElement[bool]:
        # A literal: with a parameter, the databases cannot use the partial index, and read the whole table.
        return cls.status == literal_column("'STREAMING'", cls.status.type)

    @staticmethod
    def table_args(table: str, *, in_turn: str | None = None) -> tuple[Any, ...]:
        """The last items of a model's `__table_args__`: indexes and, on Postgres, a fill factor.

        The sweep and the workers use the indexes to find the few rows that are being written and, with `in_turn`, those
        of a turn. They cover columns that no update changes, and each page keeps room. So Postgres writes a row's next
        version beside the last one and does not update the indexes.
        https://www.postgresql.org/docs/current/storage-hot.html
        """
        being_written = text("status = 'STREAMING'")
        where: Any = {"postgresql_where": being_written, "sqlite_where": being_written}
        indexes = [Index(f"ix_{table}_streaming", "id", **where)]
        if in_turn is not None:
            indexes.append(Index(f"ix_{table}_in_turn", in_turn, "position", "id", **where))
        return (*indexes, {"postgresql_with": {"fillfactor": FILLFACTOR_PERCENT}})


def enqueue(row: Streamed, seconds: float) -> None:
    """Let the row wait for a worker, for `seconds` at most. The new fence keeps an earlier writer from writing."""
    row.status = Status.STREAMING
    row.fence = (row.fence or 0) + 1
    row.lease = deadline(seconds)
    row.writer = None
    row.tries = 0
    row.sequence = None
    row.error_code = row.error_message = None


def deadline(seconds: float) -> ColumnElement[float]:
    """The time `seconds` from now, by the database's clock."""
    return database_now() + seconds
