"""nginx and HAProxy with the files of `deploy/`, in front of two servers."""

import re
import socket
from pathlib import Path

from tests.support.executables import haproxy, nginx
from tests.support.paths import ROOT
from tests.support.services import Server

NGINX = """
daemon off; master_process off; pid nginx.pid; error_log stderr; worker_processes 1;
events {{ worker_connections 1024; }}
http {{ access_log off; {temporary} {site} }}
"""

TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class LoadBalancer(Server):
    """Passes on to two servers, whose ports must be set before it starts. Clients reach it without TLS."""

    upstreams: tuple[int, int]

    def _answers(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def _configuration(self, text: str) -> str:
        """The file, with the test's ports, and without certificates."""
        for number, upstream in enumerate(self.upstreams):
            text = text.replace(f"127.0.0.1:{8000 + number}", f"127.0.0.1:{upstream}")
        return re.sub(r"(?m)^\s*ssl_.*\n", "", text)


class Nginx(LoadBalancer):
    def _command(self) -> list[str]:
        site = self._configuration((ROOT / "deploy" / "nginx" / "twotrack.conf").read_text())
        site = site.replace("listen 443 ssl", f"listen 127.0.0.1:{self.port}")
        temporary = "".join(f"{name}_temp_path {self.directory};" for name in TEMPORARY)
        written = self.directory / "nginx.conf"
        written.write_text(NGINX.format(temporary=temporary, site=site))
        return [nginx(), "-p", str(self.directory), "-c", str(written), "-e", "stderr"]


class HAProxy(LoadBalancer):
    def _command(self) -> list[str]:
        text = self._configuration((ROOT / "deploy" / "haproxy" / "haproxy.cfg").read_text())
        text = re.sub(r"bind :443 ssl crt \S+", f"bind 127.0.0.1:{self.port}", text)
        text = re.sub(r"maxconn \d+", "maxconn 400", text)
        written = Path(self.directory) / "haproxy.cfg"
        written.write_text(text)
        return [haproxy(), "-db", "-f", str(written)]
