"""`make soak`: ten minutes of cuts, sleeps and restarts, in three tabs of one chat.

    make soak                     prints what it finds at each calm moment, and fails if anything is wrong
    make soak SECONDS=120         shorter
    make soak SEED=7              the troubles of an earlier run, as near as two machines can be alike
    make soak SCALED=1 TABS=1     with two server processes, a Postgres and a Redis, each of which may die

Ann has two tabs on one laptop, Bob has one on another, and Cem takes part over HTTP. They ask and stop and regenerate
while networks are cut or fall silent, laptops sleep, and the server is stopped and killed. Every now and then all of
that ceases, and `calm` looks whether every tab is right.
"""

import argparse
import asyncio
import os
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.e2e.laptop import laptop
from tests.e2e.site import build_pages, running, scaled
from tools.calm import Calm, Checkpoint
from tools.crowd import Crowd
from tools.troubles import troubled

SECONDS = 600

ROUND_SECONDS = 40
"""Of troubles before each look: long enough for a laptop's sleep, and for sockets that are dead without saying so."""

FEWEST_LOOKS = 2
"""A heap grows from one to another."""

GROWTH_BYTES = 10_000_000
"""What a tab's heap may grow by from the first look to the last: texts that its cache keeps, and nothing else."""

TITLE, ELSEWHERE = "Tides", "Elsewhere"

SETTINGS: dict[str, Any] = {
    "model": "scripted?chars=2400&rate=200",  # twelve seconds: long enough to be in the middle of it
    "cadence_seconds": 0.2,
    "send_timeout_seconds": 3,  # a laptop that sleeps is a reader who is stuck
}


@dataclass
class Figures:
    """What a soak has found so far."""

    started: float = field(default_factory=time.monotonic)
    suffered: Counter[str] = field(default_factory=Counter)
    looks: list[Checkpoint] = field(default_factory=list)

    def look(self, checkpoint: Checkpoint) -> None:
        self.looks.append(checkpoint)
        told = [
            f"{time.monotonic() - self.started:4.0f} s",
            f"{checkpoint.messages:3} messages, {checkpoint.characters:6} characters",
            _counted(checkpoint.statuses),
            f"{checkpoint.streams} streams at once",
            f"right within {checkpoint.settled:.0f} s",
            f"heaps {_megabytes(checkpoint.heaps)} MB",
            f"nodes {', '.join(map(str, checkpoint.nodes))}",
            f"after {_counted(self.suffered)}",
        ]
        print("; ".join(told), flush=True)

    @property
    def growths(self) -> list[int]:
        """Of each tab's heap, in bytes, from the first look to the last."""
        first, last = self.looks[0].heaps, self.looks[-1].heaps
        return [after - before for before, after in zip(first, last, strict=True)]


def main() -> int:
    asked = arguments()
    print(f"{asked.seconds:g} seconds of trouble; SEED={asked.seed}", flush=True)
    build_pages()
    figures = Figures()
    try:
        asyncio.run(soak(asked.seconds, Random(asked.seed), figures, is_scaled=asked.scaled))
    except Exception as wrong:  # whatever it was, it is told, and what was found before it as well
        traceback.print_exception(wrong)
        again = f"SEED={asked.seed}" + " SCALED=1 TABS=1" * asked.scaled
        print(f"FAILED after {_counted(figures.suffered)}; {again}", file=sys.stderr)
        return 1
    compared = sum(look.messages for look in figures.looks)
    print(f"{compared} messages were right on every tab, {len(figures.looks)} times.")
    print(f"Heaps grew by {_megabytes(figures.growths)} MB.")
    return 0


def arguments() -> argparse.Namespace:
    """From the command line, or from make's variables, which it passes on in the environment."""
    given = os.environ.get
    parser = argparse.ArgumentParser(prog="make soak", description="Cuts, sleeps and restarts, in three tabs.")
    parser.add_argument("--seconds", type=float, default=float(given("SECONDS") or SECONDS))
    parser.add_argument("--seed", type=int, default=int(given("SEED") or time.time()))
    parser.add_argument("--scaled", action="store_true", default=bool(given("SCALED")))
    return parser.parse_args()


async def soak(seconds: float, random: Random, figures: Figures, *, is_scaled: bool) -> None:
    """Raises AssertionError for the first thing that is wrong."""
    async with scaled(**SETTINGS) if is_scaled else running(**SETTINGS) as site:
        ann, bob, cem = people = await site.people("Ann", "Bob", "Cem")
        chat, elsewhere = [await ann.create_chat(title) for title in (TITLE, ELSEWHERE)]
        for other in (bob, cem):
            await ann.add(chat, other)
            await ann.add(elsewhere, other)
        async with (
            site.database() as database,
            laptop(site, ann, tabs=2) as anns,
            laptop(site, bob, tabs=1) as bobs,
        ):
            laptops = [anns, bobs]
            for one in laptops:
                await one.opens(chat)
            crowd = Crowd(laptops, cem, chat, TITLE, ELSEWHERE)
            calm = Calm(site, database, laptops, people, crowd, chat)
            await calm.watches()
            while len(figures.looks) < FEWEST_LOOKS or time.monotonic() < figures.started + seconds:
                until = time.monotonic() + min(ROUND_SECONDS, seconds / FEWEST_LOOKS)
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(crowd.busy(random, until))
                    tasks.create_task(troubled(site, laptops, random, until, figures.suffered))
                try:
                    figures.look(await calm.checked())
                except AssertionError:
                    print(*await calm.told(), sep="\n", file=sys.stderr)
                    raise
    assert max(figures.growths) < GROWTH_BYTES, f"heaps grew by {_megabytes(figures.growths)} MB"


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{number} {what}" for what, number in sorted(counter.items())) or "nothing"


def _megabytes(sizes: list[int]) -> str:
    return ", ".join(f"{size / 1e6:.1f}" for size in sizes)


if __name__ == "__main__":
    sys.exit(main())
