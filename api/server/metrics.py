"""Metrics for Prometheus. The processes of one `serve` share files, through which their numbers are summed."""

import asyncio
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus-client's environment variable for the folder with the shared files."""

COUNT_SECONDS = 2.0
"""How late a process adds its stream updates to the counter that other processes read: little against the 15 s
between two scrapes of Prometheus. A server that only streams should hardly wake up for its own metrics."""

COUNTED_ENDS = ("COMPLETE", "FAILED")
"""Streams that a user stopped are not counted: they are no reason for an alert."""


@contextmanager
def shared_by(processes: int) -> Iterator[None]:
    """Have the server processes that are started meanwhile count together. The shared files are deleted at the end."""
    if processes == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="twotrack-metrics-") as directory:
        os.environ[DIRECTORY] = directory
        yield


class Metrics:
    """The metrics of one process.

    Those of the models in `streams`, and in `pages`, which `sync` follows, are 0 from the start: an alert on a rate
    needs a value before the first event.
    """

    def __init__(self, streams: Iterable[type] = (), pages: Iterable[type] = ()) -> None:
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
            "Subscribed channels of the bus: one per followed row.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._updates = Counter(
            "twotrack_updates_total", "Updates sent to subscribers.", ["track", "model"], registry=self._registry
        )
        self._replies = Counter(
            "twotrack_replies_total",
            "Streams that completed or failed. Stopped ones are not counted.",
            ["model", "status"],
            registry=self._registry,
        )
        self._uncounted: dict[str, int] = defaultdict(int)
        """Stream updates by model that are not in the counter yet. A timer adds them."""
        self._active.labels("sync", "")
        for model in pages:
            self._updates.labels("sync", model.__name__)
        for model in streams:
            self._active.labels("stream", model.__name__)
            self._updates.labels("stream", model.__name__)
            for status in COUNTED_ENDS:
                self._replies.labels(model.__name__, status)

    def subscribed(self, track: str, model: str) -> None:
        self._active.labels(track, model).inc()

    def unsubscribed(self, track: str, model: str) -> None:
        self._active.labels(track, model).dec()

    def updated_stream(self, model: str) -> None:
        """Called for each update of each subscriber, so it must cost next to nothing: updates are counted in bulk."""
        if not self._uncounted:
            asyncio.get_running_loop().call_later(COUNT_SECONDS, self._add_uncounted)
        self._uncounted[model] += 1

    def _add_uncounted(self) -> None:
        for model, count in self._uncounted.items():
            self._updates.labels("stream", model).inc(count)
        self._uncounted.clear()

    def updated_sync(self, model: str) -> None:
        self._updates.labels("sync", model).inc()

    def channels(self, count: int) -> None:
        self._channels.set(count)

    def ended(self, model: type, status: str) -> None:
        if status in COUNTED_ENDS:
            self._replies.labels(model.__name__, status).inc()

    @contextmanager
    def served(self, host: str, port: int) -> Iterator[None]:
        """Serve them over HTTP on a port of their own. Raises OSError if the port is in use."""
        server, thread = start_http_server(port, host, self._registry)
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def exposition(self) -> bytes:
        """The current metrics in Prometheus' text format: of this process, or of all that share files with it."""
        self._add_uncounted()
        registry = self._registry
        if (directory := os.environ.get(DIRECTORY)) is not None:
            _remove_gauges_of_dead_processes(Path(directory))
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)


def _remove_gauges_of_dead_processes(directory: Path) -> None:
    """A killed process has no open subscriptions any more. Its counters stay."""
    for file in directory.glob("gauge_live*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not _is_alive(pid):
            with suppress(FileNotFoundError):  # another process is removing it at the same moment
                mark_process_dead(pid, str(directory))  # type: ignore[no-untyped-call]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
