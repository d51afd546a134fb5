"""Postgres goes: writers hold on to their texts, clients hear that it failed and ask again, and everybody may leave."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Executable, Row

from api.chats.models import Message
from api.streaming.store import Store
from api.streaming.sweep import Sweep
from tests.support.backends import Backend
from tests.support.conversation import conversation, conversations
from tests.support.fleet import LEASE, PATIENCE, Fleet, ServerProcess
from tests.support.operations import Refused
from tests.support.scripted import ENDLESS, is_finished
from tests.support.server import serving


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_a_restart_in_mid_stream_loses_no_word_of_any_reply(fleet: Fleet, end: str) -> None:
    worker = fleet.worker("scripted?chars=1200&rate=300", lease_seconds=9)
    async with worker, conversations(fleet, 5) as talks:
        replies = [await talk.ask(f"Question {number}") for number, talk in enumerate(talks)]
        for talk, reply in zip(talks, replies, strict=True):
            await talk.shown(reply, 50)
        await asyncio.to_thread(getattr(fleet.postgres, end))
        await asyncio.to_thread(fleet.postgres.start)
        for number, (talk, reply) in enumerate(zip(talks, replies, strict=True)):
            assert is_finished(await talk.ended(reply), f"Question {number}", chars=1200)
        after = await talks[0].ask("And after it?")
        assert is_finished(await talks[0].ended(after), "And after it?", chars=1200)


async def test_an_outage_that_outlasts_the_lease_still_ends_every_reply_once(fleet: Fleet) -> None:
    async with fleet.worker("scripted?chars=1200&rate=300"), conversation(fleet) as talk:
        reply = await talk.ask()
        await talk.shown(reply, 50)
        await asyncio.to_thread(fleet.postgres.stop)
        await asyncio.sleep(LEASE + PATIENCE)  # the outage itself: nothing can be asked meanwhile
        await asyncio.to_thread(fleet.postgres.start)
        row = await talk.ended(reply)
        is_interrupted = row.error_code == "INTERRUPTED"  # if the writer was slower than two sweeps
        assert is_finished(row, chars=1200) or is_interrupted


async def test_after_an_outage_writers_come_before_the_sweep(scaled: Backend) -> None:
    settings = scaled.settings(patience_seconds=3600, lease_seconds=0.001)
    async with serving(settings) as server:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        await server.claim(reply)
        store = AwayOnce(server.runtime.database)
        sweep = Sweep(store, server.runtime.hub, server.runtime.publisher, [Message], patience=1, wait=1)
        with pytest.raises(ConnectionRefusedError):
            await sweep.once()
        await sweep.once()
        before = await server.row(reply)
        await sweep.once()
        after = await server.row(reply)
    assert (before.writer is None, after.writer is None) == (False, True)


class AwayOnce:
    """A database that comes back after its first failure."""

    def __init__(self, store: Store) -> None:
        self.dialect = store.dialect
        self.read = store.read
        self._store = store
        self._away = True

    async def write(self, *statements: Executable, **parameters: Any) -> Sequence[Row[Any]]:
        if self._away:
            self._away = False
            raise ConnectionRefusedError
        return await self._store.write(*statements, **parameters)


async def test_a_reply_claimed_just_before_an_outage_is_written_after_it(fleet: Fleet) -> None:
    worker = fleet.worker("scripted?chars=300&rate=300", lease_seconds=9)
    async with worker, conversations(fleet, 5) as talks:
        replies = [await talk.ask(f"Question {number}") for number, talk in enumerate(talks)]
        await asyncio.to_thread(fleet.postgres.kill)
        await asyncio.to_thread(fleet.postgres.start)
        for number, (talk, reply) in enumerate(zip(talks, replies, strict=True)):
            assert is_finished(await talk.ended(reply), f"Question {number}", chars=300)


async def test_a_mutation_fails_while_postgres_is_away_and_works_when_it_is_back(fleet: Fleet) -> None:
    ann, _ = await fleet.people("Ann", "Bob")
    await asyncio.to_thread(fleet.postgres.stop)
    with pytest.raises(Refused) as refused:
        await ann.create_chat()
    assert refused.value.code == "INTERNAL"
    await asyncio.to_thread(fleet.postgres.start)
    await ann.create_chat()


async def test_a_worker_told_to_leave_while_postgres_is_away_leaves_in_time(fleet: Fleet) -> None:
    async with fleet.worker(ENDLESS, grace_seconds=1) as worker, conversation(fleet) as talk:
        reply = await talk.ask()
        await talk.shown(reply, 100)
        await asyncio.to_thread(fleet.postgres.stop)
        await worker.leaves()
        await asyncio.to_thread(fleet.postgres.start)
        row = await talk.ended(reply)
        assert (row.status, row.error_code) == ("FAILED", "INTERRUPTED")


async def test_a_server_told_to_leave_while_postgres_is_away_leaves_in_time(fleet: Fleet) -> None:
    async with fleet.worker("scripted?chars=1200&rate=300", lease_seconds=9), conversation(fleet) as talk:
        leaving = ServerProcess(fleet.settings())
        try:
            await asyncio.to_thread(leaving.start)
            talk.bob.port = leaving.port
            reply = await talk.ask()
            await talk.shown(reply, 100)
            await asyncio.to_thread(fleet.postgres.stop)
            await leaving.leaves()
            await asyncio.to_thread(fleet.postgres.start)
            assert is_finished(await talk.ended(reply), chars=1200)
            assert talk.readers[reply][1].closes == [1012]
        finally:
            leaving.end()
