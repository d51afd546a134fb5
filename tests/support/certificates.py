"""Certificates for services with TLS: an authority of the test's own, and what it signed."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tests.support import executables


@dataclass(frozen=True)
class Certificates:
    """An authority, what it signed, and another authority that signed nothing."""

    directory: Path

    def option(self, name: str, file: str) -> str:
        return f"{name}={quote(str(self.directory / file))}"


def make_certificates(directory: Path) -> Certificates:
    """`ca`, and `server` for localhost and `client` for ann, which it signed; `other` is another authority."""
    for name in ("ca", "other"):
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key"]
        run("req", "-x509", *key, "-subj", f"/CN={name}", "-days", "2", "-out", f"{name}.crt", directory=directory)
    sign(directory, "server", "localhost", "subjectAltName=DNS:localhost")
    sign(directory, "client", "ann")
    return Certificates(directory)


def run(*command: str, directory: Path) -> None:
    subprocess.run([executables.openssl(), *command], cwd=directory, check=True, capture_output=True, timeout=60)


def sign(directory: Path, name: str, subject: str, *extension: str) -> None:
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key"]
    run("req", "-new", *key, "-subj", f"/CN={subject}", "-out", f"{name}.csr", directory=directory)
    (directory / f"{name}.ext").write_text("\n".join(extension) + "\n")
    authority = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"]
    files = ["-in", f"{name}.csr", "-out", f"{name}.crt", "-extfile", f"{name}.ext"]
    run("x509", "-req", *files, *authority, directory=directory)
