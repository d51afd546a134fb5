"""Repeated log lines are limited, and counted."""

import logging
from typing import Any

import pytest

from api.log_limit import KINDS_REMEMBERED, LINES_PER_WINDOW, TRACEBACKS_PER_WINDOW, WINDOW_SECONDS, RepeatLimit


class Log:
    """A limit with a clock of its own, and what it reported."""

    def __init__(self) -> None:
        self.now = 0.0
        self.reports: list[dict[str, int]] = []
        self.limit = RepeatLimit(self.reports.append, clock=lambda: self.now)

    def write(self, event: str = "write failed", level: int = logging.WARNING, **values: Any) -> bool:
        record = logging.LogRecord("api", level, "", 0, {"event": event, **values}, None, None)
        return self.limit.filter(record)

    def passed(self, times: int, **line: Any) -> int:
        return sum(self.write(**line) for _ in range(times))


def test_a_line_that_repeats_is_logged_a_hundred_times_in_a_window() -> None:
    log = Log()
    assert log.passed(LINES_PER_WINDOW + 50) == LINES_PER_WINDOW
    assert log.limit.suppressed == 50
    assert log.write("settled")


def test_a_traceback_that_repeats_is_logged_five_times_in_a_window() -> None:
    log = Log()
    assert log.passed(1_000, level=logging.ERROR, exc_info=ValueError()) == TRACEBACKS_PER_WINDOW


def test_the_next_window_reports_what_was_suppressed_and_begins_again() -> None:
    log = Log()
    log.passed(LINES_PER_WINDOW + 7)
    log.now = WINDOW_SECONDS
    assert log.passed(1) == 1
    assert log.reports == [{"api: write failed": 7}]
    log.now = 2 * WINDOW_SECONDS
    log.passed(1)
    assert len(log.reports) == 1


def test_requests_are_always_logged() -> None:
    assert Log().passed(10_000, event="request", level=logging.INFO) == 10_000


@pytest.mark.parametrize("kinds", [KINDS_REMEMBERED + LINES_PER_WINDOW + 10])
def test_lines_that_all_differ_are_limited_together(kinds: int) -> None:
    log = Log()
    assert sum(log.write(f"event {number}") for number in range(kinds)) == KINDS_REMEMBERED + LINES_PER_WINDOW


def test_a_line_of_a_library_is_known_by_its_template() -> None:
    log = Log()
    records = [
        logging.LogRecord("asyncio", logging.ERROR, "", 0, "socket %s failed", (number,), None) for number in range(150)
    ]
    assert sum(map(log.limit.filter, records)) == LINES_PER_WINDOW
