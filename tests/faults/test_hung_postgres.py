"""Postgres hangs, or a process hangs in a transaction: all waits are bounded, and all continue after it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import event, literal, select, text, update
from sqlalchemy.exc import DBAPIError

from api import database as databases
from api import postgres
from api.accounts.models import User
from api.database import Database
from api.streaming.publisher import Publisher
from tests.support.backends import Backend
from tests.support.conversation import conversation
from tests.support.fleet import Fleet, frozen
from tests.support.scripted import is_finished
from tests.support.services import Postgres
from tests.support.until import PATIENCE_SECONDS

SOON_SECONDS = 0.3
"""What is waited for here, instead of seconds."""

HANG_SECONDS = 2.0
"""How long Postgres hangs while replies are written."""

RENAME = update(User).values(name="Bea").returning(User.id)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "CONNECT_SECONDS", SOON_SECONDS)
    monkeypatch.setattr(databases, "CLOSE_SECONDS", SOON_SECONDS)
    monkeypatch.setattr(postgres, "IDLE_SECONDS", 1)


@asynccontextmanager
async def connected(backend: Backend, statement_seconds: float = SOON_SECONDS) -> AsyncIterator[Database]:
    async def nobody(messages: object) -> None:
        """Nothing is announced here."""

    database = Database(backend.database_url, Publisher(nobody), statement_seconds=statement_seconds)
    try:
        yield database
    finally:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await database.aclose()


async def test_replies_are_written_on_when_a_hung_postgres_wakes(fleet: Fleet) -> None:
    async with fleet.worker("scripted?chars=900&rate=300", lease_seconds=9), conversation(fleet) as talk:
        reply = await talk.ask()
        await talk.shown(reply, 100)
        with frozen(fleet.postgres):
            await asyncio.sleep(HANG_SECONDS)
        assert is_finished(await talk.ended(reply), chars=900)


async def test_a_query_to_a_hung_postgres_times_out(scaled: Backend, postgres_server: Postgres) -> None:
    async with connected(scaled) as database:
        await database.read(select(literal(1)))
        with frozen(postgres_server):
            for _ in range(3):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    with pytest.raises(TimeoutError):
                        await database.read(select(literal(1)))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await database.read(select(literal(1)))


async def test_closing_the_database_does_not_wait_for_a_hung_postgres(
    scaled: Backend, postgres_server: Postgres
) -> None:
    with frozen(postgres_server):
        async with connected(scaled, statement_seconds=60) as database:
            asking = asyncio.create_task(database.read(select(literal(1))))
            await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await asking


async def test_a_process_that_hangs_in_a_transaction_loses_its_locks_to_waiting_processes(scaled: Backend) -> None:
    async with connected(scaled) as hangs, connected(scaled, statement_seconds=60) as waits:
        async with hangs.transaction() as session:
            session.add(User(name="Ann", email="ann@example.com", password="none"))
        with pytest.raises(DBAPIError):
            async with hangs.transaction() as session:
                await session.scalars(select(User).with_for_update())  # and here it hangs
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await waits.write(RENAME)
        ((name,),) = await waits.read(select(User.name))
        assert name == "Bea"


async def test_a_statement_holds_nothing_between_two_round_trips(scaled: Backend) -> None:
    async with connected(scaled) as database:
        open_after: list[bool] = []

        @event.listens_for(database.engine.sync_engine, "after_cursor_execute")
        def note(connection: Any, *_: Any) -> None:
            open_after.append(connection.connection.driver_connection.is_in_transaction())

        await database.write(RENAME)
        await database.read(text("SELECT 1"))
        async with database.transaction() as session:
            await session.execute(text("SELECT 1"))
        assert open_after == [False, False, True]
