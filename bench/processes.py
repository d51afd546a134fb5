"""The processes of a benchmark: the core that each runs on, what it uses, and that it ends."""

import asyncio
import os
import resource
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

START_SECONDS = 60
"""For a server to listen, even on a machine that is busy with something else."""

END_SECONDS = 10
"""For a process to end when it is told to; then it is killed."""

ROOT = Path(__file__).parents[1]


def two_cores() -> tuple[int, int]:
    """One for the server alone, one for everything else: what is measured is not jostled by what measures it."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("The benchmarks need two cores: one for the server, one for the readers and the rest.")
    return cores[-1], cores[0]


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Whatever is started in this block runs on that core, and only there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def allow_many_sockets() -> None:
    """As many files as the machine lets us, here and in whatever is started from here: each reader needs one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Times(NamedTuple):
    """Since a process began, in seconds."""

    ran: float
    waited: float
    """It could have run, but something else had its core."""


class Died(Exception):
    """A process ended that should not have; the sentence has its last words."""


class Process:
    """A running program. Made by `running`."""

    def __init__(self, popen: subprocess.Popen[bytes], log: Path) -> None:
        self._popen = popen
        self._log = log

    @property
    def pid(self) -> int:
        return self._popen.pid

    def signal(self, number: int) -> None:
        self._popen.send_signal(number)

    def end(self) -> None:
        """Wait until it has ended."""
        self._popen.terminate()
        try:
            self._popen.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()

    def check(self) -> None:
        """Raise Died unless it runs."""
        if (code := self._popen.poll()) is not None:
            words = self._log.read_text(errors="replace")[-2_000:]
            raise Died(f"{' '.join(self._popen.args)} ended with {code}:\n{words}")  # type: ignore[arg-type]

    async def listens(self, port: int) -> None:
        """Return once it accepts connections there."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            self.check()
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.05)

    def times(self) -> "Times":
        """What the scheduler's books say of its threads: in nanoseconds, where `ps` has ticks of 10 ms."""
        ran = waited = 0
        for thread in Path(f"/proc/{self.pid}/task").iterdir():
            with suppress(OSError):  # that thread has just ended
                numbers = (thread / "schedstat").read_text().split()
                ran, waited = ran + int(numbers[0]), waited + int(numbers[1])
        return Times(ran / 1e9, waited / 1e9)

    def resident_kb(self) -> float:
        """The memory that it holds."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 1024


@asynccontextmanager
async def running(command: Sequence[str], env: Mapping[str, str], *, core: int) -> AsyncIterator[Process]:
    """A program on that core, until the block is left."""
    with tempfile.TemporaryDirectory(prefix="twotrack-bench-") as directory:
        process = _start(command, env, Path(directory), core)
        try:
            yield process
        finally:
            await asyncio.to_thread(process.end)


def _start(command: Sequence[str], env: Mapping[str, str], directory: Path, core: int) -> Process:
    log = directory / "log"
    with on_core(core), log.open("wb") as output:
        # Not in the checkout, where a `.env` might lie.
        popen = subprocess.Popen(
            command, cwd=directory, env=environment(**env), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    return Process(popen, log)


def environment(**wanted: str) -> dict[str, str]:
    """Ours, without what its owner may have set for a Twotrack of their own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TWOTRACK_")}
    one_user_for_many = {"TWOTRACK_MESSAGES_PER_MINUTE": "0", "TWOTRACK_REPLIES_AT_ONCE": "0"}
    return {**kept, "PYTHONPATH": str(ROOT), **one_user_for_many, **wanted}
