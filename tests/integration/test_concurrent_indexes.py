"""Indexes of migrations are built while reads and writes go on, and whatever interrupted an earlier build."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Executable, event, text

from api import migrations
from api.database import Database
from api.streaming.guard import ANNOUNCED
from api.streaming.publisher import Publisher
from tests.support.services import Postgres
from tests.support.until import PATIENCE_SECONDS, becomes

LAST_WITHOUT_THE_RULE = "0010"

STEP = """
from api.migrations import indexes

revision = "index"
down_revision = {former!r}
concurrent = True

def upgrade():
    indexes.create_index("ix_extra", "messages", ["created_at"])
"""

INDEX = re.compile(r"CREATE (?:UNIQUE )?INDEX (CONCURRENTLY )?.*? ON (\w+)")
VERSION = re.compile(r"(?:UPDATE alembic_version SET version_num=|INSERT INTO alembic_version .*)'(\w+)'")
CONSTRAINT = re.compile(r"ALTER TABLE \w+ ADD (?:CONSTRAINT \w+ )?(?:UNIQUE|PRIMARY KEY)")
INDEX_STATES = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('ix_extra')")


async def discard(messages: object) -> None:
    """Nothing is announced here."""


def blocking(statements: list[str]) -> list[str]:
    """Statements of the steps after 0010 that make an index on an existing table while writes to it wait."""
    found, tables, ruled = list[str](), set[str](), False
    for statement in map(str.strip, statements):
        if step := VERSION.match(statement):
            ruled = ruled or step[1] == LAST_WITHOUT_THE_RULE
            tables.clear()
        elif table := re.match(r"CREATE TABLE (\w+)", statement):
            tables.add(table[1])
        elif ruled and (index := INDEX.match(statement)):
            found += [statement] * (index[2] not in tables and not index[1])
        elif ruled and CONSTRAINT.match(statement):
            found.append(statement)
    return found


@contextmanager
def recorded(database: Database) -> Iterator[list[str]]:
    statements = list[str]()

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    yield statements
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)


@pytest.fixture
def one_more_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A step after the newest one makes an index on `messages`."""
    former, config = migrations.newest_step(), migrations._config

    def with_more_steps(connection: Connection | None = None) -> Config:
        more = config(connection)
        more.set_main_option("path_separator", "newline")
        more.set_main_option("version_locations", f"api:migrations/versions\n{tmp_path}")
        return more

    (tmp_path / "index.py").write_text(STEP.format(former=former))
    monkeypatch.setattr(migrations, "_config", with_more_steps)


def test_the_rule_finds_an_index_that_blocks_writes() -> None:
    ruled = "UPDATE alembic_version SET version_num='0010' WHERE …"
    index = "CREATE INDEX ix ON messages (created_at)"
    unique = "ALTER TABLE messages ADD CONSTRAINT one UNIQUE (created_at)"
    assert blocking([index, ruled, index, unique]) == [index, unique]
    assert blocking([ruled, "CREATE TABLE news (", "CREATE INDEX ix ON news (id)"]) == []
    assert blocking([ruled, "CREATE UNIQUE INDEX CONCURRENTLY ix ON messages (id)"]) == []


async def test_no_step_makes_an_index_on_an_existing_table_while_writes_wait(postgres_server: Postgres) -> None:
    with postgres_server.database() as url:
        database = Database(url, Publisher(discard))
        with recorded(database) as statements:
            await migrations.migrate(database)
        await database.aclose()
    assert any(f"'{LAST_WITHOUT_THE_RULE}'" in statement for statement in statements)
    assert blocking(statements) == []


@pytest.mark.usefixtures("one_more_step")
async def test_an_index_waits_for_an_open_dump_and_nothing_waits_for_the_index(postgres_server: Postgres) -> None:
    with postgres_server.database() as url:
        database, migrating, other = (Database(url, Publisher(discard), statement_seconds=None) for _ in range(3))
        async with database.transactions.connect() as dump:
            await migrations_before(database)
            await dump.execute(text("SET idle_in_transaction_session_timeout = 0"))
            await dump.commit()
            await dump.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            await dump.execute(text("SELECT count(*) FROM messages"))
            both = [asyncio.create_task(migrations.migrate(each)) for each in (migrating, other)]
            await becomes(lambda: database.read(INDEX_STATES), lambda rows: [row.indisvalid for row in rows] == [False])
            async with asyncio.timeout(PATIENCE_SECONDS):
                await database.write(text("UPDATE messages SET revision = revision + 1"))
            assert not any(task.done() for task in both)
        await asyncio.gather(*both)
        assert [row.indisvalid for row in await database.read(INDEX_STATES)] == [True]
        for each in (database, migrating, other):
            await each.aclose()


@pytest.mark.usefixtures("one_more_step")
async def test_an_index_that_an_interrupted_build_left_is_built_again(postgres_server: Postgres) -> None:
    with postgres_server.database() as url:
        database = Database(url, Publisher(discard))
        await migrations_before(database)
        await run(database, text("CREATE INDEX ix_extra ON messages (id)"))
        await run(database, text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_extra'::regclass"))
        await migrations.migrate(database)
        definition = text("SELECT indisvalid, pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON "
                          "oid = indexrelid WHERE relname = 'ix_extra'")  # fmt: skip
        (row,) = await database.read(definition)
        assert row.indisvalid
        assert row.pg_get_indexdef.endswith("(created_at)")
        await database.aclose()


async def migrations_before(database: Database) -> None:
    """Take all steps but the one more."""
    async with database.transactions.begin() as connection:
        former = str(migrations._steps().get_revision("index").down_revision)
        await connection.run_sync(lambda connection: command.upgrade(migrations._config(connection), former))


async def run(database: Database, statement: Executable) -> None:
    async with database.engine.connect() as connection:
        await connection.execute(statement, execution_options={ANNOUNCED: True})
