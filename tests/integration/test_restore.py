"""Restores of an SQLite file: what they put in its place, what they keep, and what they refuse."""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command

from api import migrations
from api.backup import Restored, restore
from api.database import Database
from api.server.lock import restoring_lock
from api.streaming.publisher import Publisher
from tests.support.files import (
    backed_up,
    cut,
    damage,
    fill,
    killed_server,
    one,
    opened,
    permissions,
    refused,
    settings_of,
    titles,
    write_text,
)  # fmt: skip

OLDER_STEP = "0002"
"""A step of the tables that a backup may be at."""


@pytest.fixture
def folder(tmp_path: Path, sqlite_template: Path) -> Path:
    return backed_up(tmp_path, sqlite_template)


def restored(folder: Path, file: str = "backup.db") -> Restored:
    return restore(settings_of(folder), folder / file)


def test_a_restore_brings_back_the_backup_and_keeps_the_former_database(folder: Path) -> None:
    fill(folder / "twotrack.db", "second")
    kept = restored(folder).replaced
    assert kept == folder / "twotrack.db.before-restore"
    assert titles(folder / "twotrack.db") == titles(folder / "backup.db") == ["first"]
    assert titles(kept) == ["first", "second"]
    assert permissions(folder / "twotrack.db") == permissions(kept) == "0o600"
    names = {"twotrack.db", "twotrack.db.lock", "twotrack.db.before-restore", "backup.db"}
    assert {path.name for path in folder.iterdir()} == names


def test_a_restore_is_undone_by_another_and_no_former_database_is_overwritten(folder: Path) -> None:
    fill(folder / "twotrack.db", "second")
    restored(folder)
    fill(folder / "twotrack.db", "third")
    restored(folder, "twotrack.db.before-restore")
    assert titles(folder / "twotrack.db") == ["first", "second"]
    assert titles(folder / "twotrack.db.before-restore") == ["first", "second"]
    assert titles(folder / "twotrack.db.before-restore-2") == ["first", "third"]


def test_a_restore_works_where_there_is_no_database_and_removes_a_log_that_is(folder: Path) -> None:
    killed_server(folder, "second")
    (folder / "twotrack.db").unlink()
    assert restored(folder).replaced == folder / "twotrack.db.before-restore"
    assert titles(folder / "twotrack.db") == ["first"]
    assert (folder / "twotrack.db.before-restore-wal").exists()


def test_restored_files_belong_to_the_user_of_the_former_database(folder: Path) -> None:
    user = 65_534 if os.geteuid() == 0 else os.geteuid()
    os.chown(folder / "twotrack.db", user, -1)
    restored(folder)
    assert [(folder / f"twotrack.db{suffix}").stat().st_uid for suffix in ("", ".lock")] == [user, user]


def test_a_database_behind_a_symbolic_link_is_restored_where_it_is(folder: Path) -> None:
    (folder / "volume").mkdir()
    (folder / "twotrack.db").rename(folder / "volume" / "data")
    (folder / "twotrack.db").symlink_to("volume/data")
    fill(folder / "twotrack.db", "second")
    restored(folder)
    assert (folder / "twotrack.db").is_symlink()
    assert titles(folder / "volume" / "data") == ["first"]
    assert titles(folder / "volume" / "data.before-restore") == ["first", "second"]


def test_an_older_backup_is_brought_to_the_newest_step(folder: Path) -> None:
    asyncio.run(set_back(folder / "backup.db", OLDER_STEP))
    assert one(folder / "backup.db", "SELECT version_num FROM alembic_version") == OLDER_STEP
    newest = one(folder / "twotrack.db", "SELECT version_num FROM alembic_version")
    restored(folder)
    assert one(folder / "twotrack.db", "SELECT version_num FROM alembic_version") == newest
    assert titles(folder / "twotrack.db") == ["first"]


async def set_back(path: Path, step: str) -> None:
    """Set the tables of a file back to a step."""

    async def discard(messages: object) -> None:
        """No client follows this file."""

    database = Database(f"sqlite+aiosqlite:///{path}", Publisher(discard))
    async with database.engine.connect() as connection:
        await connection.run_sync(lambda connection: command.downgrade(migrations._config(connection), step))
        await connection.commit()
    await database.aclose()


def test_a_raw_copy_is_restored_with_what_is_in_its_log(folder: Path) -> None:
    killed_server(folder, "second")
    for suffix in ("", "-wal"):
        (folder / f"twotrack.db{suffix}").rename(folder / f"raw.db{suffix}")
    restored(folder, "raw.db")
    assert titles(folder / "twotrack.db") == ["first", "second"]


# --- refusals of a restore


def test_a_restore_is_refused_while_another_one_runs(folder: Path) -> None:
    with restoring_lock(settings_of(folder)):
        assert "Stop every" in refused(restore, folder, "backup.db")
    assert not (folder / "twotrack.db.before-restore").exists()


def test_a_restore_is_refused_while_another_program_uses_the_database(folder: Path) -> None:
    with opened(folder / "twotrack.db") as database:
        database.execute("BEGIN IMMEDIATE")
        database.execute("UPDATE chats SET title = 'second'")
        assert "uses" in refused(restore, folder, "backup.db")
        database.execute("COMMIT")
    assert titles(folder / "twotrack.db") == ["second"]


def test_a_program_that_had_opened_the_former_database_cannot_write_to_it(folder: Path) -> None:
    """Its log would have the name of the restored database's."""
    with opened(folder / "twotrack.db") as database:
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("SELECT 1 FROM chats").fetchall()
        restored(folder)
        for statement in ("PRAGMA journal_mode = WAL", "UPDATE chats SET title = 'late'"):
            with pytest.raises(sqlite3.OperationalError):
                database.execute(statement)
    assert not [path for path in folder.iterdir() if path.name.endswith(("-wal", "-journal"))]
    assert titles(folder / "twotrack.db") == ["first"]


def of_another_program(path: Path) -> None:
    with opened(path) as database:
        database.execute("CREATE TABLE songs (title TEXT)")


def of_another_program_with_steps(path: Path) -> None:
    with opened(path) as database:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES ('0001')")


def of_a_newer_version(path: Path) -> None:
    shutil.copy(path.with_name("backup.db"), path)
    with opened(path) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")


def damaged(path: Path) -> None:
    shutil.copy(path.with_name("backup.db"), path)
    damage(path, "chats")


def cut_off(path: Path) -> None:
    shutil.copy(path.with_name("backup.db"), path)
    cut(path)


@pytest.mark.parametrize(
    "make",
    [
        Path.touch, write_text, cut_off, damaged, of_another_program, of_another_program_with_steps, of_a_newer_version
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_restored_is_refused_and_nothing_changes(
    folder: Path, make: Callable[[Path], None]
) -> None:
    with opened(folder / "twotrack.db") as database:
        database.execute("PRAGMA journal_mode = DELETE")
    make(folder / "file.db")
    before = (folder / "twotrack.db").read_bytes()
    assert "file.db" in refused(restore, folder, "file.db")
    assert (folder / "twotrack.db").read_bytes() == before
    assert {path.name for path in folder.glob("twotrack.db*")} == {"twotrack.db", "twotrack.db.lock"}


def test_the_database_itself_is_no_backup(folder: Path) -> None:
    os.link(folder / "twotrack.db", folder / "same.db")
    for name in ("twotrack.db", "same.db"):
        assert "the database itself" in refused(restore, folder, name)


# --- a database that was damaged, or left by a killed server


def test_the_log_of_a_killed_server_is_kept_and_does_not_reach_the_restored_database(folder: Path) -> None:
    killed_server(folder, "second")
    restored(folder)
    assert titles(folder / "twotrack.db") == ["first"]
    assert titles(folder / "twotrack.db.before-restore") == ["first", "second"]


def test_a_file_that_is_no_database_any_more_is_replaced_and_kept_with_its_log(folder: Path) -> None:
    killed_server(folder, "second")
    write_text(folder / "twotrack.db")
    before = [(folder / f"twotrack.db{suffix}").read_bytes() for suffix in ("", "-wal")]
    restored(folder)
    assert titles(folder / "twotrack.db") == ["first"]
    assert [(folder / f"twotrack.db.before-restore{suffix}").read_bytes() for suffix in ("", "-wal")] == before


@pytest.mark.parametrize("harm", [cut, lambda path: damage(path, "chats"), lambda path: path.write_bytes(b"")])
def test_a_damaged_database_is_replaced(folder: Path, harm: Callable[[Path], None]) -> None:
    harm(folder / "twotrack.db")
    restored(folder)
    assert titles(folder / "twotrack.db") == ["first"]
