"""What Prometheus is told. Over several processes of one `serve`, the numbers are summed through files."""

import asyncio
import os
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

TRACKS = ("stream", "sync")

ENDS = ("COMPLETE", "FAILED")
"""How a reply ends by itself. To stop one is a reader's doing, and nothing to wake anybody for."""


class Metrics:
    """The counts of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._active = Gauge(
            "twotrack_subscriptions_active",
            "Subscriptions being served now.",
            ["track"],
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._channels = Gauge(
            "twotrack_bus_channels",
            "Rows that somebody follows here now, each by one channel of the bus.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._updates = Counter(
            "twotrack_updates_total", "Updates given to subscribers.", ["track"], registry=self._registry
        )
        self._replies = Counter(
            "twotrack_replies_total",
            "Replies that ended, by status; not those stopped.",
            ["status"],
            registry=self._registry,
        )
        self._uncounted = 0  # unless 0, a timer runs at whose end they are counted
        # Bound here once: finding a label's child takes longer than counting it.
        self._active_on = {track: self._active.labels(track) for track in TRACKS}
        self._updates_on = {track: self._updates.labels(track) for track in TRACKS}
        self._replies_with = {status: self._replies.labels(status) for status in ENDS}

    def subscribed(self, track: str) -> None:
        self._active_on[track].inc()

    def unsubscribed(self, track: str) -> None:
        self._active_on[track].dec()

    def updated_stream(self) -> None:
        """Called for each update of each reader: it must cost next to nothing, so they are counted in bulk."""
        if not self._uncounted:
            asyncio.get_running_loop().call_later(COUNT_SECONDS, self._count)
        self._uncounted += 1

    def _count(self) -> None:
        count, self._uncounted = self._uncounted, 0
        self._updates_on["stream"].inc(count)

    def updated_sync(self) -> None:
        self._updates_on["sync"].inc()

    def channels(self, count: int) -> None:
        self._channels.set(count)

    def ended(self, status: str) -> None:
        if status in self._replies_with:
            self._replies_with[status].inc()

    @contextmanager
    def served(self, host: str, port: int) -> Iterator[None]:
        """Tell them on a port of their own. Raises OSError for one that is taken."""
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
