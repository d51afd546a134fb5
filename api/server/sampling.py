"""Measures, every few seconds, what no event tells: waiting rows, the event loop's lag, connections."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import count

import structlog

from api import logs
from api.server.runtime import Runtime
from api.streaming.columns import Streamed
from api.streaming.leases import waiting

log = structlog.get_logger(__name__)

PROCESS_SECONDS = 1.0
"""Between two measurements of the loop's lag. Each costs some 50 microseconds."""

WAITS_EVERY = 5
"""Waiting rows are counted at every fifth measurement: three times between two scrapes of Prometheus."""


@asynccontextmanager
async def sampling(runtime: Runtime, streamed: Iterable[type[Streamed]]) -> AsyncIterator[None]:
    """Measure while the block runs, for the models in `streamed`."""
    task = asyncio.create_task(_sample(runtime, tuple(streamed)), name="sampling")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _sample(runtime: Runtime, streamed: tuple[type[Streamed], ...]) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time()
    for measured in count():
        runtime.metrics.sampled_process(
            lag=max(0.0, loop.time() - due),
            connections=runtime.database.connections,
            bus_connected=runtime.bus.is_connected,
            suppressed=logs.limit.suppressed,
        )
        if measured % WAITS_EVERY == 0:
            await _count_waiting(runtime, streamed)
        due = loop.time() + PROCESS_SECONDS
        await asyncio.sleep(PROCESS_SECONDS)


async def _count_waiting(runtime: Runtime, streamed: tuple[type[Streamed], ...]) -> None:
    for model in streamed:
        try:
            query = waiting(model, wait=runtime.settings.queue_seconds)  # type: ignore[arg-type]  # classes are hashable
            (row,) = await runtime.database.read(query)
        except Exception as error:  # the database is away, and other parts have logged it
            log.debug("waiting rows not counted", error=repr(error))
            return
        runtime.metrics.sampled_waits(model, row.rows, row.longest)
