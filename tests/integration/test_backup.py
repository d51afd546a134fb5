"""Backups of an SQLite file and of the key that signs tokens."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.backup import Restored, back_up, files, restore
from api.errors import SettingsError
from tests.support.backends import SECRET
from tests.support.files import (
    backed_up,
    damage,
    fill,
    killed_server,
    opened,
    permissions,
    refused,
    settings_of,
    titles,
)


@pytest.fixture
def folder(tmp_path: Path, sqlite_template: Path) -> Path:
    return backed_up(tmp_path, sqlite_template)


def restored(folder: Path, file: str = "backup.db") -> Restored:
    return restore(settings_of(folder), folder / file)


def test_a_backup_is_one_complete_file_that_only_its_owner_may_read(folder: Path) -> None:
    (folder / "backup.db").chmod(0o644)
    fill(folder / "twotrack.db", "second")
    assert back_up(settings_of(folder), folder / "backup.db") is None
    assert titles(folder / "backup.db") == ["first", "second"]
    assert permissions(folder / "backup.db") == "0o600"
    assert sorted(path.name for path in folder.iterdir()) == ["backup.db", "twotrack.db"]


def test_a_backup_contains_what_is_only_in_the_log(folder: Path) -> None:
    killed_server(folder, "second")
    back_up(settings_of(folder), folder / "backup.db")
    assert titles(folder / "backup.db") == ["first", "second"]


def test_a_backup_does_not_contain_what_was_deleted(folder: Path) -> None:
    fill(folder / "twotrack.db", "forgotten")
    with opened(folder / "twotrack.db") as database:
        database.execute("PRAGMA secure_delete = OFF")  # some systems build SQLite with ON
        for table in ("messages", "participations", "chats", "users"):
            database.execute(f"DELETE FROM {table}")
    back_up(settings_of(folder), folder / "backup.db")
    assert b"forgotten" in (folder / "twotrack.db").read_bytes()
    assert b"forgotten" not in (folder / "backup.db").read_bytes()


def test_a_backup_of_a_damaged_database_is_refused_and_the_earlier_one_stays(folder: Path) -> None:
    damage(folder / "twotrack.db", "chats")
    assert "twotrack.db is damaged" in refused(back_up, folder, "backup.db")
    assert titles(folder / "backup.db") == ["first"]
    assert not (folder / "backup.db.partial").exists()


def test_a_backup_that_another_process_writes_is_refused(folder: Path) -> None:
    def back_up_again(settings: Any, file: Path) -> None:
        with files.replacing(file):
            back_up(settings, file)

    assert "Another process writes" in refused(back_up_again, folder, "backup.db")
    assert titles(folder / "backup.db") == ["first"]


@pytest.mark.parametrize(
    ("file", "named"),
    [
        ("twotrack.db", "the database itself"),
        (".", "a folder that exists"),
        ("nowhere/backup.db", "a folder that exists"),
        ("other.db", "in use"),
    ],
)
def test_a_backup_to_a_place_that_cannot_have_one_is_refused(folder: Path, file: str, named: str) -> None:
    (folder / "other.db-wal").touch()
    before = (folder / "twotrack.db").read_bytes()
    assert named in refused(back_up, folder, file)
    assert (folder / "twotrack.db").read_bytes() == before


@pytest.mark.parametrize(("act", "program"), [(back_up, "pg_dump"), (restore, "pg_restore")])
def test_a_database_server_has_programs_of_its_own(folder: Path, act: Callable[..., object], program: str) -> None:
    settings = settings_of(folder).model_copy(update={"database_url": "postgresql+asyncpg://u:p@127.0.0.1:1/twotrack"})
    with pytest.raises(SettingsError, match=program):
        act(settings, folder / "backup.db")


def test_what_is_not_there_can_be_neither_backed_up_nor_restored(tmp_path: Path) -> None:
    assert "no database" in refused(back_up, tmp_path, "backup.db")
    assert "no file" in refused(restore, tmp_path, "backup.db")
    assert not list(tmp_path.iterdir())


# --- the key that signs tokens


def test_a_configured_key_is_neither_backed_up_nor_replaced(folder: Path) -> None:
    (folder / "twotrack.db.secret").write_text("f" * 64)
    settings = settings_of(folder, secret_key=SECRET)
    assert back_up(settings, folder / "backup.db") is None
    assert not (folder / "backup.db.secret").exists()
    assert not restore(settings, folder / "backup.db").ends_sessions


def test_a_key_is_backed_up_and_restored_where_there_is_none(folder: Path) -> None:
    (folder / "twotrack.db.secret").write_text("f" * 64)
    assert back_up(settings_of(folder), folder / "backup.db") == folder / "backup.db.secret"
    assert permissions(folder / "backup.db.secret") == "0o600"
    assert not restored(folder).ends_sessions
    (folder / "twotrack.db.secret").unlink()
    assert not restored(folder).ends_sessions
    assert (folder / "twotrack.db.secret").read_text() == "f" * 64
    assert permissions(folder / "twotrack.db.secret") == "0o600"


def test_another_key_stays_and_ends_the_sessions_of_the_backup(folder: Path) -> None:
    (folder / "backup.db.secret").write_text("f" * 64)
    (folder / "twotrack.db.secret").write_text("0" * 64)
    assert restored(folder).ends_sessions
    assert (folder / "twotrack.db.secret").read_text() == "0" * 64
    for name in ("backup.db.secret", "twotrack.db.secret"):
        (folder / name).unlink()
    assert restored(folder).ends_sessions
