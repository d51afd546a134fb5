"""The tables, step by step. `twotrack migrate` runs alembic's steps in `versions/`; on SQLite, `serve` does as well."""

import asyncio
from time import monotonic

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from api.database import Database
from api.errors import SettingsError

log = structlog.get_logger(__name__)

ONE_AT_A_TIME = 8_968_255
"""Key of the advisory lock of Postgres that a migration holds. Without it, machines that are deployed at the same time
would all make the tables."""


LOCK_MILLISECONDS = 200
"""For a step to get a lock on Postgres. All later statements on a table wait behind one that waits for its lock, so
this is how long another transaction, such as pg_dump, can make `migrate` delay reads and writes."""

TURN_SECONDS = 0.2
"""Before a process checks again whether another one still migrates. It holds no transaction meanwhile: an index that
the other builds concurrently would wait for it."""

RETRY_SECONDS = 1.0
"""Before a step that did not get its locks is tried again. Statements that waited behind it run in between."""

WAIT_SECONDS = 600.0
"""For all steps to get their locks. Then the operator learns that a transaction prevents the migration."""

LOCK_ERRORS = {"55P03", "40P01"}
"""Postgres' codes for a lock that was not available in time, and for a deadlock."""


async def migrate(database: Database) -> None:
    """Bring the database to the newest step.

    On Postgres each step is a transaction, which is tried again until it gets its locks. A step with
    `concurrent = True` is none: it builds indexes, delays no reads and writes, and waits until older transactions end.

    Raises SettingsError if a newer version has used the database, or if a step does not get its locks.
    """
    if database.dialect != "postgresql":
        async with database.transactions.begin() as connection:
            await connection.run_sync(_upgrade)
        return
    deadline = monotonic() + WAIT_SECONDS
    while True:
        try:
            if await _take_one_step(database):
                return
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in LOCK_ERRORS:
                raise
            if monotonic() > deadline:
                raise SettingsError(
                    f"The tables were locked by another transaction for {WAIT_SECONDS:.0f} s, so the migration is not "
                    "complete. Wait until the transaction has ended (for example pg_dump; see pg_stat_activity), "
                    "and run `twotrack migrate` again: it goes on from the last complete step."
                ) from None
            log.warning("migration waits for a lock", retry_seconds=RETRY_SECONDS, reason=str(error.orig))
            await asyncio.sleep(RETRY_SECONDS)


async def _take_one_step(database: Database) -> bool:
    """Returns True if there is none left. Waits a moment if another process migrates."""
    async with database.transactions.begin() as connection:
        if await connection.scalar(select(func.pg_try_advisory_xact_lock(ONE_AT_A_TIME))):
            return await _take_one_step_alone(database, connection)
    await asyncio.sleep(TURN_SECONDS)
    return False


async def _take_one_step_alone(database: Database, connection: AsyncConnection) -> bool:
    step = await connection.run_sync(_next_step)
    if step is None:
        return True
    if not getattr(step.module, "concurrent", False):
        await connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_MILLISECONDS}ms'"))
        await connection.run_sync(_upgrade_by_one)
        return False
    log.info("migration builds indexes; it waits for older transactions", step=step.revision)
    await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    async with database.engine.connect() as building:  # Postgres builds an index concurrently outside transactions only
        await building.run_sync(_upgrade_by_one)
    return False


async def prepare(database: Database, *, embedded: bool) -> None:
    """Migrate an SQLite file. Raises SettingsError if a database server is not at the newest step."""
    if embedded:
        await migrate(database)
        return
    async with database.engine.connect() as connection:
        step = await connection.run_sync(_current_step)
    newest = newest_step()
    if step != newest:
        raise SettingsError(
            f"The database is at step {step or 'none'}, and this version needs {newest}. Run `twotrack migrate` first."
        )


def newest_step() -> str | None:
    """The step that this version needs."""
    return _steps().get_current_head()


def _config(connection: Connection | None = None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "api:migrations")
    return config


def _upgrade(connection: Connection) -> None:
    _current_step(connection)
    command.upgrade(_config(connection), "head")


def _upgrade_by_one(connection: Connection) -> None:
    command.upgrade(_config(connection), "+1")


def _next_step(connection: Connection) -> Script | None:
    """None at the newest step."""
    current = _current_step(connection)
    later = _steps().iterate_revisions("head", current or "base")
    return next((step for step in reversed(list(later)) if step.revision != current), None)


def _current_step(connection: Connection) -> str | None:
    """The step of the database; None before the first. Raises SettingsError for a step of a newer version."""
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in {step.revision for step in _steps().walk_revisions()}:
        raise SettingsError(
            f"The database is at step {current}, which this version does not know: a newer version has used it. "
            "Install that version, or use another database."
        )
    return current


def _steps() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
