"""A closed socket leaves nothing that waits for the garbage collector, which a busy server hardly ever runs."""

import gc
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest
import uvloop

from tests.support.backends import Backend
from tests.support.operations import STREAM, SYNC
from tests.support.people import Person
from tests.support.server import Running, serving
from tests.support.until import until

LOOPS = {"uvloop": uvloop.new_event_loop}
"""As in a server. asyncio's own transports hold themselves."""

SERVER_SIDE = ("api", "fastapi", "graphql", "sqlalchemy", "starlette", "strawberry", "uvicorn", "websockets.server")

NEVER_SECONDS = 3_600.0

pytestmark = pytest.mark.parametrize("backend", ["embedded", "embedded-plain"], indirect=True)


@pytest.fixture
async def server(backend: Backend) -> AsyncIterator[Running]:
    """Its sweeps do not run in between: each leaves a few objects, however many sockets there are."""
    async with serving(backend.settings(patience_seconds=NEVER_SECONDS)) as server:
        yield server


async def connects(ann: Person, reply: str) -> None:
    async with ann.socket():
        pass


async def follows_its_page(ann: Person, reply: str) -> None:
    async with ann.socket() as socket:
        await (await socket.subscribe(SYNC, ids=[ann.viewer_id])).next()


async def follows_a_reply(ann: Person, reply: str) -> None:
    async with ann.socket() as socket:
        await (await socket.subscribe(STREAM, id=reply)).next()


async def follows_what_graphql_core_executes(ann: Person, reply: str) -> None:
    query = "subscription ($id: ID!) { messageStream(id: $id) { content chat { title participants { name } } } }"
    async with ann.socket() as socket:
        await (await socket.subscribe(query, id=reply)).next()


async def asks(ann: Person, reply: str) -> None:
    messages = "messages { edges { node { author { name } } } }"
    query = f"{{ viewer {{ chats {{ edges {{ node {{ title owner {{ name }} {messages} }} }} }} }} }}"
    async with ann.socket() as socket:
        await (await socket.subscribe(query)).next()


@pytest.mark.parametrize(
    "visit", [connects, follows_its_page, follows_a_reply, follows_what_graphql_core_executes, asks]
)
async def test_a_closed_socket_leaves_no_object_for_the_garbage_collector(
    server: Running, visit: Callable[[Person, str], Awaitable[None]]
) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    await closed(server, visit, ann, reply)  # the first builds what all others share
    await server.runtime.sweep.once()
    with only_garbage() as left:
        await closed(server, visit, ann, reply)
    assert left == Counter()


async def closed(server: Running, visit: Callable[[Person, str], Awaitable[None]], ann: Person, reply: str) -> None:
    await visit(ann, reply)
    state = server.uvicorn.server_state
    await until(lambda: not state.connections and not state.tasks and not server.runtime.hub.topics)


@contextmanager
def only_garbage() -> Iterator[Counter[str]]:
    """Counts the objects of the server that became unreachable in the block and were not freed, by type."""
    left: Counter[str] = Counter()
    gc.collect()
    gc.disable()
    try:
        yield left
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        kinds = (f"{type(thing).__module__}.{type(thing).__qualname__}" for thing in gc.garbage)
        left.update(kind for kind in kinds if kind.startswith(SERVER_SIDE))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
