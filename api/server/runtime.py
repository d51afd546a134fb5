"""What runs in one process, server or worker; `process` starts and stops it."""

from dataclasses import dataclass

from api.database import Database
from api.server.metrics import Metrics
from api.settings import Settings
from api.streaming.bus import Bus
from api.streaming.hub import Hub
from api.streaming.observer import Observer
from api.streaming.publisher import Publisher
from api.streaming.sweep import Sweep
from api.streaming.writer import Writer


@dataclass(frozen=True)
class Runtime:
    """The services of one process."""

    settings: Settings
    bus: Bus
    publisher: Publisher
    database: Database
    hub: Hub
    sweep: Sweep
    metrics: Metrics
    observer: Observer
    """The metrics, or the traces that pass everything on to them."""
    writer: Writer
