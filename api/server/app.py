"""`create_app(settings, product)`: the ASGI application of a server."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType

import structlog
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from api.graphql.execution.operations import Operations
from api.graphql.served_models import served_models
from api.graphql.sync import pages_of
from api.graphql.transport.admission import ADMISSION, Admission
from api.graphql.transport.backpressure import SEND_TIMEOUT
from api.graphql.transport.http import GraphQLOverHTTP
from api.graphql.transport.sockets import Sockets
from api.server.built import GRAPHIQL
from api.server.headers import SecurityHeaders
from api.server.health import healthz, metrics, no_metrics, readyz
from api.server.hosts import AllowedHosts, allowed_hosts
from api.server.metrics import Metrics
from api.server.metrics_port import metrics_port
from api.server.pages import Pages, graphiql, no_graphiql
from api.server.process import running
from api.server.product import Product
from api.server.request_ids import RequestIds
from api.server.socket_route import SocketRoute
from api.server.static import Assets
from api.settings import Settings
from api.streaming.access import require_rules

log = structlog.get_logger(__name__)


def create_app(settings: Settings, product: Product, *, replies: bool = True) -> FastAPI:
    """The product's page, GraphQL on every transport, health and metrics. With `replies` it also writes streams.

    Raises AccessRuleMissing if clients could follow a model that has no access rule.
    """
    schema = product.schema()
    require_rules(served_models(schema))
    pages = pages_of(schema._schema).values()
    operations = Operations(schema, settings.answer_bytes)
    draining = asyncio.Event()
    counts = Metrics(product.streams, pages)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, object]]:
        admission = Admission(settings.handshakes_at_once, counts.refused_socket)
        with metrics_port(settings.metrics_port, counts):
            async with (
                running(settings, product, counts, replies=replies) as runtime,
                product.services(runtime) as services,
            ):
                app.state.runtime = runtime
                app.state.http = GraphQLOverHTTP(operations, services, draining)
                app.state.sockets = Sockets(operations, services, admission)
                with _stopping_on_signals(app, settings.drain_seconds):
                    yield {SEND_TIMEOUT: settings.send_timeout_seconds, ADMISSION: admission}
                drain(app)

    app = FastAPI(title=product.name, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.draining = draining
    app.state.leaving = False

    async def serve_socket(websocket: WebSocket) -> None:
        await app.state.sockets(websocket)

    app.add_middleware(SocketRoute, path="/graphql", serve=serve_socket)
    if hosts := allowed_hosts(settings.allowed_hosts, settings.allowed_origins):
        app.add_middleware(AllowedHosts, hosts=hosts)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestIds, metrics=counts, trusted=settings.trust_request_ids)
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type"],
        )
    _add_routes(app, product, settings)
    return app


@contextmanager
def _stopping_on_signals(app: FastAPI, seconds: float) -> Iterator[None]:
    """On SIGTERM or SIGINT, let `/readyz` answer "draining" for so many seconds, and then end long responses and stop.

    A second signal ends the wait. uvicorn alone would stop at once, and wait for open responses, which do not end. It
    closes the sockets itself, one after the other; see `uvicorn_server`.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    previous = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    waits: list[asyncio.TimerHandle] = []

    def received(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(leave, number, frame)

    def leave(number: int, frame: FrameType | None) -> None:
        if seconds and not app.state.leaving:
            log.info("server draining", seconds=seconds)
            waits.append(loop.call_later(seconds, stop, number, frame))
        else:
            stop(number, frame)
        app.state.leaving = True

    def stop(number: int, frame: FrameType | None) -> None:
        for wait in waits:
            wait.cancel()
        app.state.draining.set()
        handler = previous[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number, handler in previous.items():
        if callable(handler):
            signal.signal(number, received)
    try:
        yield
    finally:
        for wait in waits:
            wait.cancel()
        for number, handler in previous.items():
            if callable(handler):
                signal.signal(number, handler)


def drain(app: FastAPI) -> None:
    """Close sockets with 1012 and end long responses, so that clients reconnect to another process."""
    app.state.draining.set()
    app.state.sockets.drain()


def _add_routes(app: FastAPI, product: Product, settings: Settings) -> None:
    async def graphql(request: Request) -> Response:
        http: GraphQLOverHTTP = app.state.http
        return await http(request)

    app.add_route("/graphql", graphql, methods=["POST"])
    app.add_route("/graphql", graphiql if settings.graphiql else no_graphiql, methods=["GET"])
    app.add_route("/healthz", healthz, methods=["GET"])
    app.add_route("/readyz", readyz, methods=["GET"])
    app.add_route("/metrics", metrics if settings.metrics_port is None else no_metrics, methods=["GET"])
    if settings.graphiql:
        app.mount("/graphql-assets", Assets(GRAPHIQL))
    app.mount("/assets", Assets(product.page / "assets"))
    app.add_route("/{path:path}", Pages(product).serve, methods=["GET"])
