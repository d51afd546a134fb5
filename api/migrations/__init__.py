"""The tables, step by step: alembic's steps in `versions/`, run by `twotrack migrate`, or by `serve` on SQLite."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from api.database import Database
from api.errors import SettingsError

ONE_AT_A_TIME = 8_968_255
"""Postgres' advisory lock for whoever migrates: machines that are deployed at once would all make the tables."""


async def migrate(database: Database) -> None:
    """Bring the database to the newest step. Raises SettingsError when a newer version has been there before."""
    async with database.transactions.begin() as connection:
        if database.dialect == "postgresql":
            await connection.execute(select(func.pg_advisory_xact_lock(ONE_AT_A_TIME)))
        await connection.run_sync(_upgrade)


async def prepare(database: Database, *, embedded: bool) -> None:
    """Migrate a file; refuse a database server that is not at the newest step."""
    if embedded:
        await migrate(database)
        return
    async with database.engine.connect() as connection:
        at = await connection.run_sync(_known_step)
    newest = _steps().get_current_head()
    if at != newest:
        raise SettingsError(
            f"The database is at step {at or 'none'}, this version needs {newest}. Run `twotrack migrate` first."
        )


def _config(connection: Connection | None = None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "api:migrations")
    return config


def _upgrade(connection: Connection) -> None:
    _known_step(connection)
    command.upgrade(_config(connection), "head")


def _known_step(connection: Connection) -> str | None:
    """Where the database is; None before the first step."""
    at = MigrationContext.configure(connection).get_current_revision()
    if at is not None and at not in {step.revision for step in _steps().walk_revisions()}:
        raise SettingsError(
            f"The database is at step {at}, which this version does not know: a newer one has used it. "
            "Install that version, or use another database."
        )
    return at


def _steps() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
