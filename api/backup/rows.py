"""What the rows of a restored database need: the newest tables, and numbers beyond those that clients remember."""

from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import AsyncConnection

from api import migrations
from api.base import Base
from api.chats import models
from api.database import Database
from api.errors import SettingsError
from api.server.checks import with_database
from api.server.lock import database_file, restoring_lock
from api.settings import Settings
from api.streaming import restoring
from api.streaming.columns import Streamed
from api.streaming.guard import ANNOUNCED
from api.streaming.tracks import in_lock_order

assert models, "the numbers are raised of models that were imported"


async def complete_restore(settings: Settings, times: int, *, lower_revisions: bool = False) -> int:
    """Finish the restore of a database that another program has restored, such as pg_restore.

    `times` is how often this backup has been restored, this time included. Returns what was added to each number, or 0
    if they start again. Raises SettingsError if there is no database, if a process uses the SQLite file, or if the
    numbers reach their limit.
    """
    if settings.embedded and not database_file(settings).exists():
        raise SettingsError(f"There is no database at {database_file(settings)}.")
    amount = 0

    async def complete(database: Database) -> None:
        nonlocal amount
        await migrate(database)
        async with database.transactions.begin() as connection:
            amount = await raise_numbers(connection, times, lower_revisions=lower_revisions)

    with restoring_lock(settings):
        await with_database(settings, complete)
    return amount


async def migrate(database: Database) -> None:
    """Bring a restored database to the newest step. Raises SettingsError if it has no tables of ours."""
    await _require(database, {"alembic_version"})
    await migrations.migrate(database)
    await _require(database, set(Base.metadata.tables))


async def _require(database: Database, tables: set[str]) -> None:
    async with database.engine.connect() as connection:
        if not await connection.run_sync(_table_names) >= tables:
            raise SettingsError("This database has no tables of Twotrack. Restore another backup.")


async def raise_numbers(connection: AsyncConnection, times: int, *, lower_revisions: bool = False) -> int:
    """Raise the numbers of all models by a million, as often as `times` says. Returns by how much.

    Raises SettingsError if the numbers reach their limit.
    """
    tables = await connection.run_sync(_table_names)
    models = [model for model in in_lock_order() if model.__tablename__ in tables]  # of this product
    amount = 0 if lower_revisions else times * restoring.RAISE
    largest = max(number or 0 for number in (await connection.execute(restoring.largest_numbers(models))).one())
    if amount and largest + amount > restoring.LARGEST:
        raise SettingsError(
            f"The revisions cannot be raised by {amount:,}: one of the numbers is {largest:,}, and they end at "
            f"{restoring.LARGEST:,}. With --lower-revisions they start again from 1, and users must reload open pages."
        )
    for model in models:
        if restoring.rising_columns(model):
            change = restoring.raise_numbers(model, amount) if amount else restoring.lower_numbers(model)
            await connection.execute(change, execution_options={ANNOUNCED: True})
        if connection.dialect.name == "postgresql" and issubclass(model, Streamed):
            await connection.execute(restoring.next_position(model))
    if connection.dialect.name == "sqlite":
        restores = await restores_of(connection) + times if amount else 0
        await connection.exec_driver_sql(f"PRAGMA user_version = {restores}")
    return amount


def _table_names(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


async def restores_of(connection: AsyncConnection) -> int:
    """How often the numbers of an SQLite file were raised. SQLite's header has a number for applications."""
    return int((await connection.exec_driver_sql("PRAGMA user_version")).scalar_one())
