"""The ways in which a server writes to its clients, and what it holds of them meanwhile."""

import asyncio

import pytest
import uvloop

from api.graphql.transport.backpressure import BoundedSocket
from api.graphql.transport.direct_protocol import DirectWebSocketProtocol
from tests.support.server import Running

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
"""A socket that is full is noticed in other ways by the one and the other."""

on_uvloop = pytest.mark.asyncio(loop_factories=["uvloop"])
"""As in production: what does not hang on how a loop writes."""

on_both_ways = pytest.mark.parametrize("backend", ["embedded", "embedded-plain"], indirect=True)
on_the_direct_way = pytest.mark.parametrize("backend", ["embedded"], indirect=True)


def unsent(server: Running) -> list[int]:
    """The bytes that wait in this process, for each connection that has any."""
    sizes = [one.transport.get_write_buffer_size() for one in server.uvicorn.server_state.connections]
    return [size for size in sizes if size]


def busy(server: Running) -> tuple[int, int, int]:
    """Connections, the tasks that serve them, and channels."""
    state = server.uvicorn.server_state
    return len(state.connections), len(state.tasks), len(server.runtime.hub.topics)


@pytest.fixture
def brief_closing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that is stuck is cut off soon after it was told so."""
    for kind in (DirectWebSocketProtocol, BoundedSocket):
        monkeypatch.setattr(kind, "closing_seconds", 0.5)
