"""The tables, step by step: alembic's steps in `versions/`, run by `twotrack migrate`, or by `serve` on SQLite."""

from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from api.database import Database
from api.errors import SettingsError


async def migrate(database: Database) -> None:
    """Bring the database to the newest step."""
    async with database.transactions.begin() as connection:
        await connection.run_sync(_upgrade)


async def prepare(database: Database, *, embedded: bool) -> None:
    """Migrate a file that is ours alone; refuse a shared database that is not at the newest step."""
    if embedded:
        await migrate(database)
        return
    async with database.engine.connect() as connection:
        at = await connection.run_sync(_step)
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    if at != newest:
        raise SettingsError(
            f"The database is at step {at or 'none'}, this version needs {newest}. Run `twotrack migrate` first."
        )


def _config(connection: Connection | None = None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "api:migrations")
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(_config(connection), "head")


def _step(connection: Connection) -> Any:
    return MigrationContext.configure(connection).get_current_revision()
