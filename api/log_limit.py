"""Limits repeated log lines: an outage must not fill the disk or occupy a core with the same line."""

import logging
import time
from collections.abc import Callable

WINDOW_SECONDS = 10.0

LINES_PER_WINDOW = 100
"""Warnings and errors of one kind that are logged in a window. An ordinary day has fewer."""

TRACEBACKS_PER_WINDOW = 5
"""The same for those with a traceback, which has some 10 kB."""

KINDS_REMEMBERED = 1_000
"""Kinds of lines in one window. Beyond it, further kinds share one count."""


class RepeatLimit(logging.Filter):
    """Passes the first lines of each kind in a window, and then counts. Lines below WARNING always pass.

    Lines are of one kind if they have the same logger and event. When the next window begins, `report` is called with
    the number of suppressed lines by kind.
    """

    def __init__(
        self, report: Callable[[dict[str, int]], None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._report = report
        self._clock = clock
        self._until = 0.0
        self._seen: dict[str, int] = {}
        self._dropped: dict[str, int] = {}
        self.suppressed = 0
        """Lines that were suppressed since the process started."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        self._begin_window()
        kind = _kind(record)
        if kind not in self._seen and len(self._seen) >= KINDS_REMEMBERED:
            kind = "other lines"
        count = self._seen[kind] = self._seen.get(kind, 0) + 1
        passes = count <= (TRACEBACKS_PER_WINDOW if _has_traceback(record) else LINES_PER_WINDOW)
        if not passes:
            self.suppressed += 1
            self._dropped[kind] = self._dropped.get(kind, 0) + 1
        return passes

    def _begin_window(self) -> None:
        now = self._clock()
        if now < self._until:
            return
        dropped = self._dropped
        self._until = now + WINDOW_SECONDS
        self._seen, self._dropped = {}, {}
        if dropped:
            self._report(dropped)


def _kind(record: logging.LogRecord) -> str:
    event = record.msg.get("event", "") if isinstance(record.msg, dict) else record.msg
    return f"{record.name}: {str(event)[:100]}"


def _has_traceback(record: logging.LogRecord) -> bool:
    return bool(record.exc_info) or (isinstance(record.msg, dict) and bool(record.msg.get("exc_info")))
