"""Ends a wait for the provider once it was silent for too long, with one timer per reply. `asyncio.timeout` around each
token would cost twice as much as everything else about that token.

with closing(IdleTimeout(seconds=300)) as idle:
    while True:
        with idle:                      # raises TimeoutError after 300 seconds without `renew`
            token = await anext(tokens)
        idle.renew()
"""

import asyncio
from types import TracebackType


class IdleTimeout:
    """Raises TimeoutError in the task that waits inside it. Close it, or its timer outlives the reply."""

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._waiting: asyncio.Task[object] | None = None
        self._cancelled_before: int | None = None
        """Set when the time is over: how often the waiting task had been cancelled before."""
        self.renew()
        self._timer = self._loop.call_at(self._end, self._check)

    def renew(self) -> None:
        """Start the time again, because the provider sent something."""
        self._end = self._loop.time() + self._seconds

    @property
    def remaining(self) -> float:
        """In seconds; negative once the time is over."""
        return self._end - self._loop.time()

    def close(self) -> None:
        self._timer.cancel()

    def _check(self) -> None:
        """Runs when the timer ends. `renew` does not move the timer, so it costs nothing while tokens arrive."""
        if self.remaining > 0:
            self._timer = self._loop.call_at(self._end, self._check)
        elif self._waiting is None:  # the task is busy with what arrived last
            self._timer = self._loop.call_later(self._seconds / 10, self._check)
        else:
            self._cancelled_before = self._waiting.cancelling()
            self._waiting.cancel()

    def __enter__(self) -> None:
        self._waiting = asyncio.current_task()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._waiting = self._waiting, None
        if task is None or self._cancelled_before is None:
            return
        if task.uncancel() <= self._cancelled_before and kind is asyncio.CancelledError:
            raise TimeoutError from error
