"""create_app(settings): what a server has beside its parts, and the doors to all of it."""

import asyncio
import os
import secrets
import signal
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from types import FrameType

import structlog
from fastapi import FastAPI
from sqlalchemy.engine import make_url
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.websockets import WebSocket

from api.assets import Assets
from api.auth import Passwords, Tokens
from api.errors import SettingsError
from api.logs import RequestIds
from api.metrics import Metrics
from api.parts import Parts, running
from api.schema.bounded import SEND_TIMEOUT
from api.schema.context import Server
from api.schema.http import GraphQLOverHTTP
from api.schema.limits import Rates
from api.schema.operations import Operations
from api.schema.schema import make_schema
from api.schema.socket import Sockets
from api.settings import PREFIX, SECRET_CHARACTERS, Settings

log = structlog.get_logger(__name__)

CLIENT = Path(__file__).parent.parent / "client"
PAGE = CLIENT / "app" / "dist"
GRAPHIQL = CLIENT / "graphiql" / "dist"


def create_app(settings: Settings, *, replies: bool = True) -> FastAPI:
    """The ASGI application: the chat page, GraphQL on every transport, health and metrics."""
    operations = Operations(make_schema())
    parting = asyncio.Event()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, float]]:
        async with running(settings, Metrics(), replies=replies) as parts, Rates(settings.broadcast_url) as rates:
            server = Server(
                settings=settings,
                database=parts.database,
                hub=parts.hub,
                tokens=Tokens(secret_key(settings), hours=settings.token_hours),
                passwords=Passwords(),
                rates=rates,
                watch=parts.metrics,
            )
            app.state.parts = parts
            app.state.http = GraphQLOverHTTP(operations, server, parting)
            app.state.sockets = Sockets(operations, server)
            with _parting_when_terminated(app):
                yield {SEND_TIMEOUT: settings.send_timeout_seconds}
            part(app)

    app = FastAPI(title="Twotrack", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.parting = parting
    app.add_middleware(RequestIds)
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type"],
        )
    _add_routes(app)
    return app


def part(app: FastAPI) -> None:
    """Tell every client to come back: sockets are closed with 1012, long responses end."""
    app.state.parting.set()
    app.state.sockets.part()


@contextmanager
def _parting_when_terminated(app: FastAPI) -> Iterator[None]:
    """uvicorn waits for long responses to end and tells nobody that it waits; so hear the signal before it does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def parting(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(part, app)
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number, handler in before.items():
        if callable(handler):
            signal.signal(number, parting)
    try:
        yield
    finally:
        for number, handler in before.items():
            if callable(handler):
                signal.signal(number, handler)


def _add_routes(app: FastAPI) -> None:
    async def graphql(request: Request) -> Response:
        http: GraphQLOverHTTP = app.state.http
        return await http(request)

    async def socket(websocket: WebSocket) -> None:
        await app.state.sockets(websocket)

    app.add_route("/graphql", graphql, methods=["POST"])
    app.add_route("/graphql", _graphiql, methods=["GET"])
    app.router.add_websocket_route("/graphql", socket)
    app.add_route("/healthz", _healthz, methods=["GET"])
    app.add_route("/readyz", _readyz, methods=["GET"])
    app.add_route("/metrics", _metrics, methods=["GET"])
    app.mount("/graphql-assets", Assets(GRAPHIQL))
    app.mount("/assets", Assets(PAGE / "assets"))
    app.add_route("/{path:path}", _page, methods=["GET"])


async def _graphiql(request: Request) -> Response:
    """For a browser; a program that sends a GET is told what to send instead."""
    if "text/html" not in request.headers.get("accept", ""):
        return PlainTextResponse("Send operations to this address by POST, as JSON.\n", 405, {"allow": "POST"})
    return _built(GRAPHIQL / "index.html")


async def _page(request: Request) -> Response:
    """The chat page at `/` and at the addresses of its chats; the files beside it by name."""
    path = request.path_params["path"]
    if path == "" or path.startswith("c/"):
        return _built(PAGE / "index.html")
    if (beside := _beside(path)) is not None:
        return FileResponse(beside)
    return PlainTextResponse("There is nothing here. The chat page is at /.\n", 404)


def _beside(name: str) -> Path | None:
    """The page's file of this name. `Path.is_file` would raise for a name that no file can have."""
    file = PAGE / name
    return file if "/" not in name and os.path.isfile(file) else None


def _built(file: Path) -> Response:
    if not file.is_file():
        return PlainTextResponse("The page is not built yet. Run `make setup`, then reload.\n", 503)
    return FileResponse(file, headers={"cache-control": "no-cache"})


async def _metrics(request: Request) -> Response:
    parts: Parts = request.app.state.parts
    return await parts.metrics(request)


async def _healthz(request: Request) -> Response:
    """The process lives."""
    return JSONResponse({"status": "ok"})


async def _readyz(request: Request) -> Response:
    """Database and bus answer."""
    parts: Parts = request.app.state.parts
    ailing = {}
    for name, ping in (("database", parts.database.ping), ("bus", parts.bus.ping)):
        try:
            async with asyncio.timeout(2):
                await ping()
        except Exception as error:
            log.warning("not ready", part=name, error=repr(error))
            ailing[name] = "does not answer"
    return JSONResponse({"status": "ok"} if not ailing else {"status": "unavailable", **ailing}, 503 if ailing else 200)


def secret_key(settings: Settings) -> str:
    """The configured key, or one made once and kept beside the SQLite file, readable by its owner alone."""
    if settings.secret_key:
        return settings.secret_key
    path = Path(f"{make_url(settings.database_url).database}.secret")
    try:
        if not path.exists():
            _keep(path, secrets.token_hex(32))
        key = path.read_text().strip()
    except OSError as error:
        raise SettingsError(
            f"{PREFIX}SECRET_KEY is not set and none can be kept at {path}: {error.strerror}."
        ) from None
    if len(key) < SECRET_CHARACTERS:
        raise SettingsError(f"{PREFIX}SECRET_KEY is not set, and the one kept at {path} is broken. Delete that file.")
    return key


def _keep(path: Path, key: str) -> None:
    """Write the key whole or not at all; of processes that start together, one's key is everybody's."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f"{path.name}.") as file:  # readable by us alone
        file.write(key)
        file.flush()
        with suppress(FileExistsError):
            os.link(file.name, path)
