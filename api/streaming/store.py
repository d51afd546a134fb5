"""How this package reaches the database: one short statement at a time, handed to it by the application."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Executable, Row
from sqlalchemy.exc import SQLAlchemyError


class Store(Protocol):
    """Runs the streaming package's own statements. No connection is held between two of them."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""

    async def read(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """The rows that a query finds now."""

    async def write(self, statement: Executable) -> Sequence[Row[Any]]:
        """Run one statement in a transaction of its own; what it returns is committed."""


def unforeseen(error: Exception) -> Exception | None:
    """For a log's `exc_info`: what no outage explains is a bug, and its traceback is wanted."""
    return None if isinstance(error, SQLAlchemyError | OSError) else error
