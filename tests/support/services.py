"""Real Redis and Postgres servers for the tests: thrown away afterwards, on free ports of the loopback interface.

Everything here blocks for a moment: in an async test that other tasks must outlive, `await
asyncio.to_thread(server.kill)`.

    def test_what_heals_when_the_bus_is_gone(redis_server: Redis) -> None:
        redis_server.kill()
        redis_server.start()  # the same port, the same data
"""

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, TypeVar
from uuid import uuid4

import asyncpg
import pytest

from tests.support.executables import chromium, postgres_binaries, redis_binary

__all__ = ["Postgres", "Redis", "chromium", "free_port", "postgres_server", "redis_server", "throw_away"]

START_SECONDS = 90
"""A server that is not answering by then is broken, even where two cores are shared by a whole suite."""

LEASH = 'read -r _; kill -KILL "$1" 2>/dev/null; rm -rf "$2"'
"""Reads from a pipe that only the test run holds: a run that is killed takes its servers with it."""


class Server:
    """A server process that can be stopped, killed and started again on the same port with the same data."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._leash: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        raise NotImplementedError

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError(f"{type(self).__name__} is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Return once the server answers."""
        if self.running:
            return
        deadline = time.monotonic() + START_SECONDS
        while not self._try_start(deadline):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{type(self).__name__} did not start:\n{self._log()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """As an operator stops it: clients are cut off, data is kept."""
        self._end(self._polite_signal)

    def kill(self) -> None:
        """As a machine dies: SIGKILL, without a word to anybody."""
        self._end(signal.SIGKILL)

    _polite_signal = signal.SIGTERM

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _answers(self) -> bool:
        raise NotImplementedError

    def _user(self) -> str | None:
        """Who runs it; None is whoever runs the tests."""
        return None

    def _environment(self) -> dict[str, str] | None:
        """Its environment variables; None is those of the tests."""
        return None

    def _try_start(self, deadline: float) -> bool:
        with (self.directory / "log").open("ab") as log:
            self._process = run_as(self._user(), self._command(), log, self._environment())
        self._leash = subprocess.Popen(
            ["/bin/sh", "-c", LEASH, "leash", str(self.pid), str(self.directory)], stdin=subprocess.PIPE
        )
        while self.running:
            if self._answers():
                return True
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        self.kill()
        return False  # it died of what may pass: killed backends that still hold the shared memory

    def _end(self, signum: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(signum)
        self._process.wait(START_SECONDS)
        self._process = None
        if self._leash is not None and self._leash.stdin is not None:
            self._leash.kill()  # before its pipe closes: the directory stays
            self._leash.wait()
            self._leash.stdin.close()
            self._leash = None

    def _log(self) -> str:
        return (self.directory / "log").read_text(errors="replace")[-4_000:]


class Redis(Server):
    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def _command(self) -> list[str]:
        # Appended before each answer, so that SIGKILL takes nothing that a client was told.
        options = {"port": self.port, "bind": "127.0.0.1", "dir": self.directory, "save": "", "appendonly": "yes"}
        return [redis_binary(), *(word for name, value in options.items() for word in (f"--{name}", str(value)))]

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(7) == b"+PONG\r\n"  # not "-LOADING"
        except OSError:
            return False


class Postgres(Server):
    _polite_signal = signal.SIGINT  # "fast": SIGTERM would wait for every client to leave

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._bin = postgres_binaries()
        self._data = directory / "data"
        self._templates: set[str] = set()
        if (user := self._user()) is not None:
            self._bin = readable_by_all(self._bin, directory)
            shutil.chown(directory, user)
        self._initdb()

    @property
    def url(self) -> str:
        return self._url("postgres")

    @contextlib.contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The URL of a database of one's own: a copy of the template, gone afterwards whoever is still in it."""
        name = f"test_{uuid4().hex}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield self._url(name)
        finally:
            if self.running:
                self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def template(self, name: str, prepare: Callable[[str], object]) -> str:
        """A database that `prepare(url)` has filled, once, for `database(template)` to copy: milliseconds, not seconds.

        `prepare` must leave no connection behind, as Postgres copies only what nobody is in.
        """
        if name not in self._templates:
            self.execute(f'CREATE DATABASE "{name}"')
            prepare(self._url(name))
            self.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
            self._templates.add(name)
        return name

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the superuser, each in a transaction of its own."""

        async def run() -> None:
            connection = await asyncpg.connect(
                host="127.0.0.1", port=self.port, user="postgres", database=database, ssl=False
            )
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        with ThreadPoolExecutor(1) as thread:  # the caller's thread may have a loop running
            thread.submit(asyncio.run, run()).result()

    def _url(self, database: str) -> str:
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{database}"

    def _user(self) -> str | None:
        """Postgres refuses to run as root."""
        if os.geteuid() != 0:
            return None
        users = {user.pw_name for user in pwd.getpwall()}
        return "postgres" if "postgres" in users else "nobody"

    def _initdb(self) -> None:
        command = [self._bin / "initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        with (self.directory / "log").open("ab") as log:
            process = run_as(self._user(), [*map(str, command), "--no-sync", "-D", str(self._data)], log)
        if process.wait(START_SECONDS) != 0:
            raise RuntimeError(f"initdb failed:\n{self._log()}")

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 200,
            # Survives SIGKILL, which takes no page cache along, but not a power cut, which no test needs.
            "fsync": "off",
            "full_page_writes": "off",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self._bin / "postgres"), "-D", str(self._data), *options]

    def _answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return True


AnyServer = TypeVar("AnyServer", bound=Server)


@contextlib.contextmanager
def throw_away(kind: type[AnyServer]) -> Iterator[AnyServer]:
    """A running server of one's own, for a test that needs more than the session's."""
    directory = Path(tempfile.mkdtemp(prefix=f"twotrack-{kind.__name__.lower()}-"))
    try:
        server = kind(directory)
        try:
            server.start()
            yield server
        finally:
            server.kill()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    with throw_away(Redis) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    with throw_away(Postgres) as server:
        yield server


def readable_by_all(binaries: Path, directory: Path) -> Path:
    """The same binaries where another user reaches them: a checkout below /root is closed to all but root."""
    if all(parent.stat().st_mode & 0o001 for parent in binaries.parents):
        return binaries
    package = binaries.parent.parent  # with the shared libraries that lie beside it in site-packages
    copy = directory / package.name
    shutil.copytree(binaries.parent, copy / binaries.parent.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, directory / libraries.name, symlinks=True)
    return copy / binaries.parent.name / binaries.name


def run_as(
    user: str | None, command: list[str], log: IO[bytes], environment: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a command as somebody else, or as whoever runs the tests."""
    account: dict[str, Any] = (
        {} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": [], "cwd": "/"}
    )
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, **account)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
