"""Runs uvicorn: servers that sleep until a signal stops them, in one process or several.

The changes to uvicorn rely on its private parts. tests/integration/graphql/test_private_parts.py lists those, and fails
if a release of uvicorn no longer has them.
"""

import asyncio
import sys
import time
from contextlib import suppress
from email.utils import formatdate
from socket import socket
from types import FrameType

import structlog
import uvicorn
from uvicorn.server import ServerState
from uvicorn.supervisors import multiprocess

from api.graphql.transport.backpressure import BoundedSocket
from api.graphql.transport.draining import close_evenly

log = structlog.get_logger(__name__)

RESTART_SECONDS = 5.0
"""Before a child process that could not start is started again, while others serve."""

CLOSING_FACTOR = 2
"""How much longer a server may take to close its WebSockets than to end whatever is left then."""

START_FAILED = 3
"""Exit code of a server that did not start, for example because its port is in use. It is uvicorn's code as well: a
child process that exits with it stops its parent, and is not replaced."""


def run_server(config: uvicorn.Config) -> None:
    """Serve in this process until SIGTERM or SIGINT."""
    server = EventDrivenServer(config)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(START_FAILED)


def run_server_processes(config: uvicorn.Config) -> None:
    """Serve in `config.workers` child processes until SIGTERM or SIGINT, and replace those that die."""
    multiprocess.Process = ServerProcess  # type: ignore[misc]
    supervisor = ServerSupervisor(config, [config.bind_socket()])
    supervisor.run()
    if supervisor.start_failed:
        sys.exit(START_FAILED)


class ServerSupervisor(multiprocess.Multiprocess):
    """Replaces child processes that die. A replacement that cannot start does not stop the others.

    uvicorn's stops all of them: after `twotrack migrate` with a newer version, a child that died would end it.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket]) -> None:
        super().__init__(config, sockets)
        self.start_failed = False
        self._next_start: dict[int, float] = {}
        """When the child at this position may be started again, by the monotonic clock."""

    def keep_subprocess_alive(self) -> None:
        for position, process in enumerate(self.processes):
            if self.should_exit.is_set():
                return
            due = self._next_start.get(position)
            if due is not None and not process.process.is_alive():
                if time.monotonic() >= due:
                    del self._next_start[position]
                    self._replace(position)
                continue
            if process.is_alive(timeout=self.config.timeout_worker_healthcheck):
                continue
            process.kill()  # it does not answer
            process.join()
            if process.exitcode != START_FAILED:
                self._replace(position)
            elif self._serves():
                log.error("server process not started", pid=process.pid, retry_seconds=RESTART_SECONDS)
                self._next_start[position] = time.monotonic() + RESTART_SECONDS
            else:
                self.start_failed = True
                self.should_exit.set()

    def _replace(self, position: int) -> None:
        log.info("server process replaced", pid=self.processes[position].pid)
        process = multiprocess.Process(self.config, self.sockets)
        process.start()
        self.processes[position] = process

    def _serves(self) -> bool:
        """Whether a child has started to serve."""
        timeout = self.config.timeout_worker_healthcheck
        return any(other.process.is_alive() and other.is_ready(timeout) for other in self.processes)


class EventDrivenServer(uvicorn.Server):
    """Waits for an event until it stops. uvicorn's server polls ten times a second, half of the work of an idle
    process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket] | None = None) -> None:
        self.server_state = DatedServerState(self.config.encoded_headers)
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Accept nothing more, close WebSockets one after the other, and then whatever is left."""
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        for connection in list(self.server_state.connections):
            if not isinstance(connection, BoundedSocket):
                connection.shutdown()
        open_sockets = [each for each in self.server_state.connections if isinstance(each, BoundedSocket)]
        open_sockets.sort(key=lambda each: each.streams)
        seconds = CLOSING_FACTOR * (self.config.timeout_graceful_shutdown or 0)
        await close_evenly(open_sockets, seconds, is_hurried=lambda: self.force_exit)
        await super().shutdown(sockets)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        if not self.should_exit:
            await self._stopping.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)


class DatedServerState(ServerState):
    """Computes the Date header when a response needs it. uvicorn's server computes it once a second, in its poll."""

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        self._headers = headers
        super().__init__()

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        return [(b"date", formatdate(time.time(), usegmt=True).encode()), *self._headers]

    @default_headers.setter
    def default_headers(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Ignores the empty list that uvicorn's constructor assigns."""


class ServerProcess(multiprocess.Process):
    """A child process whose death its parent notices at once.

    In uvicorn's, the parent keeps both ends of the pipe for health checks. If a child is killed before it answers one,
    the parent waits for the whole timeout of a start, and neither replaces the child nor reacts to SIGTERM.
    """

    def start(self) -> None:
        super().start()
        self.child_conn.close()

    def target(self, sockets: list[socket] | None = None) -> None:
        # Created before the thread that answers health checks starts. Else both would create a server, and the checks
        # could ask the one that never serves.
        assert self.server
        super().target(sockets)

    @property
    def server(self) -> uvicorn.Server:
        if self._server is None:
            self._server = EventDrivenServer(self.config)
        return self._server
