"""The private parts of uvicorn and websockets that we rely on still exist, and only api/graphql/transport uses them."""

import ast
import asyncio
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from uvicorn.supervisors import multiprocess
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.server import ServerProtocol

from api.graphql.transport import uvicorn_server
from api.graphql.transport.backpressure import Bounded, BoundedHTTP, BoundedSocket
from api.graphql.transport.deflate import SharedDeflate, SharedDeflateFactory
from api.graphql.transport.direct_protocol import DirectWebSocketProtocol
from api.graphql.transport.uvicorn_server import DatedServerState, EventDrivenServer, ServerProcess, ServerSupervisor

ROOT = Path(__file__).parents[3]
TRANSPORT = ROOT / "api" / "graphql" / "transport"


def config() -> uvicorn.Config:
    config = uvicorn.Config(lambda scope: None, log_config=None)
    config.load()
    return config


def protocol(kind: Callable[..., asyncio.Protocol]) -> asyncio.Protocol:
    """A protocol as uvicorn's server makes it."""
    loop = asyncio.new_event_loop()
    try:
        return kind(config(), ServerState(), {}, loop)
    finally:
        loop.close()


OVERRIDDEN: list[tuple[Callable[[], Any], tuple[type, ...], set[str]]] = [
    (
        lambda: protocol(WebSocketsSansIOProtocol),
        (DirectWebSocketProtocol, BoundedSocket, Bounded),
        {
            *("app_state", "close_sent", "close_timer", "conn", "disconnected", "loop", "pong_timer", "queue"),
            *("handshake_complete", "read_paused", "transport", "writable"),
            *("connection_lost", "connection_made", "handle_connect", "handle_ping", "keepalive_timeout", "logger"),
            *("pause_writing", "resume_writing", "shutdown", "start_keepalive"),
        },
    ),
    (
        lambda: protocol(H11Protocol),
        (BoundedHTTP, Bounded),
        {
            *("app_state", "connection_lost", "connection_made", "cycle", "data_received"),
            *("handle_websocket_upgrade", "headers", "send_400_response", "shutdown"),
            *("pause_writing", "resume_writing"),
        },
    ),
    (
        lambda: uvicorn.Server(config()),
        (EventDrivenServer,),
        {"config", "force_exit", "handle_exit", "main_loop", "server_state", "should_exit", "shutdown", "startup"},
    ),
    (ServerState, (DatedServerState,), {"default_headers"}),
    (
        lambda: multiprocess.Process(config(), []),
        (ServerProcess,),
        {"_server", "child_conn", "config", "server", "start", "target"},
    ),
    (
        lambda: multiprocess.Multiprocess(config(), []),
        (ServerSupervisor,),
        {"config", "keep_subprocess_alive", "processes", "should_exit", "sockets"},
    ),
    (lambda: PerMessageDeflate(False, False, 15, 15), (SharedDeflate,), {"encode"}),
    (ServerPerMessageDeflateFactory, (SharedDeflateFactory,), {"process_request_params"}),
]
"""For each class of uvicorn and websockets: a way to make one, our subclasses, and what these use or replace of it."""

CALLED: list[tuple[Callable[[], Any], set[str]]] = [
    (config, {"bind_socket", "encoded_headers", "ws_max_size", "ws_per_message_deflate"}),
    (lambda: uvicorn.Server(config()), {"run", "started"}),
    (
        lambda: multiprocess.Process(config(), []),
        {"exitcode", "is_alive", "is_ready", "join", "kill", "pid", "process", "start"},
    ),
    (
        lambda: PerMessageDeflate(False, False, 15, 15),
        {"encoder", "local_max_window_bits", "local_no_context_takeover"},
    ),
    (ServerProtocol, {"data_to_send", "extensions", "send_close"}),
]
"""What is used of them from elsewhere in api/graphql/transport."""

NAMES = [(make, names) for make, _, names in OVERRIDDEN] + CALLED


@pytest.mark.parametrize(("make", "names"), NAMES)
def test_the_private_parts_that_we_rely_on_still_exist(make: Callable[[], Any], names: set[str]) -> None:
    owner = make()
    missing = sorted(name for name in names if not hasattr(owner, name))
    assert not missing, (
        f"{type(owner).__module__}.{type(owner).__name__} no longer has {', '.join(missing)}: adapt the files in "
        "api/graphql/transport that use them before uvicorn or websockets is upgraded."
    )


def test_uvicorn_starts_its_processes_by_the_name_that_we_replace() -> None:
    for method in ("init_processes", "restart_all"):
        assert "Process" in getattr(multiprocess.Multiprocess, method).__code__.co_names
    assert uvicorn_server.START_FAILED == STARTUP_FAILURE


def test_uvicorns_server_keeps_the_listeners_that_we_close() -> None:
    for method in ("startup", "shutdown"):
        assert "servers" in getattr(uvicorn.Server, method).__code__.co_names


def test_uvicorns_handshake_sets_the_scope_that_our_extension_goes_into() -> None:
    assert "scope" in WebSocketsSansIOProtocol.handle_connect.__code__.co_names


def test_uvicorn_needs_a_handshakes_request_and_response_until_it_is_accepted_and_not_after_that() -> None:
    users = [
        name
        for name, method in vars(WebSocketsSansIOProtocol).items()
        if {"request", "response"} & set(getattr(getattr(method, "__code__", None), "co_names", ()))
    ]
    assert users == ["handle_connect", "send"]


def test_uvicorn_uses_no_more_of_its_queue_than_ours_has() -> None:
    source = inspect.getsource(WebSocketsSansIOProtocol)
    assert set(re.findall(r"self\.queue\.(\w+)", source)) == {"put_nowait", "get", "empty"}


@pytest.mark.parametrize(("make", "subclasses", "names"), OVERRIDDEN)
def test_our_subclasses_rely_on_nothing_else(
    make: Callable[[], Any], subclasses: tuple[type, ...], names: set[str]
) -> None:
    base = make()
    used = {
        node.attr if isinstance(node, ast.Attribute) else node.name
        for subclass in subclasses
        for node in ast.walk(ast.parse(inspect.getsource(subclass)))
        if (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self")
        or (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "__init__")
    }
    assert {name for name in used if hasattr(base, name)} == names


PUBLIC = {"uvicorn": {"Config", "run"}, "websockets": set[str]()}
"""What other folders may use."""


def private_uses(source: str) -> Iterator[str]:
    """What a module imports or uses of uvicorn and websockets that only api/graphql/transport may."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names if name.name.partition(".")[0] in PUBLIC and "." in name.name)
                yield from (name.name for name in names if PUBLIC.get(name.name) == set())
            case ast.ImportFrom(module=str(module), names=names) if module.partition(".")[0] in PUBLIC:
                allowed = PUBLIC.get(module, set())
                yield from (f"{module}.{name.name}" for name in names if name.name not in allowed)
            case ast.Attribute(value=ast.Name(id=package), attr=name) if package in PUBLIC:
                if name not in PUBLIC[package]:
                    yield f"{package}.{name}"


def test_no_other_folder_uses_private_parts_of_uvicorn_or_websockets() -> None:
    sources = [path for folder in ("api", "examples") for path in (ROOT / folder).rglob("*.py")]
    others = [path for path in sources if not path.is_relative_to(TRANSPORT)]
    assert others
    uses = {path.relative_to(ROOT): found for path in others if (found := list(private_uses(path.read_text())))}
    assert uses == {}


@pytest.mark.parametrize(
    "source",
    [
        "from uvicorn.protocols.http.h11_impl import H11Protocol",
        "from uvicorn.server import ServerState",
        "from uvicorn.supervisors import multiprocess",
        "import uvicorn.supervisors",
        "import uvicorn\nclass Server(uvicorn.Server): ...",
        "from uvicorn import Server",
        "import websockets",
        "from websockets.server import ServerProtocol",
    ],
)
def test_a_private_use_is_found(source: str) -> None:
    assert list(private_uses(source))


def test_a_public_use_is_allowed() -> None:
    assert not list(private_uses("import uvicorn\nuvicorn.run(uvicorn.Config(app).app)"))
    assert not list(private_uses("from starlette.websockets import WebSocket"))
