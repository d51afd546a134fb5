"""Old idempotency keys and expired credentials are deleted, and all others stay."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from api.accounts import Session, delete_expired_credentials
from api.chats import retention
from api.chats.models import IdempotencyKey
from api.graphql import relay
from api.streaming.columns import now
from tests.support.accounts import account, program
from tests.support.server import Running


async def keys(server: Running) -> int:
    async with server.runtime.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(IdempotencyKey)) or 0


@pytest.mark.parametrize("batch", [1, 1_000])
async def test_keys_older_than_their_age_are_deleted_in_batches(
    server: Running, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH_ROWS", batch)
    people = [await server.person(name) for name in ("Ann", "Bob")]
    for person in people:
        chat = await person.create_chat()
        for number in range(3):
            await person.send(chat, f"Message {number}", key=f"old {number}")
    async with server.runtime.database.transaction() as session:
        await session.execute(update(IdempotencyKey).values(created_at=now() - timedelta(days=31)))
    await people[0].send(chat := await people[0].create_chat(), "New", key="new")
    assert await retention.delete_old_keys(server.runtime.database, timedelta(days=30)) == 6
    assert await keys(server) == 1
    again = await people[0].send(chat, "New", key="new")
    assert again["message"]["content"] == "New"
    assert await keys(server) == 1


async def test_credentials_that_expired_are_deleted_and_the_others_stay(server: Running) -> None:
    ann, bob = await account(server), await account(server, "Bob")
    agent = await program(server, bob)
    async with server.runtime.database.transaction() as session:
        of_ann = Session.user_id == relay.key_of("Viewer", ann.viewer_id)
        await session.execute(update(Session).where(of_ann).values(expires_at=now() - timedelta(seconds=1)))
    assert await delete_expired_credentials(server.runtime.database) == 1
    assert await delete_expired_credentials(server.runtime.database) == 0
    for person in (bob, agent):
        assert (await person.ask("{ viewer { id } }"))["viewer"] is not None
