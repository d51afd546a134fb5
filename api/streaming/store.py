"""The store: how this package runs statements in the database. The application passes it in."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Executable, Row
from sqlalchemy.exc import SQLAlchemyError


class Store(Protocol):
    """Runs the statements of this package. It holds no connection between two calls."""

    @property
    def dialect(self) -> str:
        """The name of the SQL dialect: `sqlite` or `postgresql`."""

    async def read(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """The rows that a query finds now."""

    async def write(self, *statements: Executable, **parameters: Any) -> Sequence[Row[Any]]:
        """Run the statements in a transaction of their own, all with these parameters.

        Returns the rows that the last one returns, committed.
        """


def unless_outage(error: Exception) -> Exception | None:
    """The error for a log's `exc_info`, or None if it may be an outage: only a bug needs a traceback."""
    return None if isinstance(error, SQLAlchemyError | OSError) else error
