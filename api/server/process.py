"""Starts and stops the services of one process, server or worker, in the order in which they depend on each other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api import migrations
from api.database import STATEMENT_SECONDS, Database
from api.server import tracing
from api.server.metrics import Metrics
from api.server.product import Product
from api.server.runtime import Runtime
from api.server.sampling import sampling
from api.settings import Settings
from api.streaming.access import Access, require_rules
from api.streaming.bus import Bus
from api.streaming.columns import Streamed
from api.streaming.hub import Hub
from api.streaming.observer import Observer
from api.streaming.publisher import Publisher
from api.streaming.sweep import Sweep
from api.streaming.worker import StreamWorker
from api.streaming.writer import HEARTBEATS_PER_LEASE, Writer

log = structlog.get_logger(__name__)


@asynccontextmanager
async def running(settings: Settings, product: Product, metrics: Metrics, *, replies: bool) -> AsyncIterator[Runtime]:
    """The services of a process. With `replies` it also produces the text of the product's streamed rows.

    Raises AccessRuleMissing if it would write rows that no viewer may see.
    """
    if replies:
        require_rules(product.streams)
    async with AsyncExitStack() as stack:
        observer: Observer = metrics
        if settings.traces:
            tracing.start()
            observer = tracing.Traces(metrics)
            stack.push_async_callback(asyncio.to_thread, tracing.stop)  # it may wait for a receiver that is away
        bus = await stack.enter_async_context(Bus(settings.broadcast_url))
        publisher = Publisher(bus.publish_all, observer=observer)
        database = Database(settings.database_url, publisher)
        stack.push_async_callback(database.aclose)
        await _prepare_tables(database, settings, product)
        await stack.enter_async_context(publisher)
        hub = await stack.enter_async_context(Hub(bus, Access(database), observer=observer))
        resumable = product.resumable if settings.on_lost == "continue" else frozenset()
        sweep = Sweep(
            database,
            hub,
            publisher,
            product.streams,
            patience=settings.patience_seconds,
            wait=settings.queue_seconds,
            at_once=settings.replies_at_once,
            resumable=resumable,
            observer=observer,
        )
        bus.on_reconnect(sweep.trigger)
        await stack.enter_async_context(sweep)
        writer = await stack.enter_async_context(_writer(settings, database, publisher, resumable, observer))
        runtime = Runtime(settings, bus, publisher, database, hub, sweep, metrics, observer, writer)
        await stack.enter_async_context(sampling(runtime, product.streams))
        if replies:
            await stack.enter_async_context(_working(runtime, product))
        yield runtime


async def _prepare_tables(database: Database, settings: Settings, product: Product) -> None:
    """Check or make the tables. A process that restarts while Postgres is down starts nevertheless: `serve` and
    `worker` have checked the tables before."""
    try:
        await migrations.prepare(database, embedded=settings.embedded)
        await product.prepare(database)
    except (OSError, SQLAlchemyError) as error:
        if settings.embedded:
            raise
        log.warning("tables not checked", error=repr(error))


@asynccontextmanager
async def _writer(
    settings: Settings,
    database: Database,
    publisher: Publisher,
    resumable: frozenset[type[Streamed]],
    observer: Observer,
) -> AsyncIterator[Writer]:
    """Writes the text of this process's producers, and of those outside that send it here."""
    # A statement whose answer is lost, with its connection, must leave time for the next one within the lease.
    statement_seconds = min(STATEMENT_SECONDS, max(1.0, settings.lease_seconds / HEARTBEATS_PER_LEASE))
    async with (
        database.dedicated(statement_seconds=statement_seconds) as writer_database,
        Writer(
            writer_database,
            publisher,
            cadence=settings.cadence_seconds,
            lease=settings.lease_seconds,
            wait=settings.queue_seconds,
            limit=settings.reply_bytes,
            resumable=resumable,
            observer=observer,
        ) as writer,
    ):
        yield writer


@asynccontextmanager
async def _working(runtime: Runtime, product: Product) -> AsyncIterator[None]:
    """Claims the product's streamed rows, and has them produced."""
    settings, database = runtime.settings, runtime.database
    # A single process has no other to take over its rows: its users wait until it has stopped and started again.
    grace = settings.closing_seconds if settings.one_process else settings.grace_seconds
    async with AsyncExitStack() as stack:
        for model, producer in product.streams.items():
            produce = await stack.enter_async_context(producer(settings, database))
            runtime.metrics.limited(model, settings.worker_replies)
            worker = StreamWorker(
                model,
                produce,
                store=database,
                bus=runtime.bus,
                writer=runtime.writer,
                lease=settings.lease_seconds,
                limit=settings.worker_replies,
                at_once=settings.replies_at_once,
                observer=runtime.observer,
            )
            await stack.enter_async_context(worker.working(grace))
        yield
