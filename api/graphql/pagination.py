"""Which part of a long list is asked for: Relay's `first`, `after`, `last`, `before`, by key, never by offset."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from strawberry import UNSET

from api.errors import BadUserInput

DEFAULT = 30
MOST = 100

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Part(Generic[Item]):
    """Some items of a list in its order, and whether there are others on either side."""

    items: Sequence[Item]
    has_previous: bool
    has_next: bool


@dataclass(frozen=True, slots=True)
class Window:
    """A checked request for a part of a list."""

    count: int
    backward: bool
    after: str | None
    before: str | None

    @classmethod
    def of(cls, first: int | None, after: str | None, last: int | None = None, before: str | None = None) -> "Window":
        """Raises BadUserInput for sizes out of range and for `first` with `last`. What was not given may be UNSET."""
        first, after, last, before = (value if value is not UNSET else None for value in (first, after, last, before))  # type: ignore[assignment]
        if first is not None and last is not None:
            raise BadUserInput("Ask for `first` or for `last`, not for both.")
        for name, count in (("first", first), ("last", last)):
            if count is not None and not 0 <= count <= MOST:
                raise BadUserInput(f"`{name}` must be from 0 to {MOST}; it is {count}. Ask for the rest with a cursor.")
        count = last if last is not None else first
        return cls(DEFAULT if count is None else count, last is not None, after, before)

    async def read(
        self,
        session: AsyncSession,
        query: Select[Item],
        order: Sequence[InstrumentedAttribute[Any]],
        *,
        descending: bool = False,
    ) -> Part[Item]:
        """The items of this window, where the list goes by the `order` columns."""
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
            return Part(found[::-1], more or self.after is not None, self.before is not None)
        return Part(found, self.after is not None, more or self.before is not None)


def cursor(*values: Any) -> str:
    """Where an item stands in its list: the values of the columns that it is ordered by."""
    return base64.urlsafe_b64encode("|".join(_written(value) for value in values).encode()).decode().rstrip("=")


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _values(written: str, order: Sequence[InstrumentedAttribute[Any]]) -> list[Any]:
    try:
        parts = base64.urlsafe_b64decode(written.encode() + b"==").decode().split("|")
        return [_read(part, column.type.python_type) for part, column in zip(parts, order, strict=True)]
    except (ValueError, OverflowError):
        raise BadUserInput(f"{written[:60]!r} is no cursor of this list. Use a `cursor` as you received it.") from None


def _read(part: str, kind: type) -> Any:
    return datetime.fromisoformat(part).astimezone(UTC) if kind is datetime else kind(part)
