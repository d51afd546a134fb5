"""Behind a pooler that gives each transaction another connection: PgBouncer itself, and a stand-in at its worst."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api import migrations
from api.database import Database
from api.server.checks import with_database
from api.settings import Settings
from api.streaming.publisher import Publisher
from tests.support.accounts import account
from tests.support.backends import SECRET
from tests.support.pgbouncer import SERVER_CONNECTIONS, pgbouncer_server
from tests.support.pooler import pooling
from tests.support.server import serving
from tests.support.services import Postgres


@pytest_asyncio.fixture(params=["pgbouncer", "stand-in"])
async def port(request: pytest.FixtureRequest, postgres_server: Postgres) -> AsyncIterator[int]:
    """The port of a pooler in transaction mode."""
    if request.param == "pgbouncer":
        with pgbouncer_server(postgres_server.port) as server:
            yield server.port
        return
    async with pooling(postgres_server.port) as pooler:
        yield pooler.port


async def test_everything_works_behind_a_pooler_in_transaction_mode(port: int, postgres_server: Postgres) -> None:
    with postgres_server.database() as url:
        name = url.rpartition("/")[2]
        settings = Settings(
            database_url=f"postgres://postgres@127.0.0.1:{port}/{name}?pgbouncer=true&application_name=chat",
            secret_key=SECRET,
            model="scripted?chars=200&rate=2000",
        )
        await with_database(settings, migrations.migrate)
        async with serving(settings, replies=True) as server:
            ann, bob = await account(server), await server.person("Bob")
            chat = await ann.create_chat()
            await ann.add(chat, bob)
            async with ann.socket() as socket, bob.socket() as other:
                page = await other.sync(chat)
                before = (await page.next())["revision"]
                replies = [(await ann.send(chat, f"Hello {number}"))["reply"]["id"] for number in range(3)]
                for reply in replies:
                    frames = await (await socket.stream(reply)).rest()
                    assert frames[-1]["status"] == "COMPLETE"
                    assert len(frames[-1]["content"]) >= 200
                assert (await page.next())["revision"] > before
        await with_database(settings, migrations.migrate)  # there is nothing left to do


async def test_without_the_option_such_a_pooler_breaks_statements(port: int) -> None:
    """What the option is for; and that the poolers of these tests change connections."""

    async def discard(messages: object) -> None:
        """Nothing is announced here."""

    url = Settings(database_url=f"postgres://postgres@127.0.0.1:{port}/postgres", secret_key=SECRET).database_url
    database = Database(url, Publisher(discard))
    try:
        with pytest.raises(DBAPIError, match="prepared statement"):
            for _ in range(10):
                overlapping = (database.read(text("SELECT pg_sleep(0.01)")) for _ in range(SERVER_CONNECTIONS))
                await asyncio.gather(*overlapping)
    finally:
        await database.aclose()
