"""Checks before a process starts: a wrong setting ends it with one sentence, and not with a traceback."""

import functools
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import SQLAlchemyError

from api import migrations
from api.database import Database
from api.errors import SettingsError
from api.settings import PREFIX, Settings
from api.streaming.bus import Bus
from api.streaming.errors import AccessRuleMissing, BusAddressError
from api.streaming.publisher import Publisher

START_ERRORS = (AccessRuleMissing, BusAddressError, SettingsError)
"""Errors that an operator or a developer must fix before the process can start."""


def sentence(error: Exception) -> str:
    """The error as one sentence, which names the setting if one is wrong."""
    return f"{PREFIX}BROADCAST_URL: {error}" if isinstance(error, BusAddressError) else str(error)


async def check_services(settings: Settings) -> None:
    """Raises SettingsError or BusAddressError if the bus or the database would prevent the start.

    A Redis that does not answer prevents nothing: a process starts without it and reconnects.
    """
    async with Bus(settings.broadcast_url):
        await with_database(settings, functools.partial(migrations.prepare, embedded=settings.embedded))


async def with_database(settings: Settings, act: Callable[[Database], Awaitable[None]]) -> None:
    """Call `act` with the database. Raises SettingsError if that does not answer."""

    async def discard(messages: object) -> None:
        """Migrations announce nothing."""

    # Without a limit: building an index on a large table may take minutes.
    database = Database(settings.database_url, Publisher(discard), statement_seconds=None)
    try:
        await act(database)
    except (OSError, SQLAlchemyError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise SettingsError(
            f"{PREFIX}DATABASE_URL: the database cannot be used ({reason}). Check the address, and that it is running."
        ) from None
    finally:
        await database.aclose()
