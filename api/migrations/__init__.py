"""The tables, step by step. `twotrack migrate` runs alembic's steps in `versions/`; on SQLite, `serve` does as well."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from api.database import Database
from api.errors import SettingsError

ONE_AT_A_TIME = 8_968_255
"""Key of the advisory lock of Postgres that a migration holds. Without it, machines that are deployed at the same time
would all make the tables."""


async def migrate(database: Database) -> None:
    """Bring the database to the newest step. Raises SettingsError if a newer version has used it."""
    async with database.transactions.begin() as connection:
        if database.dialect == "postgresql":
            await connection.execute(select(func.pg_advisory_xact_lock(ONE_AT_A_TIME)))
        await connection.run_sync(_upgrade)


async def prepare(database: Database, *, embedded: bool) -> None:
    """Migrate an SQLite file. Raises SettingsError if a database server is not at the newest step."""
    if embedded:
        await migrate(database)
        return
    async with database.engine.connect() as connection:
        step = await connection.run_sync(_current_step)
    newest = _steps().get_current_head()
    if step != newest:
        raise SettingsError(
            f"The database is at step {step or 'none'}, and this version needs {newest}. Run `twotrack migrate` first."
        )


def _config(connection: Connection | None = None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "api:migrations")
    return config


def _upgrade(connection: Connection) -> None:
    _current_step(connection)
    command.upgrade(_config(connection), "head")


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
