"""What is run, in the order of one round: a scenario's contestants one right after the other."""

from dataclasses import dataclass, replace

from bench.load import Load

TWOTRACK, IDIOM, WRITE, NOTES, GUESTS = "twotrack", "idiom", "write", "notes", "guests"

WORKER, AGENTS = "worker", "agents"
"""Who writes replies, where nobody reads them; see `producing`."""

UNDISTURBED, ATTACKED = "undisturbed", "attacked"
"""Whether others send the worst requests that they may; see `attack`."""

LOGGED = {"5kb": 5_000, "15kb": 15_000, "60kb": 60_000}
"""The lengths of replies, in bytes, for which the growth of the database's log is measured; see `log_volume`."""

PAGES, IDIOM_PAGES = "pages", "idiom's pages"
"""Pages that come and leave in rounds; see `pages`."""

RESTARTED = "restarted"
"""One of two servers is restarted; see `restart`."""

PLOT = "plot"

TOKENS_PER_SECOND, TOKEN_CHARACTERS = 58, 5

NAMES = {
    TWOTRACK: "Twotrack",
    IDIOM: "strawberry + broadcaster",
    WRITE: "bare write",
    NOTES: "notes",
    GUESTS: "Twotrack, guests",
}
NAMES |= {name: f"a reply of {size // 1_000} kB" for name, size in LOGGED.items()}
NAMES |= {UNDISTURBED: "undisturbed", ATTACKED: "beside a stranger's and a user's attack"}
NAMES |= {PAGES: "Twotrack", IDIOM_PAGES: "strawberry + broadcaster", RESTARTED: "one of two servers"}
NAMES |= {WORKER: "our worker", AGENTS: "agents, through one server"}


@dataclass(frozen=True)
class Run:
    """One contestant in one scenario."""

    scenario: str
    contestant: str
    load: Load

    @property
    def label(self) -> str:
        return NAMES[self.contestant] + (", deflate" if self.load.deflate else "")

    def __str__(self) -> str:
        size = f" ({self.load.readers:,} readers, {self.load.chars // 1_000:,} kB)" if self.scenario == PLOT else ""
        return f"{self.scenario}{size}: {self.label}"


def table(*, quick: bool) -> list[Run]:
    """The runs behind the table."""
    fanout = Load(readers=300)
    streams = Load(readers=300, messages=150)
    crowd = Load(readers=5_000, least_delivered=1.0)
    idle = Load(readers=1_000, updates=0)
    attack = Load(readers=50, updates=180, chars=18_000, least_delivered=0.5)
    pages = Load(readers=1_000, messages=50, updates=0)
    restart = Load(readers=10_000, messages=50, updates=0)
    producers = Load(readers=0, messages=200, updates=36, chars=36 * TOKEN_CHARACTERS * TOKENS_PER_SECOND // 3)
    if quick:
        # Faster steps of the same size, which flatters whoever is also busy by the second; or fewer of them, where the
        # worker or the readers could not keep up.
        fanout = replace(fanout, per_second=6.0)
        streams, crowd = (replace(load, updates=12, chars=4_500) for load in (streams, crowd))
        idle = replace(idle, readers=300)
        restart = replace(restart, readers=2_000)
        producers = replace(producers, messages=50)
        attack = replace(attack, updates=45, chars=4_500)
    return [
        *_runs("fanout", fanout, plain=(WRITE, TWOTRACK, NOTES, IDIOM), deflate=(TWOTRACK, NOTES, IDIOM)),
        *_runs("streams", streams, plain=(WRITE, TWOTRACK, NOTES, IDIOM)),
        *_runs("crowd", crowd, plain=(WRITE, TWOTRACK, GUESTS)),
        *_runs("idle", idle, plain=(TWOTRACK,), deflate=(TWOTRACK,)),
        *_runs("pages", pages, plain=(PAGES, IDIOM_PAGES)),
        *_runs("restart", restart, plain=(RESTARTED,)),
        *_runs("producers", producers, plain=(WORKER, AGENTS)),
        *_runs("attack", attack, plain=(UNDISTURBED, ATTACKED)),
        *(Run("log", name, Load(readers=0, chars=size)) for name, size in LOGGED.items()),
    ]


SCENARIOS = {
    "fanout": "many readers: 300 of one message",
    "streams": "many streams: 150 messages, 2 readers each",
    "crowd": "5,000 readers of one message",
    "idle": "idle, subscribed connections",
    "pages": "1,000 pages that come and leave, ten times",
    "restart": "10,000 pages of two servers, one restarts",
    "producers": "200 replies at 58 tokens/s, CPU per second",
    "attack": "50 readers of one message for a minute",
    "log": "what Postgres writes to its log",
}


def plot(*, quick: bool) -> dict[str, list[Run]]:
    """The runs behind each plot."""
    readers = (1, 10, 100) if quick else (1, 10, 100, 1_000, 5_000)
    # The longest reply is 1,000,000 bytes, and the text has a few characters of several bytes.
    sizes = (2_000, 20_000) if quick else (2_000, 20_000, 200_000, 980_000)
    by_readers = [Load(readers=count, updates=15) for count in readers]
    by_size = [Load(readers=100, updates=15, chars=chars) for chars in sizes]
    everybody = {"plain": (WRITE, TWOTRACK, IDIOM), "deflate": (TWOTRACK, IDIOM)}
    return {
        "readers": [run for load in by_readers for run in _runs(PLOT, load, **everybody)],
        "size": [run for load in by_size for run in _runs(PLOT, load, **everybody)],
    }


def _runs(scenario: str, load: Load, *, plain: tuple[str, ...], deflate: tuple[str, ...] = ()) -> list[Run]:
    return [
        *(Run(scenario, contestant, load) for contestant in plain),
        *(Run(scenario, contestant, replace(load, deflate=True)) for contestant in deflate),
    ]
