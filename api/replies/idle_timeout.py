"""How long a model may be silent, for a whole reply by one timer: `asyncio.timeout` around each token costs twice what
all else about it does.

with closing(IdleTimeout(seconds=300)) as patience:
    with patience:                  # TimeoutError once it has been silent for so long
        token = await anext(tokens)
    patience.renew()
"""

import asyncio
from types import TracebackType


class IdleTimeout:
    """Runs out in whoever waits within it. Close it, or its timer outlives the reply."""

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._waiting: asyncio.Task[object] | None = None
        self._cancelled_before: int | None = None
        """Set when it ran out: how often whoever waits had been cancelled by then."""
        self.renew()
        self._timer = self._loop.call_at(self._end, self._look)

    def renew(self) -> None:
        """Something was heard."""
        self._end = self._loop.time() + self._seconds

    @property
    def left(self) -> float:
        """In seconds."""
        return self._end - self._loop.time()

    def close(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        """Moved only when it goes off, the timer costs nothing while there is something to hear."""
        if self.left > 0:
            self._timer = self._loop.call_at(self._end, self._look)
        elif self._waiting is None:  # but in between, with what was heard last
            self._timer = self._loop.call_later(self._seconds / 10, self._look)
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
