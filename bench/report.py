"""What is told at the end: the ratios with their goals, and the figures behind them."""

import dataclasses
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.measure import Figures
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
    SCENARIOS,
    TWOTRACK,
    UNDISTURBED,
    WORKER,
    WRITE,
    Run,
)

Round = dict[Run, Figures]

BUSY_SHARE = 0.05
"""On a machine of one's own it is below one percent."""


class Of:
    """The figures of one round: `of("fanout", TWOTRACK, deflate=True).cpu_us`. KeyError where a run failed."""

    def __init__(self, figures: Round) -> None:
        self._figures = {(run.scenario, run.contestant, run.load.deflate): found for run, found in figures.items()}

    def __call__(self, scenario: str, contestant: str, *, deflate: bool = False) -> Figures:
        return self._figures[scenario, contestant, deflate]


@dataclass(frozen=True)
class Goal:
    """A figure under the name that the JSON has for it, and what it should be at most."""

    name: str
    most: float
    figure: Callable[[Of], float]
    meaning: str


def cpu(
    scenario: str, rival: str, *, deflate: bool = False, rival_deflates: bool = False, of_whom: str = TWOTRACK
) -> Callable[[Of], float]:
    """The CPU time per delivered update of `of_whom`, in the rival's."""
    return lambda of: of(scenario, of_whom, deflate=deflate).cpu_us / of(scenario, rival, deflate=rival_deflates).cpu_us


def share_of_bytes(of: Of) -> float:
    compressed = of("fanout", TWOTRACK, deflate=True)
    return compressed.wire_bytes / compressed.text_bytes


def log_bytes(length: str) -> Callable[[Of], float]:
    """What Postgres writes to its log for each byte of a reply of this length."""
    return lambda of: of("log", length).log_bytes


GOALS = [
    Goal("fanout_plain_vs_write", 1.8, cpu("fanout", WRITE), "CPU, many readers, against the bare write"),
    Goal("fanout_deflate_vs_write", 2.0, cpu("fanout", WRITE, deflate=True), "… with deflate, against it without"),
    Goal("fanout_deflate_bytes_share", 0.05, share_of_bytes, "… and of the bytes, what is left"),
    Goal("fanout_plain_vs_idiom", 1 / 12, cpu("fanout", IDIOM), "CPU, many readers, against the idiom"),
    Goal(
        "fanout_deflate_vs_idiom",
        1 / 18,
        cpu("fanout", IDIOM, deflate=True, rival_deflates=True),
        "… both with deflate",
    ),
    Goal("streams_plain_vs_idiom", 1 / 3, cpu("streams", IDIOM), "CPU, many streams, against the idiom"),
    Goal("notes_fanout_plain_vs_write", 1.8, cpu("fanout", WRITE, of_whom=NOTES), "… of notes, a second model"),
    Goal(
        "notes_fanout_deflate_vs_write",
        2.0,
        cpu("fanout", WRITE, deflate=True, of_whom=NOTES),
        "… of notes with deflate",
    ),
    Goal("notes_streams_plain_vs_idiom", 1 / 3, cpu("streams", IDIOM, of_whom=NOTES), "… of notes, many streams"),
    Goal("connection_kb_plain", 60, lambda of: of("idle", TWOTRACK).connection_kb, "kB for an idle connection"),
    Goal(
        "connection_kb_deflate",
        70,
        lambda of: of("idle", TWOTRACK, deflate=True).connection_kb,
        "… with deflate",
    ),
    Goal(
        "connect_cpu_vs_idiom",
        1.0,
        lambda of: of("pages", PAGES).connect_us / of("pages", IDIOM_PAGES).connect_us,
        "CPU to connect and subscribe, against the idiom",
    ),
    Goal("connect_ms", 2.5, lambda of: of("pages", PAGES).connect_us / 1e3, "ms of CPU to open a page"),
    Goal("page_socket_kb", 40, lambda of: of("pages", PAGES).connection_kb, "kB for a page with `sync` and a stream"),
    Goal(
        "memory_after_rounds_ratio",
        1.1,
        lambda of: of("pages", PAGES).rounds_ratio,
        "memory after ten rounds of pages, of that after one",
    ),
    Goal(
        "restart_abandoned_share",
        0.01,
        lambda of: of("restart", RESTARTED).abandoned / of("restart", RESTARTED).handshakes,
        "handshakes that clients gave up, of all after a restart",
    ),
    Goal(
        "producer_cpu_vs_worker",
        1.5,
        cpu("producers", WORKER, of_whom=AGENTS),
        "CPU, agents' replies against ours",
    ),
    Goal("append_p99_ms", 700, lambda of: of("producers", AGENTS).p99_ms, "ms from all but 1 % of appends to receipt"),
    Goal(
        "guests_of_participants",
        1.1,
        lambda of: of("crowd", GUESTS).cpu_us / of("crowd", TWOTRACK).cpu_us,
        "CPU for 5,000 guests, of that for 5,000 sockets of participants",
    ),
    Goal("five_thousand_p99_ms", 250, lambda of: of("crowd", TWOTRACK).p99_ms, "ms to all but 1 % of 5,000 readers"),
    Goal(
        "attack_p99_added_ms",
        50,
        lambda of: of("attack", ATTACKED).p99_ms - of("attack", UNDISTURBED).p99_ms,
        "ms that an attack adds to the others' p99",
    ),
    Goal(
        "attack_grown_kb",
        20_000,
        lambda of: of("attack", ATTACKED).grown_kb - of("attack", UNDISTURBED).grown_kb,
        "kB that the server keeps afterwards",
    ),
    *(
        Goal(f"log_bytes_per_reply_byte_{name}", 12, log_bytes(name), f"bytes of log for one of a {name[:-2]} kB reply")
        for name in LOGGED
    ),
]


def reached(rounds: Iterable[Round]) -> dict[str, float]:
    """Each goal's figure: of each round by itself, as the machine drifts between them, and of these the median."""
    found: dict[str, list[float]] = {}
    for figures in rounds:
        of = Of(figures)
        for goal in GOALS:
            try:
                found.setdefault(goal.name, []).append(goal.figure(of))
            except KeyError:
                continue
    return {name: median(values) for name, values in found.items() if values}


def as_table(rounds: list[Round]) -> str:
    """The medians of all runs, then the goals."""
    lines = []
    for scenario, title in SCENARIOS.items():
        runs = [run for run in dict.fromkeys(run for figures in rounds for run in figures) if run.scenario == scenario]
        if not runs:
            continue
        heads = (
            "CPU/update",
            "p50",
            "p99",
            "on the wire",
            "of text",
            "skipped",
            "connection",
            "core",
            "kept off",
            "readers'",
        )
        lines += ["", f"{title:44}" + "".join(f"{head:>12}" for head in heads)]
        for run in runs:
            of = middle([figures[run] for figures in rounds if run in figures])
            cells = [f"{of.connection_kb:.1f} kB"]
            if of.delivered:
                cells = [
                    f"{of.cpu_us:.1f} µs",
                    f"{of.p50_ms:.1f} ms",
                    f"{of.p99_ms:.1f} ms",
                    f"{of.wire_bytes:,.0f} B",
                    f"{of.text_bytes:,.0f} B",
                    f"{of.skipped}",
                    *cells,
                    f"{of.core_share:.0%}",
                    f"{of.waited_share:.0%}",
                    f"{of.reader_us:.1f} µs",
                ]
            elif of.handshakes:
                told = f"{of.handshakes} handshakes, {of.abandoned} abandoned, {of.told_to_retry} told to retry"
                cells = [f"  {told}; {of.seconds:.0f} s until all were back, {of.largest_share:.0%} on one server"]
            else:
                cells = ["-"] * 6 + cells
            lines.append(f"  {run.label:42}" + "".join(f"{cell:>12}" for cell in cells))
    if any(found.waited_share > BUSY_SHARE for figures in rounds for found in figures.values()):
        lines += ["", "Something else kept the servers off their core: trust no latency here, and ratios with care."]
    figures = reached(rounds)
    lines += ["", f"{'':44}{'':28}{'is':>12}{'goal':>12}"]
    for goal in GOALS:
        if goal.name in figures:
            met = "" if figures[goal.name] <= goal.most else "  not met"
            lines.append(f"  {goal.meaning:42}{goal.name:28}{figures[goal.name]:12.3f}{goal.most:12.3f}{met}")
    return "\n".join(lines)


def as_json(rounds: list[Round]) -> dict[str, Any]:
    """The goals' figures by name; what they were made from under `runs`, one entry a round."""
    runs: dict[str, list[dict[str, Any]]] = {}
    for figures in rounds:
        for run, found in figures.items():
            runs.setdefault(str(run), []).append(dataclasses.asdict(found))
    return {**reached(rounds), "runs": runs, "python": platform.python_version(), "machine": platform.machine()}


def middle(figures: list[Figures]) -> Figures:
    """The median of each figure by itself."""
    names = [field.name for field in dataclasses.fields(Figures)]
    return Figures(**{name: median(getattr(found, name) for found in figures) for name in names})
