"""`twotrack backup` and `twotrack restore`, for an SQLite file."""

import asyncio
import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from api.accounts.secret import key_file
from api.backup import files, rows
from api.backup.files import COMPANIONS, beside
from api.database import Database
from api.errors import SettingsError
from api.server.lock import database_file, lock_file, restoring_lock
from api.settings import Settings
from api.streaming.publisher import Publisher

RESTORING = ".restoring"
"""Added to the name of the database while its successor is prepared."""

KEY = ".secret"
"""Added to the name of a backup for the key that signs tokens."""


@dataclass(frozen=True)
class Restored:
    """What a restore did."""

    raised_by: int
    """What was added to each revision. With 0, the revisions start again from 1."""
    replaced: Path | None = None
    """Where the former database is kept."""
    ends_sessions: bool = False
    """Whether tokens become invalid, because the key that signed them is not there."""


def back_up(settings: Settings, file: Path) -> Path | None:
    """Write the database to a file, also while a server uses it. Returns the file with the key, if there is a key.

    Raises SettingsError if the database is damaged or the file cannot be written. An earlier backup of that name is
    then still there.
    """
    _require_sqlite(settings, "Back up Postgres with pg_dump.")
    database = database_file(settings)
    if not database.exists():
        raise SettingsError(f"There is no database at {database}.")
    if file.is_dir() or not file.parent.is_dir():
        raise SettingsError(f"{file} cannot be written. Name a file in a folder that exists.")
    if file.exists() and file.samefile(database):
        raise SettingsError(f"{file} is the database itself. Choose another name for the backup.")
    if any(beside(file, companion).exists() for companion in COMPANIONS):
        raise SettingsError(f"{file} is a database that is in use. Choose another name for the backup.")
    try:
        with files.replacing(file) as partial:
            files.copy_rows(database, partial, "rw")
            key = key_file(settings)
            if settings.secret_key or not key.exists():
                return None
            with files.replacing(beside(file, KEY)) as partial_key:
                partial_key.write_bytes(key.read_bytes())
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}.") from None
    return beside(file, KEY)


def restore(settings: Settings, file: Path, *, lower_revisions: bool = False) -> Restored:
    """Put a backup in the place of the database, and keep the former database.

    Raises SettingsError if a process uses the database, or if the file is damaged, has no tables of ours, or was used
    by a newer version. Nothing has changed then.
    """
    _require_sqlite(settings, "Restore Postgres with pg_restore, then run `twotrack restored`.")
    database = database_file(settings)
    if not file.is_file():
        raise SettingsError(f"There is no file {file}.")
    if database.exists() and file.samefile(database):
        raise SettingsError(f"{file} is the database itself. Name the backup to restore.")
    copy = beside(database, RESTORING)
    try:
        with restoring_lock(settings), files.locked(database) as restores, files.temporary(copy):
            files.copy_rows(file, copy, "ro")
            raised_by = asyncio.run(_prepare(settings, copy, file, restores, lower_revisions))
            with closing(files.connect(copy, "rw")) as connection:
                files.merge_log(connection)
            for made in (copy, lock_file(database)):
                _give_to_owner(database, made)
            ends_sessions = _restore_key(settings, beside(file, KEY))
            return Restored(raised_by, files.replace(database, copy), ends_sessions)
    except OSError as error:
        raise SettingsError(f"{file} cannot be restored: {error.strerror} ({error.filename}).") from None


async def _prepare(settings: Settings, copy: Path, file: Path, restores: int, lower_revisions: bool) -> int:
    """Bring the copy to the newest step, and raise its numbers above those of a database restored so often."""

    async def discard(messages: object) -> None:
        """No client follows the copy."""

    url = make_url(settings.database_url).set(database=str(copy)).render_as_string(hide_password=False)
    database = Database(url, Publisher(discard), statement_seconds=None)
    try:
        await rows.migrate(database)
        async with database.transactions.begin() as connection:
            times = restores + 1 - await rows.restores_of(connection)
            return await rows.raise_numbers(connection, max(1, times), lower_revisions=lower_revisions)
    except SQLAlchemyError as error:
        raise SettingsError(f"{file}: its tables are not those of Twotrack ({getattr(error, 'orig', None)}).") from None
    except SettingsError as error:
        raise SettingsError(f"{file}: {error}") from None
    finally:
        await database.aclose()


def _restore_key(settings: Settings, saved: Path) -> bool:
    """Put the backup's key beside the database if there is none. Returns whether tokens become invalid.

    A key that is there stays: an operator may have deleted the backup's key because a stranger had read it.
    """
    key = key_file(settings)
    if settings.secret_key:
        return False
    if saved.exists() and not key.exists():
        with files.replacing(key) as partial:
            partial.write_bytes(saved.read_bytes())
            _give_to_owner(database_file(settings), partial)
    return not key.exists() or (saved.exists() and saved.read_bytes() != key.read_bytes())


def _give_to_owner(database: Path, file: Path) -> None:
    """If root restores, the server must be able to use the files as another user."""
    if os.geteuid() == 0:
        owner = (database if database.exists() else database.parent).stat()
        os.chown(file, owner.st_uid, owner.st_gid)


def _require_sqlite(settings: Settings, instead: str) -> None:
    if not settings.embedded:
        raise SettingsError(f"This command is for SQLite. {instead}")
