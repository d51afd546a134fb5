"""`python -m tests.support.skewed SECONDS …`: `twotrack …` on a machine whose clock is so many seconds ahead.

It is for times of the day. What is measured between two moments, as a timeout, is right on every machine.
"""

import datetime
import sys
import time
from datetime import datetime as _datetime
from typing import Any

import uuid_utils.compat

_time, _uuid7 = time.time, uuid_utils.compat.uuid7


class _Kind(type):
    """What was made without our clock is a datetime, too."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, _datetime)

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, _datetime)


def skew(seconds: float) -> None:
    """Set this process's clock ahead, before anything else is imported."""
    ahead = datetime.timedelta(seconds=seconds)

    class Skewed(_datetime, metaclass=_Kind):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return _datetime.now(tz) + ahead

    datetime.datetime = Skewed  # type: ignore[misc]
    time.time = lambda: _time() + seconds
    uuid_utils.compat.uuid7 = lambda: _uuid7(nanoseconds=int(time.time() * 1e9))  # type: ignore[assignment, misc]


if __name__ == "__main__":
    skew(float(sys.argv.pop(1)))
    from api.__main__ import main

    main()
