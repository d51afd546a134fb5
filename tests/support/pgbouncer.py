"""A real PgBouncer in transaction mode, in front of a Postgres of the tests."""

import os
import pwd
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.executables import pgbouncer
from tests.support.services import Server

SERVER_CONNECTIONS = 5

CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server} user=postgres

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
server_round_robin = 1
"""
"""With `server_round_robin`, each transaction gets another connection, where there are several."""


class PgBouncer(Server):
    def __init__(self, directory: Path, server_port: int) -> None:
        super().__init__(directory)
        self._configuration = directory / "pgbouncer.ini"
        self._configuration.write_text(
            CONFIGURATION.format(server=server_port, port=self.port, connections=SERVER_CONNECTIONS)
        )
        if (user := self._user()) is not None:
            shutil.chown(directory, user)

    def _user(self) -> str | None:
        """PgBouncer refuses to run as root."""
        if os.geteuid() != 0:
            return None
        users = {user.pw_name for user in pwd.getpwall()}
        return "postgres" if "postgres" in users else "nobody"

    def _command(self) -> list[str]:
        return [pgbouncer(), str(self._configuration)]

    def _answers(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def pgbouncer_server(server_port: int) -> Iterator[PgBouncer]:
    """A running PgBouncer in front of this Postgres."""
    directory = Path(tempfile.mkdtemp(prefix="twotrack-pgbouncer-"))
    try:
        server = PgBouncer(directory, server_port)
        try:
            server.start()
            yield server
        finally:
            server.kill()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
