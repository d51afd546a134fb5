"""What metrics and traces learn about this package."""

from typing import Any
from uuid import UUID


class Observer:
    """Is called when something happens that an operator may want to see. Each method does nothing by default.

    The methods are called often, and from the event loop: they must cost next to nothing and raise nothing. `model` is
    the class of the row that an event is about.
    """

    def topics(self, count: int) -> None:
        """This process follows `count` rows now."""

    def delivered(self, row: Any) -> None:
        """The bus brought this snapshot of a row, and its subscribers received it."""

    def enqueued(self, model: type, key: UUID) -> None:
        """A transaction of this process was committed, and the row waits for a worker."""

    def claimed(self, row: Any) -> None:
        """A worker of this process claimed the row."""

    def released(self, row: Any) -> None:
        """The worker that claimed the row writes it no more: it ended here, or another process decided about it."""

    def writing(self, model: type, count: int) -> None:
        """A worker of this process writes `count` rows of the model now."""

    def shown(self, model: type, key: UUID) -> None:
        """The first text of a row that this process writes is committed."""

    def ended(self, model: type, key: UUID, status: str, code: str | None) -> None:
        """This process ended the row. `code` is its error code, if it failed."""


NO_OBSERVER = Observer()
"""The observer of a process without metrics."""
