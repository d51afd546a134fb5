"""One run: a contestant put to a load, and what that cost."""

import asyncio
import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.audience import Audience
from bench.contestants import Contestant, Stage
from bench.load import Load
from bench.processes import Process
from bench.story import Unfaithful

WARM_UP_READERS = 20
"""Sit down before memory is counted, so that what the first connections load is not charged to the rest."""

PATIENCE_SECONDS = 60
"""How much longer than planned a run may take before it counts as stuck."""

QUIET_SECONDS = 0.3
QUIET_SHARE = 0.02
"""A server that uses less of its core for so long has done what it had to."""


@dataclass(frozen=True)
class Figures:
    """What a run showed; times are the server's alone."""

    cpu_us: float
    """Per delivered update, from the first one's receipt to the last one's: a worker's start is not in it."""
    p50_ms: float
    """From commit to receipt."""
    p99_ms: float
    wire_bytes: float
    """Per delivered update, as they left the socket."""
    text_bytes: float
    """Per delivered update, uncompressed."""
    delivered: int
    skipped: int
    """Updates that a reader was not given, as a newer one had come."""
    connection_kb: float
    """Memory for each connection that is subscribed and idle."""
    core_share: float
    """Of the server's core, while updates flowed."""
    waited_share: float
    """How long the server was kept from its core, of that time. Where it is large, no latency means anything."""
    reader_us: float
    """What receiving an update cost the readers: it should be less than the server's part."""
    connect_us: float = 0.0
    """CPU for each connection, from its handshake until it is subscribed."""
    rounds_ratio: float = 0.0
    """Memory after the last of several rounds of connections that came and left, against that after the first."""
    handshakes: int = 0
    """Begun by clients, where a server is restarted."""
    abandoned: int = 0
    """Of these, so many that a client gave up waiting for."""
    told_to_retry: int = 0
    """Of these, so many that were closed with 1013."""
    seconds: float = 0.0
    """Until all clients were back."""
    largest_share: float = 0.0
    """Of the sockets, on one of two servers, at the end."""
    log_bytes: float = 0.0
    """What the database wrote to its log for each byte of text. Counted where nothing else writes."""
    grown_kb: float = 0.0
    """How much more memory the server has afterwards. Counted where it is attacked."""


async def measure(contestant: Contestant, load: Load) -> Figures:
    """Raises Unfaithful when anything was shown wrongly, or too little of it."""
    async with (
        contestant(load) as stage,
        Audience(stage.port, deflate=load.deflate, greeted=stage.greets, subscription=stage.subscription) as audience,
    ):
        connection_kb = await fill(stage, audience)
        spent = await perform(stage, audience, load) if load.updates else Spent()
        delivered = max(1, audience.delivered)
        return Figures(
            cpu_us=spent.cpu_seconds / spent.delivered * 1e6,
            p50_ms=percentile(audience.delays, 0.50) * 1e3,
            p99_ms=percentile(audience.delays, 0.99) * 1e3,
            wire_bytes=audience.wire_bytes / delivered,
            text_bytes=audience.payload_bytes / delivered,
            delivered=audience.delivered,
            skipped=audience.committed - audience.delivered,
            connection_kb=connection_kb,
            core_share=spent.cpu_seconds / spent.seconds,
            waited_share=spent.waited_seconds / spent.seconds,
            reader_us=spent.own_seconds / spent.delivered * 1e6,
        )


async def fill(stage: Stage, audience: Audience) -> float:
    """Let the readers sit down; what each of them, idle, takes of the server's memory in kB."""
    first = min(WARM_UP_READERS, len(stage.seats) - 1)
    await audience.sit_down(stage.seats[:first])
    await quiet(stage.server)
    before = stage.server.resident_kb()
    await audience.sit_down(stage.seats[first:])
    await quiet(stage.server)
    return (stage.server.resident_kb() - before) / (len(stage.seats) - first)


@dataclass(frozen=True)
class Spent:
    """What went by while so many updates were delivered."""

    delivered: int = 1
    seconds: float = 1.0
    cpu_seconds: float = 0.0
    waited_seconds: float = 0.0
    own_seconds: float = 0.0

    @classmethod
    def until_now(cls, stage: Stage, audience: Audience) -> "Spent":
        return cls(audience.delivered, time.monotonic(), *stage.server.times(), time.process_time())

    def since(self, earlier: "Spent") -> "Spent":
        return Spent(
            max(1, self.delivered - earlier.delivered),
            self.seconds - earlier.seconds,
            self.cpu_seconds - earlier.cpu_seconds,
            self.waited_seconds - earlier.waited_seconds,
            self.own_seconds - earlier.own_seconds,
        )


async def perform(stage: Stage, audience: Audience, load: Load) -> Spent:
    """Have the messages written to their end, and verify what was shown of them."""
    gc.collect()
    gc.disable()  # a pause of the readers would look like one of the server
    try:
        audience.begin()
        await stage.begin()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await audience.started.wait()
        await asyncio.sleep(0.5 / load.per_second)  # between two updates
        earlier = Spent.until_now(stage, audience)
        await audience.finished(load.seconds + PATIENCE_SECONDS)
        spent = Spent.until_now(stage, audience).since(earlier)
    finally:
        gc.enable()
    audience.verify(await stage.rows())
    if audience.delivered < load.least_delivered * audience.committed:
        raise Unfaithful(f"only {audience.delivered} of {audience.committed} updates were delivered")
    return spent


async def quiet(server: Process) -> None:
    """Return once the server has nothing left to do."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            before = server.times().ran
            await asyncio.sleep(QUIET_SECONDS)
            if server.times().ran - before < QUIET_SECONDS * QUIET_SHARE:
                return


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[int(len(ordered) * share)] if ordered else 0.0
