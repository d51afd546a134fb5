"""A Redis that takes connections over TLS alone, with a certificate of an authority of its own."""

import socket
import ssl
from pathlib import Path

from tests.support.certificates import make_certificates
from tests.support.executables import redis_binary_with_tls
from tests.support.services import Redis


class SecureRedis(Redis):
    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.certificates = make_certificates(directory)

    @property
    def url(self) -> str:
        return self.url_with("ca.crt")

    def url_with(self, authority: str, host: str = "localhost") -> str:
        return f"rediss://{host}:{self.port}/0?{self.certificates.option('ssl_ca_certs', authority)}"

    def _command(self) -> list[str]:
        options = {
            "port": "0",
            "tls-port": str(self.port),
            "tls-cert-file": str(self.directory / "server.crt"),
            "tls-key-file": str(self.directory / "server.key"),
            "tls-ca-cert-file": str(self.directory / "ca.crt"),
            "tls-auth-clients": "no",
            "bind": "127.0.0.1",
            "dir": str(self.directory),
            "save": "",
        }
        return [redis_binary_with_tls(), *(word for name, value in options.items() for word in (f"--{name}", value))]

    def _answers(self) -> bool:
        context = ssl.create_default_context(cafile=self.directory / "ca.crt")
        try:
            with (
                socket.create_connection(("127.0.0.1", self.port), timeout=1) as plain,
                context.wrap_socket(plain, server_hostname="localhost") as connection,
            ):
                connection.sendall(b"PING\r\n")
                return connection.recv(7) == b"+PONG\r\n"
        except OSError:
            return False
