"""What the servers of this test's own process have logged."""

from typing import Any

import pytest

from tests.support.until import until


def entries(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    """The entries with this event."""
    logged = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    return [entry for entry in logged if entry["event"] == event]


async def logged(caplog: pytest.LogCaptureFixture, event: str, times: int = 1) -> None:
    """Return once the event was logged so often."""
    await until(lambda: len(entries(caplog, event)) >= times)
