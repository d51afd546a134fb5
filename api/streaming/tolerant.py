"""Column types that return a stored value as it is if they cannot read it.

A newer version, another program or a person at a database shell may have stored it. One such value must not fail the
query, and with it every row that the query reads.
"""

from collections.abc import Callable
from enum import Enum as PythonEnum
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Dialect, Enum, TypeDecorator, Uuid

Value = TypeVar("Value")
Choices = TypeVar("Choices", bound=PythonEnum)


class Tolerant(TypeDecorator[Value]):
    """Base of such types."""

    __abstract__ = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        read = super().result_processor(dialect, coltype)
        return None if read is None else lambda value: readable(read, value)


class Choice(Tolerant[Choices]):
    """One value of an enum, stored by its name in a text column of this length."""

    impl = Enum
    cache_ok = True

    def __init__(self, kind: type[Choices], length: int) -> None:
        super().__init__(kind, native_enum=False, length=length)
        self.kind = kind
        self.length = length

    @property
    def python_type(self) -> type[Choices]:
        return self.kind


class UnreadableKey(str):
    """What SQLite holds in a column of ids, and is no UUID. It names nothing, but a query may still ask for it."""

    __slots__ = ()


class Key(Uuid[Any]):
    """An id. What is no UUID is an `UnreadableKey`; Postgres can hold none."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        read = super().result_processor(dialect, coltype)  # type: ignore[no-untyped-call]
        return None if read is None else lambda value: _checked(readable(read, value))

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        write = super().bind_processor(dialect)
        if write is None:
            return None
        return lambda value: str(value) if isinstance(value, UnreadableKey) else write(value)


def read_key(text: str) -> UUID | UnreadableKey:
    key: UUID | UnreadableKey = _checked(readable(UUID, text))
    return key


def _checked(value: Any) -> Any:
    return value if value is None or isinstance(value, UUID) else UnreadableKey(value)


def readable(read: Callable[[Any], Any], value: Any) -> Any:
    """`read(value)`, or the value itself if that fails."""
    try:
        return read(value)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return value
