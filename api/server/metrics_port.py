"""The port of a server's metrics, where they are kept off the port that clients reach."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from socket import AF_INET6
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CONTENT_TYPE_LATEST

from api.errors import SettingsError
from api.server.metrics import Metrics


@contextmanager
def metrics_port(address: str | None, metrics: Metrics) -> Iterator[None]:
    """Serve `/metrics` at this address, like `0.0.0.0:9100`, while the block runs; None serves nothing.

    All processes of a `serve` share the port: whichever answers, answers for all. Raises SettingsError if another
    program uses it.
    """
    if address is None:
        yield
        return

    def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/metrics":
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"Metrics are at /metrics.\n"]
        start("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
        return [metrics.exposition()]

    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        server = make_server(host, int(port), answer, SharedPort6 if ":" in host else SharedPort, Silent)
    except OSError as error:
        raise SettingsError(f"TWOTRACK_METRICS_PORT is {address}: {error.strerror}. Choose another port.") from None
    thread = Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class SharedPort(WSGIServer):
    """Several processes listen on the port, and the system chooses one for each connection."""

    allow_reuse_port = True


class SharedPort6(SharedPort):
    """The same, at an address of IPv6."""

    address_family = AF_INET6


class Silent(WSGIRequestHandler):
    """Logs nothing: a scrape every few seconds is no news. Leaves within seconds if no request comes."""

    timeout = 5

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""
