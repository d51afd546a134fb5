"""The files of backups and restores.

Each file appears under its name by a rename, once it is complete and on the disk. A command that is killed leaves the
files as they were before it or as they are after it. It may also leave a `.partial` or `.restoring` file, which the
next command replaces.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import chain, count
from pathlib import Path

from api.errors import SettingsError
from api.private_files import OWNER_ONLY, private
from api.server.lock import IN_USE

PARTIAL = ".partial"
"""Added to the name of a file while it is written."""

REPLACED = ".before-restore"
"""Added to the name of a database that was replaced. Further ones get a number: none is ever overwritten."""

COMPANIONS = ("-wal", "-shm", "-journal")
"""Added by SQLite to the names of files that belong to a database. Beside another database they would destroy it."""

BUSY_SECONDS = 1.0
"""For another process to finish with the database, before a restore is refused."""


def beside(file: Path, suffix: str) -> Path:
    """The file in the same folder whose name has this suffix."""
    return file.with_name(file.name + suffix)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """An empty file that replaces the given one when the block ends, or is removed if the block fails.

    Raises SettingsError if another process writes the file at the same time.
    """
    partial = beside(file, PARTIAL)
    with open(partial, "ab", opener=private) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = os.path.samestat(os.fstat(handle.fileno()), partial.stat())
        except (BlockingIOError, FileNotFoundError):
            is_ours = False
        if not is_ours:  # another process has locked it, or has just renamed it
            raise SettingsError(f"Another process writes {file}. Wait until it has finished.")
        try:
            os.fchmod(handle.fileno(), OWNER_ONLY)
            handle.truncate(0)
            yield partial
            os.fsync(handle.fileno())
            os.replace(partial, file)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    sync(file.parent)


@contextmanager
def temporary(database: Path) -> Iterator[None]:
    """Make an empty file for a database. It is removed when the block ends, unless the block has renamed it."""
    files = [beside(database, name) for name in ("", *COMPANIONS)]
    try:
        for file in files:
            file.unlink(missing_ok=True)  # left by a restore that was killed
        open(database, "xb", opener=private).close()
        yield
    finally:
        for file in files:
            file.unlink(missing_ok=True)


def copy_rows(database: Path, to: Path, mode: str) -> None:
    """Write the rows of a database to an empty file, as they are at one moment, also while processes use it.

    Raises SettingsError if the database is damaged. `VACUUM INTO` leaves out what was deleted.
    """
    try:
        with closing(connect(database, mode)) as connection:
            finding = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if finding != "ok":
                raise SettingsError(f"{database} is damaged ({finding.splitlines()[-1]}).")
            connection.execute("VACUUM INTO ?", (str(to.resolve()),))
    except sqlite3.DatabaseError as error:
        raise SettingsError(f"{database} cannot be copied ({error}).") from None


def connect(database: Path, mode: str) -> sqlite3.Connection:
    """A connection that begins and ends its transactions itself. `mode` is `ro` or `rw`; neither makes a new file."""
    address = f"{database.resolve().as_uri()}?mode={mode}"
    return sqlite3.connect(address, uri=True, isolation_level=None, timeout=BUSY_SECONDS)


def merge_log(connection: sqlite3.Connection) -> None:
    """Write SQLite's log into the database and remove it. Raises DatabaseError if another process uses the database."""
    connection.execute("PRAGMA journal_mode = DELETE").fetchall()


@contextmanager
def locked(database: Path) -> Iterator[int]:
    """Hold SQLite's own lock on a database that is to be replaced, so that no other program writes to it meanwhile.

    Returns how often the numbers of its rows were raised; 0 if there is no database, or one that is damaged. Raises
    SettingsError if another process uses it. The log is merged: a program that opens the database now, and writes after
    the lock is gone, gets an error, because SQLite then finds another file under the name.
    """
    restores = 0
    with ExitStack() as stack:
        try:
            if database.exists() and not _is_damaged(database):
                connection = stack.enter_context(closing(connect(database, "rw")))
                restores = restores_of(connection)
                merge_log(connection)
                connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            if _code(error) == sqlite3.SQLITE_BUSY:
                raise SettingsError(IN_USE.format(database=database)) from None
        yield restores


def _is_damaged(database: Path) -> bool:
    """Whether not even the list of tables can be read. Writes nothing: with the log, experts may save some rows."""
    try:
        with closing(connect(database, "ro")) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
    except sqlite3.DatabaseError as error:
        return _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return False


def _code(error: sqlite3.DatabaseError) -> int:
    """SQLite's primary result code."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def restores_of(connection: sqlite3.Connection) -> int:
    """How often the numbers of the rows were raised. SQLite keeps this number in the file's header for applications."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def replace(database: Path, copy: Path) -> Path | None:
    """Put the copy in the place of the database. Returns the new name of the database, if there was one."""
    sync(copy)
    replaced = _keep(database)
    for companion in COMPANIONS:
        beside(database, companion).unlink(missing_ok=True)
    sync(database.parent)
    os.replace(copy, database)
    sync(database.parent)
    if replaced is not None and replaced.exists():
        replaced.chmod(OWNER_ONLY)
    return replaced


def _keep(database: Path) -> Path | None:
    """Give the database and its companions a second name. Returns it, or None if there are no such files."""
    present = [name for name in ("", *COMPANIONS) if beside(database, name).exists()]
    if not present:
        return None
    numbered = (beside(database, f"{REPLACED}-{number}") for number in count(2))
    for replaced in chain([beside(database, REPLACED)], numbered):
        is_same = replaced.exists() and database.exists() and replaced.samefile(database)
        if is_same or not any(beside(replaced, name).exists() for name in ("", *COMPANIONS)):
            break
    for name in present:
        if not beside(replaced, name).exists():  # it exists if an earlier restore was killed after this step
            os.link(beside(database, name), beside(replaced, name))
    return replaced
