"""Others have all connections of Postgres: requests fail soon, running replies wait, and all go on afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from api import postgres
from tests.support.backends import Backend
from tests.support.conversation import conversation
from tests.support.logged import entries, logged
from tests.support.operations import Refused
from tests.support.pair import serving_twice
from tests.support.scripted import ENDLESS
from tests.support.services import Postgres

THEIRS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
"""Ends all connections to a database, and returns a row for each."""


@asynccontextmanager
async def others_have_all(server: Postgres, database: str) -> AsyncIterator[None]:
    """No connection to the database is left, and none can be opened."""
    others: list[asyncpg.Connection] = []
    try:
        others.append(await opened(server))
        ended = opened_now = 1
        while ended or opened_now:  # theirs come back meanwhile
            ended, before = len(await others[0].fetch(THEIRS, database)), len(others)
            with suppress(asyncpg.TooManyConnectionsError):
                while True:
                    others.append(await opened(server))
            opened_now = len(others) - before
        yield
    finally:
        for connection in others:
            connection.terminate()


async def opened(server: Postgres) -> asyncpg.Connection:
    return await asyncpg.connect(server.url.replace("+asyncpg", ""), ssl=False)


async def test_while_others_have_all_connections_replies_wait_and_go_on_afterwards(
    scaled: Backend, postgres_server: Postgres, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "CONNECT_SECONDS", 0.5)
    caplog.set_level("INFO")
    async with (
        serving_twice(scaled, replies=True, model=ENDLESS, lease_seconds=9) as pair,
        conversation(pair) as talk,
    ):
        reply = await talk.ask()
        await talk.shown(reply, 100)
        async with others_have_all(postgres_server, make_url(scaled.database_url).database or ""):
            for event in ("write failed", "claim failed", "sweep failed"):
                await logged(caplog, event)
            with pytest.raises(Refused) as refused:
                await talk.ann.create_chat()
            assert refused.value.code == "INTERNAL"
            written = len(talk.readers[reply][0].last["content"])
        await talk.shown(reply, written + 100)
        for event in ("write failed no longer", "claim failed no longer", "sweep failed no longer"):
            await logged(caplog, event)
        await talk.ann.act("stopMessage", reply)
        assert (await talk.ended(reply)).status == "STOPPED"
    assert not entries(caplog, "settled")


async def test_a_request_waits_for_a_connection_that_others_give_back_soon(
    scaled: Backend, postgres_server: Postgres
) -> None:
    async with serving_twice(scaled) as pair:
        ann, _ = await pair.people("Ann", "Bob")
        async with others_have_all(postgres_server, make_url(scaled.database_url).database or ""):
            asking = asyncio.create_task(ann.create_chat())
            await asyncio.wait([asking], timeout=0.3)
            assert not asking.done()
        assert await asking
