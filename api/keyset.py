"""Keyset pagination: reads the rows of a list that `first`, `after`, `last` and `before` select.

A cursor holds the values of the columns that order the list. It stays valid when rows are added or deleted, and finding
its place takes an index and no offset.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from api.errors import BadUserInput

DEFAULT_SIZE = 30
MAX_SIZE = 100

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Slice(Generic[Item]):
    """Consecutive rows of a list with their cursors, and whether the list continues on either side."""

    items: Sequence[Item]
    cursors: Sequence[str]
    has_previous: bool
    has_next: bool

    def begun(self, count: int, *, backward: bool) -> "Slice[Item]":
        """The first rows in the direction of reading, as if the window had been this small."""
        if count >= len(self.items):
            return self
        if backward:
            return Slice(self.items[-count:], self.cursors[-count:], True, self.has_next)
        return Slice(self.items[:count], self.cursors[:count], self.has_previous, True)


@dataclass(frozen=True, slots=True)
class Window:
    """A checked request for a slice of a list."""

    count: int
    backward: bool
    after: str | None
    before: str | None

    @classmethod
    def of(
        cls, first: int | None = None, after: str | None = None, last: int | None = None, before: str | None = None
    ) -> "Window":
        """Raises BadUserInput for sizes out of range, and for `first` together with `last`."""
        if first is not None and last is not None:
            raise BadUserInput("`first` and `last` cannot be combined. Use one of them.")
        for name, count in (("first", first), ("last", last)):
            if count is not None and not 0 <= count <= MAX_SIZE:
                raise BadUserInput(
                    f"`{name}` is {count}; it must be from 0 to {MAX_SIZE}. Request the rest with a cursor."
                )
        count = last if last is not None else first
        return cls(DEFAULT_SIZE if count is None else count, last is not None, after, before)

    async def read(
        self,
        session: AsyncSession,
        query: Select[Item],
        order: Sequence[InstrumentedAttribute[Any]],
        *,
        descending: bool = False,
    ) -> Slice[Item]:
        """The rows in this window of the query's result, which is ordered by the `order` columns."""
        keys = tuple_(*order)
        if self.after is not None:
            bound = tuple_(*_values(self.after, order))
            query = query.where(keys < bound if descending else keys > bound)
        if self.before is not None:
            bound = tuple_(*_values(self.before, order))
            query = query.where(keys > bound if descending else keys < bound)
        falling = descending != self.backward
        query = query.order_by(*(column.desc() if falling else column.asc() for column in order)).limit(self.count + 1)
        found = list(await session.scalars(query))
        more, found = len(found) > self.count, found[: self.count]
        if self.backward:
            return _slice(found[::-1], order, more or self.after is not None, self.before is not None)
        return _slice(found, order, self.after is not None, more or self.before is not None)


def _slice(
    items: Sequence[Item], order: Sequence[InstrumentedAttribute[Any]], has_previous: bool, has_next: bool
) -> Slice[Item]:
    cursors = [_cursor([getattr(item, column.key) for column in order]) for item in items]
    return Slice(items, cursors, has_previous, has_next)


def _cursor(values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode("|".join(map(_written, values)).encode()).decode().rstrip("=")


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _values(cursor: str, order: Sequence[InstrumentedAttribute[Any]]) -> list[Any]:
    try:
        parts = base64.urlsafe_b64decode(cursor.encode() + b"==").decode().split("|")
        return [_read(part, column.type.python_type) for part, column in zip(parts, order, strict=True)]
    except (ValueError, OverflowError):
        raise BadUserInput(
            f"{cursor[:60]!r} is not a cursor of this list. Use a `cursor` as you received it."
        ) from None


def _read(part: str, kind: type) -> Any:
    return datetime.fromisoformat(part).astimezone(UTC) if kind is datetime else kind(part)
