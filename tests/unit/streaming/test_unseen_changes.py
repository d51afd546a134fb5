"""A statement on a tracked table that the session's hooks would not see raises, instead of going silent."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from api.streaming.errors import UnseenChange
from tests.support.statements import table
from tests.unit.streaming.house import House
from tests.unit.streaming.notes import Note

UNSEEN = [
    "UPDATE notes SET body = 'x'",
    "update only notes set body = 'x'",
    "UPDATE \"notes\" SET body = 'x'",
    "UPDATE main.\"notes\" SET body = 'x'",
    "UPDATE OR IGNORE notes SET body = 'x'",
    "UPDATE [notes] SET body = 'x'",
    "UPDATE `notes` SET body = 'x'",
    "UPDATE/**/notes SET body = 'x'",
    "UPDATE -- said the driver\n notes SET body = 'x'",
    "INSERT INTO notes (id) VALUES ('x')",
    "INSERT OR REPLACE INTO notes (id) VALUES ('x')",
    "REPLACE INTO notes (id) VALUES ('x')",
    "DELETE FROM notes",
    "DELETE FROM ONLY public.notes",
    "WITH old AS (SELECT 1) DELETE FROM notes",
    "WITH gone AS (DELETE FROM notes RETURNING id) SELECT * FROM gone",
    "TRUNCATE notes",
    "TRUNCATE TABLE ONLY untracked, public.notes CASCADE",
    "MERGE INTO notes USING x ON true WHEN MATCHED THEN DELETE",
    "COPY notes FROM STDIN",
    "INSERT INTO untracked SELECT '--'; DELETE FROM notes",
]


@pytest.mark.parametrize("statement", UNSEEN)
async def test_text_that_changes_a_tracked_table_raises_and_names_the_way(here: House, statement: str) -> None:
    async with here.database.engine.connect() as connection:
        with pytest.raises(UnseenChange, match=r"tracked.*database\.transaction\(\)"):
            await connection.execute(text(statement.replace(":", r"\:")))
        with pytest.raises(UnseenChange):
            await connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM notes",
        "SELECT 'delete' AS notes",
        "SELECT id FROM notes FOR UPDATE OF notes",
        "INSERT INTO untracked (notes) SELECT id FROM notes",
        "UPDATE untracked SET id = (SELECT max(id) FROM notes)",
        "DELETE FROM untracked WHERE notes = 'x'",
        "INSERT INTO notes_of_old (id) VALUES ('x')",
    ],
)
async def test_text_that_changes_no_tracked_table_goes_to_the_database(here: House, statement: str) -> None:
    async with here.database.engine.connect() as connection:
        with suppress(DBAPIError):  # there is no such table, or no such clause, in this database
            await connection.execute(text(statement))


async def test_a_core_statement_on_a_tracked_table_raises(here: House) -> None:
    shelf = await here.shelf()
    async with here.database.engine.connect() as connection:
        for statement in (
            insert(table(Note)).values(id=uuid4(), shelf_id=shelf.id),
            update(table(Note)).values(body="x"),
            delete(table(Note)),
        ):
            with pytest.raises(UnseenChange, match="`notes`"):
                await connection.execute(statement)


@pytest.mark.parametrize("statement", [insert(Note), update(Note), delete(Note)], ids=["insert", "update", "delete"])
async def test_a_bulk_statement_of_a_session_raises_and_nothing_is_changed(here: House, statement: Any) -> None:
    note = await here.note(await here.shelf(), "a")
    rows = [{"id": uuid4(), "shelf_id": note.shelf_id, "body": "b"}]
    with pytest.raises(UnseenChange):
        async with here.database.transaction() as session:
            await session.execute(statement if statement.is_delete else statement.values(rows[0]))
    if statement.is_insert:
        with pytest.raises(UnseenChange):
            async with here.database.transaction() as session:
                await session.execute(statement, rows)
    assert (await here.fresh(note)).body == "a"


def called(method: str, *arguments: object) -> Callable[[Session], object]:
    return lambda session: getattr(session, method)(*arguments)


async def test_a_sessions_bulk_methods_raise(here: House) -> None:
    note = await here.note(await here.shelf(), "a")
    for method, *arguments in (
        ("bulk_insert_mappings", Note, [{"shelf_id": note.shelf_id}]),
        ("bulk_update_mappings", Note, [{"id": note.id, "body": "b"}]),
        ("bulk_save_objects", [Note(shelf_id=note.shelf_id)]),
    ):
        with pytest.raises(UnseenChange):
            async with here.database.transaction() as session:
                await session.run_sync(called(method, *arguments))
    assert (await here.fresh(note)).body == "a"


async def test_a_statement_in_a_transaction_is_refused_while_the_sessions_own_changes_go_through(here: House) -> None:
    note = await here.note(await here.shelf(), "a")
    with pytest.raises(UnseenChange):
        async with here.database.transaction() as session:
            (await session.get_one(Note, note.id)).body = "b"
            await session.flush()
            await session.execute(text("UPDATE notes SET body = 'c'"))
    await here.change(note, body="d")
    assert (await here.fresh(note)).body == "d"
