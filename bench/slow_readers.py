"""What readers who stop reading cost the server and the others: 50 of 500, for a minute, at 20 kB three times a second.

    python -m bench.slow_readers            two rounds, a table
    python -m bench.slow_readers --quick    a tenth of everything

In each round all read first, then some stop. Compare the rows: machines differ, and so does what else they are doing.
It fails when memory grows by more than a frame for each who stopped, or when one of them is not told why it was cut
off, or does not heal; and when those who read were slower beside them in every round than they ever were alone.
"""

import argparse
import asyncio
import gc
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bench.audience import Audience
from bench.contestants import REST, Services, Stage
from bench.load import Load
from bench.measure import PATIENCE_SECONDS, percentile, quiet
from bench.processes import Process, allow_many_sockets, on_core
from bench.seats import SUBSCRIPTION
from tests.support.services import Postgres, Redis, throw_away

CUT_OFF = 1013

WARM_UP_SECONDS = 8
"""What the first updates load is not charged to those who stop reading."""

RECEIVE_BUFFER_BYTES = 65_536
"""The kernel would grow it to megabytes, and so read for a minute on behalf of whoever does not."""

ALLOCATOR_KB = 6_000
"""What a Python process may grow by in a minute for reasons of its own."""


@dataclass(frozen=True)
class Plan:
    """Who stops reading, for how long."""

    readers: int = 500
    stuck: int = 50
    seconds: int = 60
    chars: int = 40_000
    """At the end; half of it on average."""

    @property
    def load(self) -> Load:
        return Load(readers=self.readers - self.stuck, updates=3 * (self.seconds + 20), chars=self.chars)

    @property
    def frame_kb(self) -> float:
        return self.chars / 1_000 + 1


@dataclass(frozen=True)
class Figures:
    """What a run showed."""

    p50_ms: float
    p99_ms: float
    """From commit to receipt by those who read, while others did not."""
    grown_kb: float
    """The most that the server's memory grew by while some did not read."""
    cut_off: int
    healed: int


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.slow_readers")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    plan = Plan(50, 5, 25, 40_000) if asked.quick else Plan()
    allow_many_sockets()
    failures, alone, beside = [], [], []
    with on_core(REST), throw_away(Redis) as redis, throw_away(Postgres) as postgres:
        assert isinstance(redis, Redis)
        assert isinstance(postgres, Postgres)
        services = Services(redis, postgres)
        print(f"{'':24}{'p50 ms':>9}{'p99 ms':>9}{'grown kB':>10}{'cut off':>9}{'healed':>8}")
        for _ in range(asked.rounds):
            everybody = uvloop.run(measure(services, plan, stop=False))
            tell("all read", everybody)
            some = uvloop.run(measure(services, plan, stop=True))
            tell(f"{plan.stuck} of {plan.readers} stop reading", some)
            failures += faults(plan, everybody, some)
            alone.append(everybody.p99_ms)
            beside.append(some.p99_ms)
    if min(beside) > max(alone):
        failures.append(f"those who read waited for those who did not: {min(beside):.0f} ms, not {max(alone):.0f}")
    for failure in failures:
        print(f"\nFAILED  {failure}", file=sys.stderr)
    return 1 if failures else 0


def tell(what: str, run: Figures) -> None:
    print(f"{what:24}{run.p50_ms:9.1f}{run.p99_ms:9.1f}{run.grown_kb:10.0f}{run.cut_off:9}{run.healed:8}", flush=True)


def faults(plan: Plan, everybody: Figures, some: Figures) -> list[str]:
    most = max(0.0, everybody.grown_kb) + plan.stuck * plan.frame_kb + ALLOCATOR_KB
    found = []
    if some.grown_kb > most:
        found.append(f"memory grew by {some.grown_kb:.0f} kB, more than a frame for each ({most:.0f} kB)")
    if some.cut_off < plan.stuck:
        found.append(f"only {some.cut_off} of {plan.stuck} were told why they were cut off")
    if some.healed < plan.stuck:
        found.append(f"only {some.healed} of {plan.stuck} got the newest when they came back")
    return found


async def measure(services: Services, plan: Plan, *, stop: bool) -> Figures:
    """One message, written to its end before all these readers. Raises Unfaithful when the awake are shown wrongly."""
    async with (
        services.twotrack(plan.load) as stage,
        Audience(stage.port, deflate=False, greeted=stage.greets) as audience,
        AsyncExitStack() as stack,
    ):
        others = [await stack.enter_async_context(subscribed(stage)) for _ in range(plan.stuck)]
        listening = [asyncio.create_task(listen(one)) for one in others]
        await audience.sit_down(stage.seats)
        await quiet(stage.server)
        gc.collect()
        gc.disable()  # a pause of the readers would look like one of the server
        try:
            audience.begin()
            await stage.begin()
            await audience.started.wait()
            await asyncio.sleep(WARM_UP_SECONDS)
            for one in others if stop else []:
                one.transport.pause_reading()
            before = audience.delivered
            grown = await growth(stage.server, plan.seconds)
            delays = audience.delays[before:]
            for one in others if stop else []:
                one.transport.resume_reading()
            healed = [await newest(stage) for _ in others] if stop else []
            await audience.finished(plan.load.seconds + PATIENCE_SECONDS)
            codes = await asyncio.gather(*listening)
        finally:
            gc.enable()
        audience.verify(await stage.rows())
        p50, p99 = (percentile(delays, share) * 1e3 for share in (0.50, 0.99))
        return Figures(p50, p99, grown, codes.count(CUT_OFF), sum(healed))


async def growth(server: Process, seconds: int) -> float:
    """The most that its memory grows by in that time, in kB."""
    before = most = server.resident_kb()
    for _ in range(seconds):
        await asyncio.sleep(1)
        most = max(most, server.resident_kb())
    return most - before


async def newest(stage: Stage) -> bool:
    """Whether somebody who comes back is shown at once what is no older than the row was before."""
    (row,) = await stage.rows()
    async with subscribed(stage) as connection:
        shown = json.loads(await connection.recv())["payload"]["data"]["messageStream"]
    return bool(shown["revision"] >= row["revision"])


@asynccontextmanager
async def subscribed(stage: Stage) -> AsyncIterator[ClientConnection]:
    """Another reader of the message, who understands no compression."""
    seat = stage.seats[0]
    address = f"ws://127.0.0.1:{stage.port}/graphql"
    options: dict[str, Any] = {"subprotocols": ["graphql-transport-ws"], "compression": None, "max_size": None}
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    own.setblocking(False)
    await asyncio.get_running_loop().sock_connect(own, ("127.0.0.1", stage.port))
    async with connect(address, sock=own, **options, ping_interval=None) as connection:
        init = {"type": "connection_init", "payload": {"authorization": seat.authorization}}
        await connection.send(json.dumps(init))
        await connection.recv()
        payload = {"query": SUBSCRIPTION, "variables": {"id": seat.message}}
        await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        yield connection


async def listen(connection: ClientConnection) -> int | None:
    """Read until the message is complete, or until cut off: then the code."""
    try:
        async for message in connection:
            if json.loads(message)["type"] == "complete":
                return None
    except ConnectionClosed:
        pass
    return connection.close_code


if __name__ == "__main__":
    sys.exit(main())
