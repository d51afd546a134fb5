"""What a server must never log because of a client's mistake."""

import logging
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.server import Running


def is_alarming(record: logging.LogRecord) -> bool:
    """Whether it is a traceback, or an error of the server."""
    said = record.msg if isinstance(record.msg, dict) else {}
    return record.levelno >= logging.ERROR or bool(record.exc_info) or "exc_info" in said


@pytest_asyncio.fixture
async def unharmed(server: Running, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Running]:
    """A server that still answers after the test, and logged nothing alarming."""
    yield server
    assert await server.stranger().ask("{ viewer { id } }") == {"viewer": None}
    assert [record.getMessage() for record in caplog.get_records("call") if is_alarming(record)] == []
