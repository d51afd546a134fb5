"""running(settings): what runs in a process, server or worker, started and stopped in order."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api import migrations
from api.auth import Access
from api.database import Database
from api.metrics import Metrics
from api.settings import Settings
from api.streaming.bus import Bus
from api.streaming.hub import Hub
from api.streaming.publisher import Publisher
from api.streaming.sweep import Sweep
from api.streaming.writer import Writer

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Parts:
    """What runs in a process, server or worker."""

    settings: Settings
    bus: Bus
    publisher: Publisher
    database: Database
    hub: Hub
    access: Access
    sweep: Sweep
    metrics: Metrics


@asynccontextmanager
async def running(settings: Settings, metrics: Metrics, *, replies: bool) -> AsyncIterator[Parts]:
    """Start the parts in the order in which they lean on each other; stop them in the opposite one."""
    async with AsyncExitStack() as stack:
        bus = await stack.enter_async_context(Bus(settings.broadcast_url))
        publisher = Publisher(bus.publish_all)
        database = Database(settings.database_url, publisher)
        stack.push_async_callback(database.aclose)
        await _prepared(database, settings)
        await stack.enter_async_context(publisher)
        access = Access(database)
        hub = await stack.enter_async_context(Hub(bus, access, on_topics=metrics.channels))
        sweep = Sweep(
            database,
            hub,
            publisher,
            patience=settings.patience_seconds,
            wait=settings.queue_seconds,
            on_end=metrics.ended,
        )
        bus.on_reconnect(sweep.soon)
        await stack.enter_async_context(sweep)
        if replies:
            await stack.enter_async_context(_writing(settings, bus, database, publisher, metrics))
        yield Parts(settings, bus, publisher, database, hub, access, sweep, metrics)


async def _prepared(database: Database, settings: Settings) -> None:
    """A process that is replaced while Postgres is away starts all the same: the one before it has seen the tables."""
    try:
        await migrations.prepare(database, embedded=settings.embedded)
    except (OSError, SQLAlchemyError) as error:
        if settings.embedded:
            raise
        log.warning("the tables are not checked", error=repr(error))


@asynccontextmanager
async def _writing(
    settings: Settings, bus: Bus, database: Database, publisher: Publisher, metrics: Metrics
) -> AsyncIterator[None]:
    # Asking models takes pydantic-ai: half a second and 25 MB, which servers without replies do not pay.
    from api.replies.model import ReplyModel
    from api.replies.worker import Worker

    # Alone, a process that ends has nobody to come back to meanwhile: its users wait for the next one to start.
    grace = settings.parting_seconds if settings.one_process else settings.grace_seconds
    async with (
        ReplyModel.from_name(settings.model, timeout_seconds=settings.model_timeout_seconds) as model,
        database.dedicated() as dedicated,
        Writer(
            dedicated,
            publisher,
            cadence=settings.cadence_seconds,
            lease=settings.lease_seconds,
            wait=settings.queue_seconds,
            limit=settings.reply_bytes,
            on_end=metrics.ended,
        ) as writer,
    ):
        worker = Worker(database, bus, writer, model, lease=settings.lease_seconds, most=settings.worker_replies)
        async with worker.working(grace):
            yield
