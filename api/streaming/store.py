"""The store: how this package runs statements in the database. The application passes it in."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import structlog
from sqlalchemy import Executable, Row
from sqlalchemy.exc import SQLAlchemyError

from api.streaming.errors import BusDown

log = structlog.get_logger(__name__)


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
    return None if isinstance(error, SQLAlchemyError | OSError | BusDown) else error


class FailureLog:
    """Logs the first of consecutive failures under an event's name, and the first success after them.

    So an outage costs two lines, and not one for each attempt. A bug during an outage is logged, too.
    """

    def __init__(self, event: str, **about: Any) -> None:
        self._event = event
        self._about = about
        self._failures = 0
        self._has_bug = False

    def failed(self, error: Exception, **about: Any) -> None:
        """Call it in the `except` block."""
        bug = unless_outage(error)
        if self._failures == 0 or (bug is not None and not self._has_bug):
            log.warning(self._event, error=repr(error), exc_info=bug, **self._about, **about)
        self._failures += 1
        self._has_bug |= bug is not None

    def succeeded(self) -> None:
        if self._failures:
            log.info(f"{self._event} no longer", failures=self._failures, **self._about)
        self._failures = 0
        self._has_bug = False
