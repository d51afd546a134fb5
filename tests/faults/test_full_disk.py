"""The disk is full for longer than a lease: no reply is lost, and all is written when there is room again."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from secrets import token_urlsafe

import pytest
from sqlalchemy import text

from api.graphql import relay
from tests.support.backends import SECRET, UNLIMITED, Backend
from tests.support.conversation import conversation
from tests.support.deployment import Deployment
from tests.support.disks import full_disk, needs_prlimit
from tests.support.fleet import ServerProcess, children_of
from tests.support.logged import entries
from tests.support.operations import Refused
from tests.support.scripted import ENDLESS
from tests.support.server import Running, serving
from tests.support.services import Postgres

LEASE = 3.0

LONGEST_FILE = 20_000_000
"""Longer than a file of Postgres' log, which has 16 MiB and would stop Postgres."""

PIECE = 1_500
"""Characters of an update. A longer text would be stored in another file."""


class Alone(Deployment):
    """A single server on SQLite, with its files in a directory of their own."""

    def __init__(self, directory: Path) -> None:
        super().__init__(f"sqlite+aiosqlite:///{directory / 'twotrack.db'}")
        self.log = directory / "twotrack.db-wal"
        settings = {
            "database_url": self.database_url,
            "secret_key": SECRET,
            "model": ENDLESS,
            "cadence_seconds": 0.1,
            "patience_seconds": 0.5,
            "lease_seconds": LEASE,
            "grace_seconds": 1,
            **UNLIMITED,
        }
        self.server = ServerProcess(settings, "--host", "127.0.0.1")

    @property
    def ports(self) -> list[int]:
        return [self.server.port] * 2


@needs_prlimit
async def test_on_a_full_disk_sqlite_keeps_every_reply_until_there_is_room(tmp_path: Path) -> None:
    alone = Alone(tmp_path)
    server = alone.server
    try:
        await asyncio.to_thread(server.start)
        async with conversation(alone) as talk:
            reply = await talk.ask()
            await talk.shown(reply, 100)
            with full_disk(lambda: [server.pid], alone.log.stat().st_size):
                await server.logged("write failed")
                await server.logged("sweep failed")  # it would have settled the reply, whose lease has run out
                with pytest.raises(Refused) as refused:
                    await talk.ann.send(talk.chat, "Is there room?", reply=False)
                assert refused.value.code == "INTERNAL"
                written = len(talk.readers[reply][0].last["content"])
            await talk.shown(reply, written + 300)
            await server.logged("sweep failed no longer")
            await talk.ann.send(talk.chat, "Now there is.", reply=False)
            await talk.ann.act("stopMessage", reply)
            row = await talk.ended(reply)
            assert row.status == "STOPPED"
        for event in ("write failed", "sweep failed"):
            assert len(server._lines(event)) == 1, event
        assert not server._lines("settled")
    finally:
        server.end()


@needs_prlimit
async def test_on_a_full_disk_of_postgres_a_reply_keeps_its_lease_and_its_text(
    scaled: Backend, postgres_server: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    def processes() -> list[int]:
        return [postgres_server.pid, *(pid for pid, _ in children_of(postgres_server.pid))]

    async with serving(scaled.settings(lease_seconds=LEASE)) as server:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        await fill(server, (await ann.send(await ann.create_chat(), reply=False))["message"]["id"])
        async with ann.socket() as socket:
            stream = await socket.stream(reply)
            async with server.writing_all([reply]) as (draft,):
                draft.append(text := "Before. ")
                await stream.until(content=text)
                with full_disk(processes, LONGEST_FILE):
                    while not entries(caplog, "write failed"):
                        text += token_urlsafe(PIECE)[:PIECE]
                        draft.append(text[-PIECE:])
                        await written_or(server, reply, text, lambda: entries(caplog, "write failed"))
                    lease = (await server.row(reply)).lease
                    await server.row_when(reply, lambda row: row.lease > lease + 2 * LEASE)
                draft.append(" After.")
            last = (await stream.rest())[-1]
        row = await server.row(reply)
    assert (row.status, row.content, row.revision) == (last["status"], last["content"], last["revision"])
    assert (row.status, entries(caplog, "settled")) == ("COMPLETE", [])
    assert len(entries(caplog, "write failed")) == 1


async def written_or(server: Running, reply: str, text: str, failed: Callable[[], object]) -> None:
    await server.row_when(reply, lambda row: row.content == text or failed())


async def fill(server: Running, message: str) -> None:
    """Chunks of other messages, as many as a file takes."""
    fill = text(
        "INSERT INTO messages_chunks (row_id, number, content) "
        "SELECT :message, number, repeat('x', :length) FROM generate_series(1, :rows) number"
    )
    values = {"message": relay.key_of("Message", message), "length": PIECE, "rows": LONGEST_FILE // PIECE}
    async with server.runtime.database.engine.begin() as connection:
        await connection.execute(fill, values)
