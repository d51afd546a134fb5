"""What Prometheus is told. Over several processes of one `serve`, the numbers are summed through files."""

import os

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import Response

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable by which prometheus-client's processes find each other's files."""

TRACKS = ("stream", "sync")


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
            "Bus channels being heard now.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._updates = Counter(
            "twotrack_updates_total", "Updates given to subscribers.", ["track"], registry=self._registry
        )
        # Bound here once: finding a label's child takes longer than counting it.
        self._active_on = {track: self._active.labels(track) for track in TRACKS}
        self._updates_on = {track: self._updates.labels(track) for track in TRACKS}

    def subscribed(self, track: str) -> None:
        self._active_on[track].inc()

    def unsubscribed(self, track: str) -> None:
        self._active_on[track].dec()

    def updated(self, track: str) -> None:
        self._updates_on[track].inc()

    def channels(self, count: int) -> None:
        self._channels.set(count)

    async def __call__(self, request: Request) -> Response:
        """GET `/metrics`."""
        registry = self._registry
        if DIRECTORY in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
