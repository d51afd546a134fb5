"""The port of a worker: `/healthz`, `/readyz` and `/metrics`, without a web server in the worker's event loop."""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import TimeoutError as NoAnswer
from contextlib import contextmanager
from http import HTTPStatus
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIServer, make_server

from prometheus_client import CONTENT_TYPE_LATEST

from api.server.metrics import Metrics
from api.server.metrics_port import Silent
from api.server.readiness import PING_SECONDS, readiness
from api.server.runtime import Runtime

ANSWER_SECONDS = 2 * PING_SECONDS + 1
"""For the event loop to answer a check: it asks the database and the bus, one after the other."""


class WorkerPort:
    """Answers checks in a thread. `/healthz` fails if the event loop of the worker hangs.

    It answers 503 until `runtime` is set, which is when the worker has started.
    """

    def __init__(self, metrics: Metrics) -> None:
        self.runtime: Runtime | None = None
        self.is_draining = False
        """Whether the worker claims no more rows, because it stops."""
        self._metrics = metrics
        self._loop: asyncio.AbstractEventLoop | None = None

    def started(self, runtime: Runtime) -> None:
        """The worker runs, in the current event loop."""
        self._loop = asyncio.get_running_loop()
        self.runtime = runtime

    @contextmanager
    def served(self, host: str, port: int) -> Iterator[None]:
        """Serve while the block runs. Raises OSError if the port is in use."""
        server = make_server(host, port, self._answer, WSGIServer, Silent)
        thread = Thread(target=server.serve_forever, name="port", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        status, body, media_type = 404, b'{"status": "not found"}', "application/json"
        if environ["PATH_INFO"] == "/metrics":
            status, body, media_type = 200, self._metrics.exposition(), CONTENT_TYPE_LATEST
        elif environ["PATH_INFO"] in ("/healthz", "/readyz"):
            status, state = self._check(ready=environ["PATH_INFO"] == "/readyz")
            body = json.dumps(state).encode()
        start(f"{status} {HTTPStatus(status).phrase}", [("Content-Type", media_type)])
        return [body]

    def _check(self, *, ready: bool) -> tuple[int, dict[str, str]]:
        if self._loop is None or self.runtime is None:
            return (503, {"status": "starting"}) if ready else (200, {"status": "ok"})
        if ready and self.is_draining:
            return 503, {"status": "draining"}
        check = readiness(self.runtime) if ready else _alive()
        try:
            return asyncio.run_coroutine_threadsafe(check, self._loop).result(ANSWER_SECONDS)
        except (NoAnswer, RuntimeError):
            check.close()
            return 503, {"status": "unavailable", "loop": "does not answer"}


async def _alive() -> tuple[int, dict[str, str]]:
    return 200, {"status": "ok"}
