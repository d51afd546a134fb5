"""The rows of a restored database: what is raised, what streamed, and how often it can be done."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from api.backup import back_up, complete_restore, restore
from api.base import Base
from api.chats.models import Message
from api.errors import SettingsError
from api.graphql import relay
from api.streaming import leases
from api.streaming.restoring import LARGEST, RAISE
from tests.support.backends import Backend
from tests.support.files import backed_up, one, opened, settings_of
from tests.support.people import Person
from tests.support.scripted import is_finished
from tests.support.server import serving


@pytest.fixture
def folder(tmp_path: Path, sqlite_template: Path) -> Path:
    return backed_up(tmp_path, sqlite_template)


def revision(folder: Path) -> Any:
    return one(folder / "twotrack.db", "SELECT revision FROM chats")


def restored(folder: Path, file: str = "backup.db", **options: bool) -> int:
    return restore(settings_of(folder), folder / file, **options).raised_by


def test_each_number_that_only_rises_is_raised_and_nothing_else_changes(folder: Path) -> None:
    before = contents(folder / "twotrack.db")
    restored(folder)
    after = contents(folder / "twotrack.db")
    rising = {place for place in before if place[1] in ("revision", "access_epoch", "fence")}
    assert len(rising) == 5
    assert {place: after[place] for place in rising} == {
        place: [value + RAISE for value in before[place]] for place in rising
    }
    assert {place: after[place] for place in after.keys() - rising} == {
        place: before[place] for place in before.keys() - rising
    }


def contents(path: Path) -> dict[tuple[str, str], list[Any]]:
    """The values of every column of every table."""
    with opened(path) as database:
        return {
            (table.name, column.name): [
                value for (value,) in database.execute(f"SELECT {column.name} FROM {table.name} ORDER BY 1")
            ]
            for table in Base.metadata.sorted_tables
            for column in table.columns
        }


def test_a_backup_that_is_restored_again_is_raised_above_all_former_restores(folder: Path) -> None:
    revisions = []
    for _ in range(3):
        restored(folder)
        revisions.append(revision(folder))
    assert revisions == [7 + RAISE, 7 + 2 * RAISE, 7 + 3 * RAISE]
    assert asyncio.run(complete_restore(settings_of(folder), 2)) == 2 * RAISE
    restored(folder, "twotrack.db.before-restore")
    assert revision(folder) == 7 + 6 * RAISE
    back_up(settings_of(folder), folder / "backup.db")
    assert restored(folder) == RAISE


def test_a_database_is_restored_2147_times_and_then_only_if_revisions_start_again(folder: Path) -> None:
    with opened(folder / "twotrack.db") as database:
        database.execute("PRAGMA user_version = 2146")
    restored(folder)
    assert revision(folder) == 2_147_000_007 < LARGEST < 2**31

    before = (folder / "twotrack.db").read_bytes()
    with pytest.raises(SettingsError, match="--lower-revisions"):
        restored(folder)
    with pytest.raises(SettingsError, match="--lower-revisions"):
        asyncio.run(complete_restore(settings_of(folder), 1))
    assert revision(folder) == 2_147_000_007
    assert len((folder / "twotrack.db").read_bytes()) == len(before)

    assert restored(folder, lower_revisions=True) == 0
    assert [revision(folder), one(folder / "twotrack.db", "SELECT fence FROM messages")] == [1, 0]
    restored(folder)
    assert revision(folder) == 7 + RAISE


def test_only_a_database_of_ours_can_be_completed(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no database"):
        asyncio.run(complete_restore(settings_of(tmp_path), 1))
    assert not (tmp_path / "twotrack.db").exists()
    with opened(tmp_path / "twotrack.db") as database:
        database.execute("CREATE TABLE songs (title TEXT)")
    with pytest.raises(SettingsError, match="no tables of Twotrack"):
        asyncio.run(complete_restore(settings_of(tmp_path), 1))


async def test_replies_that_were_being_written_are_settled_or_written_by_the_next_worker(backend: Backend) -> None:
    async with serving(backend.settings(patience_seconds=3600)) as server:
        ann = await server.person("Ann")
        begun, claimed = await ann.prompt(), await ann.prompt()
        await server.claim(begun)  # and the other
        waiting = await ann.prompt()
        fence = (await server.row(begun)).fence
        some_text = update(Message).where(Message.id == relay.key_of("Message", begun)).values(content="Begun, ")
        long_ago = update(Message).values(lease=1.0)
        for change in (some_text, long_ago):
            await server.runtime.database.write(change.returning(Message.id))
    settings = backend.settings(model="scripted?chars=40&rate=0")
    await complete_restore(settings, 1)
    async with serving(settings, replies=True) as server:
        ann.port = server.port
        await ended(ann, begun)
        row = await server.row(begun)
        assert row.revision == 1 + RAISE + 1
        assert (row.status, row.error_code, row.content) == ("FAILED", "INTERRUPTED", "Begun, ")
        assert row.fence > fence + RAISE
        for reply in (claimed, waiting):
            await ended(ann, reply)
            assert is_finished(await server.row(reply), chars=40)


async def ended(person: Person, reply: str) -> None:
    """Return once a reply has ended."""
    async with person.socket() as socket:
        await (await socket.stream(reply)).rest()


async def test_a_writer_of_the_former_database_cannot_write_to_the_restored_one(backend: Backend) -> None:
    async with serving(backend.settings()) as server:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        row = await server.claim(reply)
        await complete_restore(backend.settings(), 1)
        database = server.runtime.database
        for fence, found in ((row.fence, 0), (row.fence + RAISE, 1)):
            extended = leases.heartbeat(Message, database.dialect, {row.id: fence}, lease=60)
            assert len(await database.write(extended)) == found


async def test_messages_go_on_after_the_last_one_if_the_sequence_was_left_behind(scaled: Backend) -> None:
    async with serving(scaled.settings()) as server:
        ann = await server.person("Ann")
        sent = [(await ann.send(await ann.create_chat(), reply=False))["message"]["id"] for _ in range(3)]
        async with server.runtime.database.engine.begin() as connection:
            await connection.exec_driver_sql("SELECT setval(pg_get_serial_sequence('messages', 'position'), 1, false)")
        await complete_restore(scaled.settings(), 1)
        sent.append((await ann.send(await ann.create_chat(), reply=False))["message"]["id"])
        positions = [(await server.row(message)).position for message in sent]
    assert positions == sorted(set(positions))
