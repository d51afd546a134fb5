"""The migrations make exactly the tables that the models describe, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text

from api import migrations
from api.accounts.models import User
from api.base import Base
from api.chats.models import Message
from api.database import Database
from api.errors import SettingsError
from api.streaming.guard import ANNOUNCED
from api.streaming.publisher import Publisher
from tests.support.backends import Backend
from tests.support.log_volume import reply
from tests.support.services import Postgres
from tests.support.until import PATIENCE_SECONDS, becomes

TABLES = {"alembic_version", "search_queue", "search_terms", *Base.metadata.tables}


async def discard(messages: object) -> None:
    """Nothing is announced here."""


@pytest_asyncio.fixture
async def database(backend: Backend) -> AsyncIterator[Database]:
    """At the newest step."""
    database = Database(backend.database_url, Publisher(discard))
    yield database
    await database.aclose()


async def tables(database: Database) -> set[str]:
    async with database.engine.connect() as connection:
        found = await connection.run_sync(lambda connection: inspect(connection).get_table_names())
    return {"search_terms" if name.startswith("search_terms_") else name for name in found}  # those of FTS5


async def test_the_steps_make_the_tables_of_the_models(database: Database) -> None:
    def is_of_a_model(name: str | None, kind: str, parents: object) -> bool:
        return kind != "table" or not (name or "").startswith("search_")

    def differences(connection: Connection) -> Any:
        opts = {"compare_type": True, "include_name": is_of_a_model}
        return compare_metadata(MigrationContext.configure(connection, opts=opts), Base.metadata)

    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    assert await tables(database) == TABLES


def test_no_index_contains_a_column_that_each_update_changes() -> None:
    """Postgres would write to every index of the table, several times a second for each reply."""
    indexed = {column.name for index in Message.__table__.indexes for column in index.columns}  # type: ignore[attr-defined]
    assert not indexed & {"content", "reasoning", "revision", "lease", "updated_at"}
    assert indexed == {"id", "chat_id", "position"}


async def test_the_steps_can_be_undone_and_done_again(database: Database) -> None:
    async with database.engine.connect() as connection:
        await connection.run_sync(lambda connection: command.downgrade(migrations._config(connection), "base"))
        await connection.commit()
    assert await tables(database) == {"alembic_version"}
    await migrations.migrate(database)
    assert await tables(database) == TABLES


async def test_migrating_twice_changes_nothing(database: Database) -> None:
    await migrations.migrate(database)
    await migrations.prepare(database, embedded=True)
    await migrations.prepare(database, embedded=False)
    assert await tables(database) == TABLES


async def test_a_database_that_a_newer_version_has_used_is_refused(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for embedded in (True, False):
        with pytest.raises(SettingsError, match=r"step 9999, which this version does not know"):
            await migrations.prepare(database, embedded=embedded)


async def test_machines_that_are_deployed_at_the_same_time_migrate_one_after_the_other(
    postgres_server: Postgres,
) -> None:
    with postgres_server.database() as url:
        databases = [Database(url, Publisher(discard)) for _ in range(4)]
        await asyncio.gather(*map(migrations.migrate, databases))
        assert await tables(databases[0]) == TABLES
        for database in databases:
            await database.aclose()


async def test_a_migration_behind_an_open_transaction_delays_nobody(postgres_server: Postgres) -> None:
    """As behind pg_dump, which has read `messages` and stays open."""
    with postgres_server.database() as url:
        database, migrating = (Database(url, Publisher(discard)) for _ in range(2))
        await migrations.migrate(database)
        async with database.transactions.connect() as connection:
            await connection.run_sync(lambda connection: command.downgrade(migrations._config(connection), "0006"))
            await connection.commit()
        read = text("SELECT count(*) FROM messages")
        change = text("UPDATE messages SET revision = revision + 1")
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'messages'::regclass")
        async with database.transactions.connect() as dump:
            await dump.execute(text("SET idle_in_transaction_session_timeout = 0"))
            await dump.execute(read)
            migration = asyncio.create_task(migrations.migrate(migrating))
            await becomes(lambda: database.read(waiting), lambda rows: rows[0].count)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await database.read(read)
                await database.write(change)
            assert not migration.done()
        await migration
        assert await tables(database) == TABLES
        await database.aclose()
        await migrating.aclose()


async def test_a_migration_that_gets_no_lock_says_why(
    postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "WAIT_SECONDS", 0.0)
    with postgres_server.database() as url:
        database = Database(url, Publisher(discard))
        await migrations.migrate(database)
        async with database.transactions.connect() as connection:
            await connection.run_sync(lambda connection: command.downgrade(migrations._config(connection), "0006"))
            await connection.commit()
            await connection.execute(text("SELECT count(*) FROM messages"))
            with pytest.raises(SettingsError, match=r"locked by another transaction .* run `twotrack migrate` again"):
                await migrations.migrate(database)
        await database.aclose()


async def test_an_empty_shared_database_must_be_migrated_first(postgres_server: Postgres) -> None:
    with postgres_server.database() as url:
        database = Database(url, Publisher(discard))
        with pytest.raises(SettingsError, match=r"is at step none, .* Run `twotrack migrate` first"):
            await migrations.prepare(database, embedded=False)
        await migrations.migrate(database)
        await migrations.prepare(database, embedded=False)
        await database.aclose()


async def test_addresses_from_before_step_0004_are_composed_and_keep_their_case_folding(database: Database) -> None:
    """`é` in two code points, once beside an account that has it in one."""
    former = ["ann@x.de", "jose\u0301@x.de", "re\u0301my@x.de", "r\u00e9my@x.de", "strasse@x.de"]
    async with database.engine.connect() as connection:
        await connection.run_sync(lambda connection: command.downgrade(migrations._config(connection), "0003"))
        await connection.commit()
        for number, email in enumerate(former):
            values = f"'{UUID(int=number).hex}', 1, 'Ann', '{email}', 'none', '2026-01-01', '2026-01-01'"
            names = "id, revision, name, email, password, created_at, updated_at"
            statement = text(f"INSERT INTO users ({names}) VALUES ({values})")
            await connection.execute(statement, execution_options={ANNOUNCED: True})
        await connection.commit()
    await migrations.migrate(database)
    async with database.reading() as session:
        users = [(user.email, user.folded_email) for user in await session.scalars(select(User).order_by(User.id))]
    assert users == [
        ("ann@x.de", "ann@x.de"),
        ("jos\u00e9@x.de", "jos\u00e9@x.de"),
        ("re\u0301my@x.de", "r\u00e9my@x.de"),
        ("r\u00e9my@x.de", "r\u00e9my@x.de"),
        ("strasse@x.de", "strasse@x.de"),
    ]


async def test_undoing_step_0008_keeps_what_was_appended_to_a_message_that_streams(database: Database) -> None:
    message = await reply(database)
    async with database.engine.connect() as connection:
        chunks = [{"row_id": message.id, "number": number, "content": word} for number, word in ((10, "b"), (9, "a"))]
        await connection.execute(Message.__chunks__.insert(), chunks)
        await connection.commit()
        await connection.run_sync(lambda connection: command.downgrade(migrations._config(connection), "0007"))
        assert (await connection.execute(text("SELECT content FROM messages"))).scalar_one() == "ab"
