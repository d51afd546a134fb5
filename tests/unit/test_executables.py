"""The tests find the programs that they start, on whatever machine, or say what to install."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support import executables
from tests.support.executables import (
    ProgramMissing,
    chromium,
    curl,
    haproxy,
    nginx,
    openssl,
    pgbouncer,
    postgres_binaries,
    redis_binary,
    redis_binary_with_tls,
)

FINDERS = {
    "redis-server": redis_binary,
    "redis-server with TLS": redis_binary_with_tls,
    "pgbouncer": pgbouncer,
    "postgres": postgres_binaries,
    "chromium": chromium.__wrapped__,
    "curl": curl,
    "openssl": openssl,
    "nginx": nginx,
    "haproxy": haproxy,
}


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nothing on PATH, nothing in packages, nothing kept, and nobody who may install; PATH is the answer."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(executables, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(executables, "X86_LINUX", False)
    monkeypatch.setattr(executables, "SYSTEM_PROGRAMS", "")
    monkeypatch.setattr(executables, "_in_wheel", lambda *_: None)
    monkeypatch.setattr("glob.glob", lambda _: [])
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return tmp_path / "bin"


@pytest.mark.parametrize("program", FINDERS)
def test_a_machine_without_it_is_told_what_to_install(program: str, bare_machine: Path) -> None:
    with pytest.raises(ProgramMissing, match=f"need {program} .*: install .*apt-get install"):
        FINDERS[program]()


@pytest.mark.parametrize("program", ["redis-server", "chromium", "curl", "openssl"])
def test_what_is_on_path_comes_first(program: str, bare_machine: Path) -> None:
    (bare_machine / program).write_text("#!/bin/sh\n")
    (bare_machine / program).chmod(0o755)
    assert FINDERS[program]() == str(bare_machine / program)


def test_a_browser_that_is_named_comes_before_all_others(monkeypatch: pytest.MonkeyPatch, bare_machine: Path) -> None:
    monkeypatch.setenv("CHROMIUM", "/somewhere/browser")
    assert FINDERS["chromium"]() == "/somewhere/browser"


def test_what_was_fetched_once_is_kept(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executables, "X86_LINUX", True)
    fetched: list[Path] = []

    def fetch(scratch: Path) -> None:
        fetched.append(scratch)
        (scratch / "done").mkdir()
        (scratch / "done" / "redis").touch()

    monkeypatch.setattr(executables, "_fetch_redis", fetch)
    assert redis_binary() == redis_binary() == str(executables.KEPT / "redis" / "redis")
    assert len(fetched) == 1
    assert not fetched[0].exists()


def test_what_cannot_be_fetched_leaves_nothing_behind(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executables, "X86_LINUX", True)

    def fetch(scratch: Path) -> None:
        raise OSError("no route to the registry")

    monkeypatch.setattr(executables, "_fetch_redis", fetch)
    with pytest.raises(ProgramMissing):
        redis_binary()
    assert list(executables.KEPT.iterdir()) == []


def test_chromium_runs() -> None:
    said = subprocess.run([chromium(), "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert "Chrom" in said
