"""Column types that return a stored value as it is if they cannot read it.

A newer version, another program or a person at a database shell may have stored it. One such value must not fail the
query, and with it every row that the query reads.
"""

from collections.abc import Callable
from enum import Enum as PythonEnum
from typing import Any, TypeVar

from sqlalchemy import Dialect, Enum, TypeDecorator

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


def readable(read: Callable[[Any], Any], value: Any) -> Any:
    """`read(value)`, or the value itself if that fails."""
    try:
        return read(value)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return value
