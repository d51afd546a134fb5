"""`make soak SCALED=1`: readers come and go for half an hour, while processes and services are killed, frozen and cut.

    make soak SCALED=1                30 minutes
    make soak SCALED=1 MINUTES=3      shorter
    make soak SCALED=1 SEED=7         the same choices as in an earlier run

Two servers behind a load balancer and a worker, on a Postgres and a Redis of their own. Visitors ask, several readers
follow each reply, some leave early, and the messages are deleted afterwards, so that nothing may grow. It prints memory
and tables at the end of each minute, and fails if

- a reader's last frame is not the row, a revision falls, or a reader never ends;
- memory of the server that is never restarted, or the size of the tables, rises by more than a tenth from the second
  quarter to the last.
"""

import argparse
import asyncio
import os
import statistics
import sys
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import asyncpg

from tests.support import services
from tests.support.backends import migrate
from tests.support.fleet import Fleet, Process
from tests.support.network import Network
from tests.support.services import Postgres, Redis, throw_away
from tools.fleet_troubles import troubled, troubles
from tools.visits import Visits

MINUTES = 30.0

SAMPLE_SECONDS = 5.0

START_SECONDS = 120
"""For a process to start, while everything else runs on the same cores."""

GROWTH = 1.1
"""From the second quarter to the last: the first one fills pools, caches and tables."""

LEAST_BYTES = 2_000_000
"""Of less, a tenth is a few pages, which any table takes at times."""

MODEL = "scripted?chars=1500&rate=300"

SIZES = """SELECT relname AS name, pg_total_relation_size(oid) AS bytes FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'idempotency_keys'"""
"""Of all tables but the keys of sent messages, which are kept for KEY_DAYS."""


class Figures:
    """What was measured so far."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.memory: list[tuple[float, int]] = []
        """Of the server that is never restarted, in bytes, with the seconds since the start."""
        self.tables: list[tuple[float, int]] = []
        self.largest: dict[str, int] = {}

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def growths(self, seconds: float) -> dict[str, float]:
        """The median of the last quarter of so many seconds, by that of the second."""
        found = {}
        for name, samples in (("memory", self.memory), ("tables", self.tables)):
            quarters: list[list[int]] = [[], [], [], []]
            for at, size in samples:
                quarters[min(3, int(4 * at / seconds))].append(size)
            second, last = (max(LEAST_BYTES, statistics.median(quarters[number])) for number in (1, 3))
            found[name] = last / second
        return found


def memory_of(process: Process) -> int:
    """Resident bytes; 0 if it does not run."""
    try:
        pages = Path(f"/proc/{process.pid}/statm").read_text().split()[1]
    except (FileNotFoundError, RuntimeError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


async def table_sizes(fleet: Fleet) -> dict[str, int] | None:
    """Bytes by table; None while Postgres is away."""
    try:
        async with asyncio.timeout(SAMPLE_SECONDS):
            connection = await asyncpg.connect(fleet.database_url.replace("+asyncpg", ""), ssl=False)
            try:
                return {row["name"]: row["bytes"] for row in await connection.fetch(SIZES)}
            finally:
                connection.terminate()
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return None


async def measured(fleet: Fleet, worker: Process, visits: Visits, suffered: Counter[str], figures: Figures) -> None:
    """Measure until cancelled."""
    minute = 1
    while True:
        await asyncio.sleep(SAMPLE_SECONDS)
        figures.memory.append((figures.seconds, memory_of(fleet.servers[0])))
        if (sizes := await table_sizes(fleet)) is not None:
            figures.tables.append((figures.seconds, sum(sizes.values())))
            figures.largest = dict(sorted(sizes.items(), key=lambda item: -item[1])[:3])
        if figures.seconds >= 60 * minute:
            minute += 1
            told = [
                f"{figures.seconds:5.0f} s",
                "memory " + ", ".join(f"{memory_of(one) / 1e6:.0f}" for one in (*fleet.servers, worker)) + " MB",
                f"tables {figures.tables[-1][1] / 1e6:.1f} MB ({_megabytes(figures.largest)})",
                f"{visits.compared} readers were right, {visits.left} left; {_counted(visits.statuses)}",
                f"after {_counted(suffered)}",
            ]
            print("; ".join(told), flush=True)


@asynccontextmanager
async def running() -> AsyncIterator[tuple[Fleet, Process, Network]]:
    services.START_SECONDS = START_SECONDS
    with throw_away(Redis) as redis, throw_away(Postgres) as postgres:
        template = await asyncio.to_thread(postgres.template, "twotrack", migrate)
        with postgres.database(template) as url:
            # Dead rows would otherwise be cleared once a minute, and a short run would take them for growth.
            await asyncio.to_thread(
                postgres.execute, "ALTER SYSTEM SET autovacuum_naptime = '5s'", "SELECT pg_reload_conf()"
            )
            fleet = Fleet(redis, postgres, url)
            try:
                await fleet.mended()
                async with fleet.worker(MODEL) as worker, Network(*fleet.ports) as network:
                    yield fleet, worker, network
            finally:
                fleet.end()


async def soak(seconds: float, random: Random, suffered: Counter[str], figures: Figures) -> Visits:
    """Raises AssertionError for the first thing that is wrong."""
    async with running() as (fleet, worker, network):
        visits = Visits(fleet, network)
        await visits.prepare()
        figures.started = time.monotonic()
        measuring = asyncio.create_task(measured(fleet, worker, visits, suffered, figures))
        try:
            async with asyncio.TaskGroup() as tasks:
                until = time.monotonic() + seconds
                for _ in range(visits.number):
                    tasks.create_task(visits.visit(Random(random.random()), until))
                tasks.create_task(troubled(troubles(fleet, worker, network), random, until, suffered))
        finally:
            measuring.cancel()
    return visits


def main() -> int:
    asked = arguments()
    seconds = asked.minutes * 60
    print(f"{asked.minutes:g} minutes of trouble; SEED={asked.seed}", flush=True)
    suffered, figures = Counter[str](), Figures()
    try:
        visits = asyncio.run(soak(seconds, Random(asked.seed), suffered, figures))
        growths = figures.growths(seconds)
        print(f"{visits.compared} readers were right, {visits.left} left early; {_counted(visits.statuses)}")
        print("From the second quarter to the last:", *(f"{name} times {times:.2f}" for name, times in growths.items()))
        assert max(growths.values()) <= GROWTH, "something grows"
    except Exception as wrong:  # whatever it was, it is told, and what was found before it as well
        traceback.print_exception(wrong)
        print(f"FAILED after {_counted(suffered)}; SCALED=1 SEED={asked.seed}", file=sys.stderr)
        return 1
    return 0


def arguments() -> argparse.Namespace:
    """From the command line, or from make's variables, which it passes on in the environment."""
    given = os.environ.get
    parser = argparse.ArgumentParser(prog="make soak SCALED=1", description="Readers, restarts and faults.")
    parser.add_argument("--minutes", type=float, default=float(given("MINUTES") or MINUTES))
    parser.add_argument("--seed", type=int, default=int(given("SEED") or time.time()))
    return parser.parse_args()


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{number} {what}" for what, number in sorted(counter.items())) or "nothing"


def _megabytes(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name} {size / 1e6:.1f}" for name, size in sizes.items())


if __name__ == "__main__":
    sys.exit(main())
