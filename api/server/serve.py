"""Serves an application with uvicorn, in one process or several."""

import asyncio
import gc
import multiprocessing
import os
import resource
import signal
import sys
import threading
from contextlib import suppress
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from api import logs
from api.graphql.transport.backpressure import BoundedHTTP, BoundedSocket
from api.graphql.transport.direct_protocol import DirectWebSocketProtocol
from api.graphql.transport.uvicorn_server import CLOSING_FACTOR, run_server, run_server_processes
from api.server.app import create_app
from api.server.checks import START_ERRORS, check_services, sentence
from api.server.hosts import LOOPBACK, is_loopback
from api.server.lock import serving_lock
from api.server.product import Product
from api.settings import Settings

PROCESS_START_SECONDS = 30
"""For each of several processes to start and answer its parent. uvicorn kills it after that and starts another, which
would take no less time on a busy machine."""


def serve_product(
    product: Product, settings: Settings | None = None, *, host: str = "127.0.0.1", port: int = 8000
) -> None:
    """Serve a product in this process until SIGTERM or SIGINT, and write its streams.

    The settings come from the environment by default. If they are wrong, the process exits with one sentence.
    """
    try:
        settings = at_address(settings or Settings.load(), host)
        logs.configure(settings.log_level)
        with serving_lock(settings):
            asyncio.run(check_services(settings))
            app = create_app(settings, product)
            prepare_process()
            run(app, settings, host=host, port=port)
    except START_ERRORS as error:
        sys.exit(f"{product.name}: {sentence(error)}")


def at_address(settings: Settings, host: str | None) -> Settings:
    """The settings with what depends on the address that the server listens on; None for a Unix socket.

    On a loopback address only this machine's names are served, unless `ALLOWED_HOSTS` says otherwise. The port of the
    metrics is on the same address, unless it names one.
    """
    hosts, metrics_port = settings.allowed_hosts, settings.metrics_port
    if not hosts and host is not None and is_loopback(host):
        hosts = LOOPBACK
    if metrics_port is not None and ":" not in metrics_port:
        metrics_port = f"{host or '127.0.0.1'}:{metrics_port}"
    return settings.model_copy(update={"allowed_hosts": hosts, "metrics_port": metrics_port})


def run(
    app: ASGIApp | str, settings: Settings, *, host: str, port: int, processes: int = 1, uds: str | None = None
) -> None:
    """Serve until SIGTERM or SIGINT. Several processes need `app` as the import path of a function that returns it.

    With `uds`, the path of a Unix socket, the server listens there and not on `host` and `port`.
    """
    config = uvicorn.Config(
        app,
        factory=isinstance(app, str),
        host=host,
        port=port,
        uds=uds,
        workers=processes,
        timeout_keep_alive=round(settings.keep_alive_seconds),
        loop="uvloop",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=max(1, round(settings.closing_seconds / (1 + CLOSING_FACTOR))),
        timeout_worker_healthcheck=PROCESS_START_SECONDS,
        **protocol_options(settings),
    )
    if processes == 1:
        run_server(config)
    else:
        run_server_processes(config)


def protocol_options(settings: Settings) -> dict[str, Any]:
    """uvicorn's options for connections to clients. Without `DIRECT_WRITES`, uvicorn's own protocol writes."""
    return {
        "http": BoundedHTTP,
        "ws": DirectWebSocketProtocol if settings.direct_writes else BoundedSocket,
        "ws_max_size": settings.body_bytes,
        "ws_ping_interval": settings.ping_seconds,
        "ws_per_message_deflate": settings.deflate and settings.direct_writes,
    }


def prepare_process() -> None:
    """Prepare this server process. To be called once all modules are imported."""
    _relax_garbage_collector()
    _raise_descriptor_limit()
    _stop_with_parent()


def _relax_garbage_collector() -> None:
    """With Python's defaults, it scans all that was made at start again and again: a third of the cost of fan-out."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 1_000)


def _raise_descriptor_limit() -> None:
    """To what the system allows: each socket is a descriptor, and the usual limit is 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _stop_with_parent() -> None:
    """If the parent of several processes is killed, they would keep the port, and nothing would stop them."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait_and_stop() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait_and_stop, daemon=True, name="parent").start()
