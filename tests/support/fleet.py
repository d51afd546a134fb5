"""Twotrack as an operator runs it at scale: server and worker processes on a Redis and a Postgres of their own.

async with fleet.worker("scripted?chars=600&rate=300") as worker, conversation(fleet) as talk:
    reply = await talk.ask()                    # Ann asks; both follow the reply, each on another server
    await talk.shown(reply, 100)                # both have seen as many characters
    worker.kill()
# left: every reader's last frame equals the row, no reader hangs, both pages stand where their chat stands
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

from api.settings import PREFIX
from tests.support.backends import SECRET, UNLIMITED
from tests.support.deployment import Deployment
from tests.support.services import Postgres, Redis, Server
from tests.support.until import PATIENCE_SECONDS

CADENCE = 0.1
PATIENCE = 0.5
LEASE = 2.0
GRACE = 10.0
"""What the processes are told, where a test says nothing else: seconds, and as few as two busy cores allow."""

TWOTRACK = Path(sys.executable).with_name("twotrack")


async def comes_true(holds: Callable[[], bool], called: str, said: Callable[[], str] = str) -> None:
    """Return once this holds. For what only another process knows; `said` tells, if it fails, what that has said."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds():  # noqa: ASYNC110 no event is set for it
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited {PATIENCE_SECONDS} s in vain for {called}\n{said()}") from None


def children_of(parent: int) -> list[tuple[int, str]]:
    """A process's children, and what they run."""
    columns = ["-o", "pid=", "-o", "ppid=", "-o", "args="]
    listing = subprocess.run(["ps", "-A", "-ww", *columns], capture_output=True, text=True, check=True)
    rows = [line.split(maxsplit=2) for line in listing.stdout.splitlines()]
    return [(int(pid), words) for pid, above, words in rows if int(above) == parent]


@contextmanager
def frozen(server: Server) -> Iterator[None]:
    """A server stopped with all its children in the middle of whatever they were doing: a machine that hangs."""
    family = [server.pid]
    try:
        send(signal.SIGSTOP, server.pid)  # first, so that it has no more children
        family += [pid for pid, _ in children_of(server.pid)]
        send(signal.SIGSTOP, *family)
        yield
    finally:
        send(signal.SIGCONT, *family)


def send(number: signal.Signals, *pids: int) -> None:
    """A signal to those that still live."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


class Process(Server):
    """One `twotrack` command, and what it has logged."""

    def __init__(self, settings: dict[str, Any], *arguments: str) -> None:
        super().__init__(Path(tempfile.mkdtemp(prefix="twotrack-process-")))
        self._settings = {f"{PREFIX}{name.upper()}": str(value) for name, value in settings.items()}
        self._arguments = arguments

    def _command(self) -> list[str]:
        return [str(TWOTRACK), *self._arguments]

    def _environment(self) -> dict[str, str]:
        # Without what it has compiled before, each process would take seconds to start.
        theirs = ("PYTHONDONTWRITEBYTECODE", *(name for name in os.environ if name.startswith(PREFIX)))
        return {name: value for name, value in os.environ.items() if name not in theirs} | self._settings

    def _answers(self) -> bool:
        return bool(self._lines("worker started"))

    def _try_start(self, deadline: float) -> bool:
        (self.directory / "log").write_bytes(b"")
        return super()._try_start(deadline)

    def end(self) -> None:
        """Killed if it still lives, and forgotten."""
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _lines(self, event: str) -> list[dict[str, Any]]:
        """What was logged under this name since the process was started."""
        lines = (self.directory / "log").read_text(errors="replace").splitlines()
        entries = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [entry for entry in entries if entry.get("event") == event]

    async def logged(self, event: str, times: int = 1) -> None:
        """Until the process has logged this so often."""
        await comes_true(lambda: len(self._lines(event)) >= times, event, lambda: self.log[-4000:])

    @property
    def log(self) -> str:
        """All that it said, for whoever has to find out why a test failed."""
        return (self.directory / "log").read_text(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    @property
    def children(self) -> list[int]:
        """The processes of `--processes`."""
        return [pid for pid, words in children_of(self.pid) if "spawn_main" in words]

    async def leaves(self) -> None:
        """Send SIGTERM, and wait until the process has ended well."""
        self.signal(signal.SIGTERM)
        await self.gone()

    async def gone(self) -> None:
        """Wait until a process that is about to end has ended well: uvicorn ends by the signal that it was sent."""
        process = self._process
        assert process is not None
        await comes_true(lambda: process.poll() is not None, "its end", lambda: self.log[-4000:])
        self.kill()
        assert process.returncode in (0, -signal.SIGTERM), self.log[-4000:]


class ServerProcess(Process):
    """`twotrack serve`, without replies where nothing else is said."""

    def __init__(self, settings: dict[str, Any], *arguments: str) -> None:
        super().__init__(settings)
        self._arguments = ("serve", "--port", str(self.port), *(arguments or ("--no-replies",)))

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=1) as response:
                return bool(response.status == 200)
        except urllib.error.HTTPError as error:
            error.close()  # it is an answer as well
            return False
        except OSError:
            return False


class Fleet(Deployment):
    """Two servers that are always there, workers as a test wants them, and the services beneath."""

    def __init__(self, redis: Redis, postgres: Postgres, database_url: str) -> None:
        super().__init__(database_url)
        self.redis = redis
        self.postgres = postgres
        self.servers = [ServerProcess(self.settings()) for _ in range(2)]

    def settings(self, **changes: Any) -> dict[str, Any]:
        return {
            "database_url": self.database_url,
            "broadcast_url": self.redis.url,
            "secret_key": SECRET,
            "model": "scripted",
            "cadence_seconds": CADENCE,
            "patience_seconds": PATIENCE,
            "lease_seconds": LEASE,
            "queue_seconds": 60,
            "model_timeout_seconds": 30,
            "grace_seconds": GRACE,
            "send_timeout_seconds": 5,
            **UNLIMITED,
            **changes,
        }

    @property
    def ports(self) -> list[int]:
        return [server.port for server in self.servers]

    async def mended(self) -> None:
        """Everything runs and answers, whatever the last test did to it."""
        for service in (self.redis, self.postgres):
            await asyncio.to_thread(service.start)
        await asyncio.gather(*(asyncio.to_thread(server.start) for server in self.servers))
        await comes_true(lambda: all(server._answers() for server in self.servers), "two servers that are ready")

    def end(self) -> None:
        for server in self.servers:
            server.end()

    @asynccontextmanager
    async def worker(
        self, model: str = "scripted", *, arguments: tuple[str, ...] = (), **settings: Any
    ) -> AsyncIterator[Process]:
        """A worker that is ready for work; killed in the end, if it still lives."""
        worker = Process(self.settings(model=model, **settings), "worker", *arguments)
        try:
            await asyncio.to_thread(worker.start)
            yield worker
        finally:
            worker.end()

    @asynccontextmanager
    async def workers(self, number: int, model: str = "scripted", **settings: Any) -> AsyncIterator[list[Process]]:
        async with AsyncExitStack() as stack:
            starting = [stack.enter_async_context(self.worker(model, **settings)) for _ in range(number)]
            yield list(await asyncio.gather(*starting))
