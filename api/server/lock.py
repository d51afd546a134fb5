"""The lock beside an SQLite file: which processes may use the file at the same time.

While the bus is in memory, a server is alone, since its announcements reach no other process. Servers and workers with
a Redis bus share the file. A restore shares it with none of them.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url

from api.errors import SettingsError
from api.private_files import require_private
from api.settings import PREFIX, Settings

IN_USE = "A process uses {database}. Stop every `twotrack serve` and `twotrack worker` on it first."


def database_file(settings: Settings) -> Path:
    """The SQLite file, behind all symbolic links: SQLite's own files lie beside it."""
    return Path(str(make_url(settings.database_url).database)).resolve()


def lock_file(database: Path) -> Path:
    return database.with_name(f"{database.name}.lock")


@contextmanager
def serving_lock(settings: Settings) -> Iterator[None]:
    """Hold the lock as a server or worker.

    Raises SettingsError if another process excludes this one, or if other users of the machine may read the file.
    """
    refusal = (
        "Another `twotrack serve` or `twotrack restore` uses {database}. Stop it, or set "
        f"{PREFIX}DATABASE_URL to another file. "
        f"To run several processes on one database, set {PREFIX}BROADCAST_URL to redis://… for all of them."
    )
    with _lock(settings, refusal, is_shared=not settings.one_process):
        if settings.embedded:
            database = database_file(settings)
            require_private(*(database.with_name(f"{database.name}{end}") for end in ("", "-wal", "-shm")))
        yield


@contextmanager
def restoring_lock(settings: Settings) -> Iterator[None]:
    """Hold the lock as the only process. Raises SettingsError if a server, a worker or another restore runs."""
    with _lock(settings, IN_USE, is_shared=False):
        yield


@contextmanager
def _lock(settings: Settings, refusal: str, *, is_shared: bool) -> Iterator[None]:
    if not settings.embedded:
        yield
        return
    database = database_file(settings)
    try:
        file = open(lock_file(database), "w")  # noqa: SIM115  held until the block ends
    except OSError as error:
        raise SettingsError(f"{PREFIX}DATABASE_URL: {database} cannot be opened: {error.strerror}.") from None
    with file:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(refusal.format(database=database)) from None
        yield
