"""What the tests of bad input share, and those of readers who are stuck."""

import logging
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from api.graphql.transport.backpressure import BoundedSocket
from api.graphql.transport.direct_protocol import DirectWebSocketProtocol
from tests.support.server import Running


@pytest_asyncio.fixture
async def unharmed(server: Running, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Running]:
    """A server that lives on after the test and takes no client's mistake for one of its own."""
    yield server
    assert await server.stranger().ask("{ viewer { id } }") == {"viewer": None}
    assert [record.getMessage() for record in caplog.get_records("call") if is_alarming(record)] == []


@pytest.fixture
def brief_parting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is stuck is not waited for long."""
    for kind in (DirectWebSocketProtocol, BoundedSocket):
        monkeypatch.setattr(kind, "parting_seconds", 0.5)


def is_alarming(record: logging.LogRecord) -> bool:
    """A traceback, or an error of ours."""
    told = record.msg if isinstance(record.msg, dict) else {}
    return record.levelno >= logging.ERROR or bool(record.exc_info) or "exc_info" in told
