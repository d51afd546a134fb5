"""`make bench`: what an update costs, side by side with others, interleaved in one run.

    make bench                    three rounds, a table
    make bench JSON=path          … and the figures in a file
    make bench ROUNDS=1 ONLY=fanout
    make bench QUICK=1            one round of shorter runs
    make bench PLOT=1             docs/cost-by-readers.svg and docs/cost-by-size.svg instead

Only ratios within a run mean something: machines differ, and so does what else they are doing. A run whose frames are
wrong or missing fails it, however fast it was.
"""

import argparse
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from pathlib import Path

import uvloop

from bench import attack, log_volume, pages, plot, producing, report, restart, scenarios
from bench.contestants import REST, Contestant, Services, bare, idiom
from bench.load import Load
from bench.measure import Figures, measure
from bench.processes import ROOT, allow_many_sockets, on_core
from bench.scenarios import (
    AGENTS,
    ATTACKED,
    GUESTS,
    IDIOM,
    IDIOM_PAGES,
    LOGGED,
    NOTES,
    PAGES,
    RESTARTED,
    TWOTRACK,
    UNDISTURBED,
    WORKER,
    WRITE,
    Run,
)
from tests.support.services import Postgres, Redis, throw_away

Produce = Callable[[Load], Awaitable[Figures]]

ROUNDS = 3
"""Their median leaves out one that something else on the machine disturbed."""


def main() -> int:
    asked = arguments()
    allow_many_sockets()
    with on_core(REST), throw_away(Redis) as redis, throw_away(Postgres) as postgres:
        assert isinstance(redis, Redis)
        assert isinstance(postgres, Postgres)
        services = Services(redis, postgres)
        bench = Bench(
            {
                TWOTRACK: services.twotrack,
                GUESTS: partial(services.twotrack, guests=True),
                NOTES: services.notes,
                IDIOM: idiom,
                WRITE: bare,
            },
            {
                PAGES: partial(pages.of_twotrack, services),
                IDIOM_PAGES: pages.of_idiom,
                RESTARTED: partial(restart.of_one, services),
                WORKER: partial(producing.by_worker, services),
                AGENTS: partial(producing.by_agents, services),
                UNDISTURBED: partial(attack.undisturbed, services),
                ATTACKED: partial(attack.attacked, services),
                **dict.fromkeys(LOGGED, partial(log_volume.of_a_reply, services)),
            },
        )
        if asked.plot:
            for name, runs in scenarios.plot(quick=asked.quick).items():
                path = ROOT / "docs" / f"cost-by-{name}.svg"
                path.parent.mkdir(exist_ok=True)
                path.write_text(plot.PLOTS[name](bench.run(runs)))
                print(f"{path} is written.")
        else:
            runs = [run for run in scenarios.table(quick=asked.quick) if run.scenario in asked.only]
            rounds = [bench.run(runs) for _ in range(asked.rounds)]
            print(report.as_table(rounds))
            if asked.json:
                asked.json.write_text(json.dumps(report.as_json(rounds), indent=2) + "\n")
    for failure in bench.failures:
        print(f"\nFAILED  {failure}", file=sys.stderr)
    return 1 if bench.failures else 0


def arguments() -> argparse.Namespace:
    """From the command line, or from make's variables, which it passes on in the environment."""
    given = os.environ.get
    quick = given("QUICK", "") not in ("", "0")
    parser = argparse.ArgumentParser(prog="make bench", description="What an update costs, side by side with others.")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    parser.add_argument("--rounds", type=int, default=int(given("ROUNDS") or (1 if quick else ROUNDS)))
    parser.add_argument("--quick", action="store_true", default=quick, help="one round of shorter runs")
    parser.add_argument("--only", type=lambda names: names.split(","), default=given("ONLY") or [*scenarios.SCENARIOS])
    parser.add_argument("--plot", action="store_true", default=given("PLOT", "") not in ("", "0"))
    return parser.parse_args()


class Bench:
    """Runs one contestant after the other, and remembers what failed."""

    def __init__(self, contestants: dict[str, Contestant], producers: dict[str, Produce]) -> None:
        self._contestants = contestants
        self._producers = producers
        self.failures: list[str] = []

    def run(self, runs: Iterable[Run]) -> dict[Run, Figures]:
        """The figures of those that did not fail."""
        found: dict[Run, Figures] = {}
        for run in runs:
            print(f"{run!s:56}", end=" ", flush=True)
            try:
                figures = found[run] = uvloop.run(self._measure(run))
            except Exception as error:  # whatever it was: the others can still be measured
                print("FAILED", flush=True)
                self.failures.append(f"{run}: {error!r}")
            else:
                print(f"{figures.cpu_us:8.1f} µs {figures.p99_ms:8.1f} ms {figures.connection_kb:6.1f} kB", flush=True)
        return found

    async def _measure(self, run: Run) -> Figures:
        if (produce := self._producers.get(run.contestant)) is not None:
            return await produce(run.load)
        return await measure(self._contestants[run.contestant], run.load)


if __name__ == "__main__":
    sys.exit(main())
