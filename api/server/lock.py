"""Allows one server per SQLite file while the bus is in memory: its announcements reach no other process."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import make_url

from api.errors import SettingsError
from api.settings import PREFIX, Settings


@contextmanager
def single_server(settings: Settings) -> Iterator[None]:
    """Hold a lock beside the database file if this server must be alone. Raises SettingsError if another holds it."""
    if not (settings.one_process and settings.embedded):
        yield
        return
    database = make_url(settings.database_url).database
    try:
        file = open(f"{database}.lock", "w")  # noqa: SIM115  held for as long as the process serves
    except OSError as error:
        raise SettingsError(f"{PREFIX}DATABASE_URL: {database} cannot be opened: {error.strerror}.") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"Another `twotrack serve` uses {database}. Stop it, or set {PREFIX}DATABASE_URL to another file. "
                f"To run several processes on one database, set {PREFIX}BROADCAST_URL to redis://…"
            ) from None
        yield
