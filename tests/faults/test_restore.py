"""Backups and restores that are killed at any moment, and restores while pages are open."""

import subprocess
import sys
from pathlib import Path

import pytest

from api.backup import restore
from tests.support.commands import environment
from tests.support.files import backed_up, fill, killed_server, settings_of, titles, write_text

pytestmark = pytest.mark.timeout(300)  # each of these tests runs a command some fifty times

AT_ONCE = 3
"""Commands that are killed at the same time."""


@pytest.fixture
def folder(tmp_path: Path, sqlite_template: Path) -> Path:
    """A folder with an old backup, and with a database that a killed server left, with its log."""
    folder = tmp_path / "folder"
    folder.mkdir()
    backed_up(folder, sqlite_template)
    killed_server(folder, "second")
    return folder


def at_each_moment(command: str, folder: Path) -> list[Path]:
    """Copies of the folder, in each of which the command was killed at another moment."""
    module = "tests.faults.killed_command"
    arguments = [[command, str(folder), str(first + 1), str(AT_ONCE)] for first in range(AT_ONCE)]
    running = [
        subprocess.Popen([sys.executable, "-m", module, *words], env=environment({}), stderr=subprocess.PIPE)
        for words in arguments
    ]
    errors = [process.communicate()[1].decode() for process in running]
    assert [process.returncode for process in running] == [0] * AT_ONCE, errors
    copies = list(folder.parent.glob(f"{folder.name}-*"))
    assert len(copies) > 10
    return copies


def test_a_backup_that_is_killed_leaves_the_earlier_one_or_a_complete_one(folder: Path) -> None:
    for number in range(100):
        fill(folder / "twotrack.db", f"also {number}")
    seen = set()
    for copy in at_each_moment("backup", folder):
        seen.add(len(titles(copy / "backup.db")))
        assert len(titles(copy / "twotrack.db")) == 102
    assert seen == {1, 102}


def test_a_restore_that_is_killed_leaves_the_former_database_or_the_restored_one(folder: Path) -> None:
    seen = set()
    for copy in at_each_moment("restore", folder):
        found = titles(copy / "twotrack.db")
        seen.add(len(found))
        kept = copy / "twotrack.db.before-restore"
        assert kept.exists() or found == ["first", "second"]
        restore(settings_of(copy), copy / "backup.db")
        assert titles(copy / "twotrack.db") == titles(copy / "backup.db") == ["first"]
        assert titles(kept) == ["first", "second"]
    assert seen == {1, 2}


def test_a_restore_over_a_damaged_database_may_be_killed_and_repeated(folder: Path) -> None:
    write_text(folder / "twotrack.db")
    before = {suffix: (folder / f"twotrack.db{suffix}").read_bytes() for suffix in ("", "-wal")}
    for copy in at_each_moment("restore", folder):
        for suffix, contents in before.items():
            places = [copy / f"twotrack.db{suffix}", copy / f"twotrack.db.before-restore{suffix}"]
            assert contents in [place.read_bytes() for place in places if place.exists()]
        if (copy / "twotrack.db").read_bytes() != before[""]:
            assert titles(copy / "twotrack.db") == ["first"]
        restore(settings_of(copy), copy / "backup.db")
        assert titles(copy / "twotrack.db") == ["first"]
        for suffix, contents in before.items():
            assert (copy / f"twotrack.db.before-restore{suffix}").read_bytes() == contents
