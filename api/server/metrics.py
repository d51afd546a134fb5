"""Metrics for Prometheus. The processes of one `serve` share files, through which their numbers are summed."""

import asyncio
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from api.streaming.columns import now
from api.streaming.observer import Observer

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus-client's environment variable for the folder with the shared files."""

COUNT_SECONDS = 2.0
"""How late a process adds its stream updates to the counter that other processes read: little against the 15 s
between two scrapes of Prometheus. A server that only streams should hardly wake up for its own metrics."""

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Buckets of the histograms: from a delivery in memory to a statement that times out."""

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


class Metrics(Observer):
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
        self._failures = Counter(
            "twotrack_failures_total", "Streams that failed, by error code.", ["model", "code"], registry=self._registry
        )
        self._waiting = self._sampled(
            "twotrack_replies_waiting", "Rows in the database that wait for a worker.", "model"
        )
        self._oldest_wait = self._sampled(
            "twotrack_oldest_wait_seconds", "Longest wait of a row that waits for a worker.", "model"
        )
        self._writing = self._summed("twotrack_replies_active", "Rows that the workers write now.", "model")
        self._limit = self._summed("twotrack_replies_limit", "Most rows that the workers write at once.", "model")
        self._pool = self._summed("twotrack_database_connections_used", "Database connections in use.")
        self._bus_up = Gauge(
            "twotrack_bus_connected",
            "1 while messages of the bus arrive, else 0.",
            registry=self._registry,
            multiprocess_mode="livemin",
        )
        self._delivery = Histogram(
            "twotrack_delivery_seconds",
            "Time from the start of an update's statement to its delivery to the subscribers of one process.",
            ["model"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._requests = Histogram(
            "twotrack_request_seconds",
            "Duration of HTTP requests, without streaming responses.",
            ["path", "status"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._lag = Histogram(
            "twotrack_loop_lag_seconds",
            "How late the event loop wakes a task.",
            buckets=SECONDS,
            registry=self._registry,
        )
        self._refused_sockets = Counter(
            "twotrack_sockets_refused_total",
            "WebSockets that were closed with 1013 because too many clients connected at once.",
            registry=self._registry,
        )
        self._suppressed = Counter(
            "twotrack_log_lines_suppressed_total",
            "Warnings and errors that were not logged, because there were too many of their kind.",
            registry=self._registry,
        )
        self._suppressed_before = 0
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
            self._waiting.labels(model.__name__)
            self._writing.labels(model.__name__)

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

    def topics(self, count: int) -> None:
        self._channels.set(count)

    def delivered(self, row: Any) -> None:
        if (written := getattr(row, "updated_at", None)) is not None:
            # Clocks of two machines differ: none of them makes an update arrive before it was written.
            self._delivery.labels(type(row).__name__).observe(max(0.0, (now() - written).total_seconds()))

    def writing(self, model: type, count: int) -> None:
        self._writing.labels(model.__name__).set(count)

    def ended(self, model: type, key: UUID, status: str, code: str | None) -> None:
        if status in COUNTED_ENDS:
            self._replies.labels(model.__name__, status).inc()
        if code is not None:
            self._failures.labels(model.__name__, code).inc()

    def limited(self, model: type, limit: int) -> None:
        """This process writes at most `limit` rows of the model at once."""
        self._limit.labels(model.__name__).set(limit)

    def sampled_waits(self, model: type, rows: int, longest: float) -> None:
        """`rows` wait for a worker, one of them for `longest` seconds."""
        self._waiting.labels(model.__name__).set(rows)
        self._oldest_wait.labels(model.__name__).set(longest)

    def sampled_process(self, *, lag: float, connections: int, bus_connected: bool, suppressed: int) -> None:
        """The event loop was `lag` seconds late, `connections` to the database are in use, and `suppressed` log lines
        were suppressed since the process started."""
        self._suppressed.inc(suppressed - self._suppressed_before)
        self._suppressed_before = suppressed
        self._lag.observe(lag)
        self._pool.set(connections)
        self._bus_up.set(bus_connected)

    def answered(self, path: str, status: int, seconds: float) -> None:
        """An HTTP request was answered. `path` must be one of few."""
        self._requests.labels(path, str(status)).observe(seconds)

    def refused_socket(self) -> None:
        """The handshake of a WebSocket was refused, because too many were under way."""
        self._refused_sockets.inc()

    def _summed(self, name: str, text: str, *labels: str) -> Gauge:
        """A gauge whose values in all processes of this `serve` are added."""
        return Gauge(name, text, labels, registry=self._registry, multiprocess_mode="livesum")

    def _sampled(self, name: str, text: str, *labels: str) -> Gauge:
        """A gauge that every process reads from the database: the last reading counts."""
        return Gauge(name, text, labels, registry=self._registry, multiprocess_mode="livemostrecent")

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
