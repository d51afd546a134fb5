"""Metrics for Prometheus. Over several processes of one `serve`, the numbers are summed through files."""

import asyncio
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    generate_latest,
    start_http_server,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from starlette.requests import Request
from starlette.responses import Response

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable by which prometheus-client's processes find each other's files."""

COUNT_SECONDS = 2.0
"""How old the count of updates may be in the other processes of one `serve`: short against the 15 s after which
Prometheus usually asks again. A server that only streams should hardly wake for its own metrics."""

ENDS = ("COMPLETE", "FAILED")
"""How a stream ends by itself. A user's Stop is no reason for an alert."""


class Metrics:
    """The counts of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._active = Gauge(
            "twotrack_subscriptions_active",
            "Open subscriptions.",
            ["track", "model"],
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._channels = Gauge(
            "twotrack_bus_channels",
            "Channels of the bus that this process is subscribed to: one per followed row.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._updates = Counter(
            "twotrack_updates_total", "Updates sent to subscribers.", ["track", "model"], registry=self._registry
        )
        self._replies = Counter(
            "twotrack_replies_total",
            "Streams that ended by themselves, by model and final status.",
            ["model", "status"],
            registry=self._registry,
        )
        self._uncounted: dict[str, int] = defaultdict(int)
        """Updates on the stream track by model, unless it is empty until a timer ends and they are counted."""

    def subscribed(self, track: str, model: str) -> None:
        self._active.labels(track, model).inc()

    def unsubscribed(self, track: str, model: str) -> None:
        self._active.labels(track, model).dec()

    def updated_stream(self, model: str) -> None:
        """Called for each update of each subscriber: it must cost next to nothing, so they are counted in bulk."""
        if not self._uncounted:
            asyncio.get_running_loop().call_later(COUNT_SECONDS, self._count)
        self._uncounted[model] += 1

    def _count(self) -> None:
        for model, count in self._uncounted.items():
            self._updates.labels("stream", model).inc(count)
        self._uncounted.clear()

    def updated_sync(self, model: str) -> None:
        self._updates.labels("sync", model).inc()

    def channels(self, count: int) -> None:
        self._channels.set(count)

    def ended(self, model: type, status: str) -> None:
        if status in ENDS:
            self._replies.labels(model.__name__, status).inc()

    @contextmanager
    def served(self, host: str, port: int) -> Iterator[None]:
        """Serve them on a port of their own. Raises OSError if the port is taken."""
        server, thread = start_http_server(port, host, self._registry)
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    async def __call__(self, request: Request) -> Response:
        """GET `/metrics`."""
        self._count()
        registry = self._registry
        if (directory := os.environ.get(DIRECTORY)) is not None:
            _forget_the_dead(Path(directory))
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _forget_the_dead(directory: Path) -> None:
    """Nothing is served by a process that was killed; what it has counted stays counted."""
    for file in directory.glob("gauge_live*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not _lives(pid):
            with suppress(FileNotFoundError):  # another process was asked at the same moment
                mark_process_dead(pid, str(directory))  # type: ignore[no-untyped-call]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
