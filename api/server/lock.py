"""One process alone on a SQLite file: in-memory announcements reach nobody outside it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import make_url

from api.errors import SettingsError
from api.settings import PREFIX, Settings


@contextmanager
def only_process(settings: Settings) -> Iterator[None]:
    """Hold a lock beside the database file while the bus is in memory. Raises SettingsError when another has it."""
    database = make_url(settings.database_url).database
    if not (settings.one_process and settings.embedded):
        yield
        return
    try:
        file = open(f"{database}.lock", "w")  # noqa: SIM115  held as long as the process serves
    except OSError as error:
        raise SettingsError(f"{PREFIX}DATABASE_URL: {database} cannot be used: {error.strerror}.") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"Another `twotrack serve` uses {database}. Stop it, or set {PREFIX}DATABASE_URL to another file; "
                f"for several processes on one database set {PREFIX}BROADCAST_URL to redis://…"
            ) from None
        yield
