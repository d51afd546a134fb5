"""Promise 16: a session, API token or link that was revoked reads nothing more, on any process, by any transport."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from api.accounts import Credentials
from tests.support.accounts import NEW_PASSWORD, PASSWORD, account, again, program
from tests.support.links import SHARED, guest
from tests.support.operations import STREAM
from tests.support.people import Person
from tests.support.responses import MULTIPART, SSE, following
from tests.support.server import Running
from tests.support.sockets import Subscription

Act = Callable[[Person], Awaitable[Any]]


async def sign_out(ann: Person) -> None:
    await ann.mutate("signOut", everywhere=True)


async def change_password(ann: Person) -> None:
    await ann.mutate("changePassword", currentPassword=PASSWORD, newPassword=NEW_PASSWORD)


async def revoke_the_other(ann: Person) -> None:
    sessions = (await ann.ask("{ viewer { sessions { id current } } }"))["viewer"]["sessions"]
    (other,) = (session["id"] for session in sessions if not session["current"])
    await ann.mutate("revokeSession", sessionId=other)


async def delete_account(ann: Person) -> None:
    await ann.mutate("deleteAccount", password=PASSWORD)


ENDINGS: dict[str, Act] = {
    "signed out everywhere": sign_out,
    "password changed": change_password,
    "session revoked": revoke_the_other,
    "account deleted": delete_account,
}


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
async def test_a_session_that_ended_closes_its_socket_on_another_process(
    server: Running, elsewhere: Running, end: Act
) -> None:
    ann = await account(server)
    other = await again(elsewhere, ann)
    async with other.socket() as socket:
        await (await socket.sync(other.viewer_id)).next()
        await end(ann)
        await socket.closed.wait()
        assert socket.connection.close_code == 4403
    assert (await other.refusal("{ viewer { id } }"))["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("accept", [SSE, MULTIPART], ids=["sse", "multipart"])
async def test_a_session_that_ended_ends_its_streaming_responses(
    server: Running, elsewhere: Running, accept: str
) -> None:
    ann = await account(server)
    other = await again(elsewhere, ann)
    reply = await ann.prompt()
    async with following(other, accept, STREAM, id=reply) as stream:
        await stream.next()
        await ann.mutate("signOut", everywhere=True)
        with pytest.raises(EOFError):
            while True:
                await stream.payload()


async def test_an_api_token_that_was_revoked_closes_its_socket(server: Running, elsewhere: Running) -> None:
    ann = await account(server)
    agent = await program(elsewhere, ann)
    async with agent.socket() as socket:
        await (await socket.sync(agent.viewer_id)).next()
        (token,) = (await ann.ask("{ viewer { apiTokens { id } } }"))["viewer"]["apiTokens"]
        await ann.mutate("revokeApiToken", apiTokenId=token["id"])
        await socket.closed.wait()
        assert socket.connection.close_code == 4403
    assert (await agent.refusal("{ viewer { id } }"))["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_session_ends_with_the_sweep_if_the_bus_loses_the_word(
    server: Running, elsewhere: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await account(server)
    other = await again(elsewhere, ann)
    async with other.socket() as socket:
        await (await socket.sync(other.viewer_id)).next()
        monkeypatch.setattr(Credentials, "end", lambda *_: None)  # no process receives that it ended
        await ann.mutate("signOut", everywhere=True)
        await socket.closed.wait()
        assert socket.connection.close_code == 4403


async def test_the_session_that_changed_the_password_and_the_api_tokens_stay(server: Running) -> None:
    ann = await account(server)
    agent = await program(server, ann)
    async with ann.socket() as socket:
        await (await socket.sync(ann.viewer_id)).next()
        changed = await ann.mutate("changePassword", currentPassword=PASSWORD, newPassword=NEW_PASSWORD)
        assert not socket.closed.is_set()
    for token in (ann.token, agent.token, changed["token"]):
        assert (await server.bearer(token).ask("{ viewer { id } }"))["viewer"] is not None


async def test_a_credential_is_read_once_by_a_process(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await account(server)
    agent = await program(server, ann)
    for person in (ann, agent):
        await person.ask("{ __typename }")
    database, reads = server.runtime.database, 0
    original = database.read

    async def read(statement: Any, parameters: Any = None) -> Any:
        nonlocal reads
        # The sweep of credentials asks for ids alone, and others count the rows that wait for a worker.
        reads += "last_used_at" in str(statement)
        return await original(statement, parameters)

    monkeypatch.setattr(database, "read", read)
    for person in (ann, agent):
        for _ in range(5):
            await person.ask("{ __typename }")
    assert reads == 0
    newcomer = await program(server, ann)
    await newcomer.ask("{ __typename }")
    assert reads == 1


async def test_a_link_that_was_revoked_shows_nothing_more_on_any_process(server: Running, elsewhere: Running) -> None:
    ann = await account(server)
    chat = await ann.create_chat()
    reply = await ann.prompt(chat)
    eve, link = await guest(server, ann, chat)
    other = elsewhere.bearer(eve.token)
    async with eve.socket() as here, other.socket() as there:
        for socket in (here, there):
            await (await socket.stream(reply)).next()
            await (await socket.sync(chat)).next()
        await ann.mutate("revokeLink", linkId=link)
        for socket in (here, there):
            await socket.closed.wait()
            assert socket.connection.close_code == 4403
    for reader in (eve, other):
        assert (await reader.refusal(SHARED))["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("accept", [SSE, MULTIPART], ids=["sse", "multipart"])
async def test_a_link_that_was_revoked_ends_its_streaming_responses(
    server: Running, elsewhere: Running, accept: str
) -> None:
    ann = await account(server)
    chat = await ann.create_chat()
    reply = await ann.prompt(chat)
    eve, link = await guest(server, ann, chat)
    async with following(elsewhere.bearer(eve.token), accept, STREAM, id=reply) as stream:
        await stream.next()
        await ann.mutate("revokeLink", linkId=link)
        with pytest.raises(EOFError):
            while True:
                await stream.payload()


async def test_the_links_of_a_removed_participant_show_nothing_more(server: Running, elsewhere: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    reply = await ann.prompt(chat)
    eve, _ = await guest(server, bob, chat)
    kept, _ = await guest(server, ann, chat)
    async with elsewhere.bearer(eve.token).socket() as socket, elsewhere.bearer(kept.token).socket() as spared:
        stream, changes = await socket.stream(reply), await socket.sync(chat)
        others = await spared.sync(chat)
        await stream.next()
        before = (await changes.next())["revision"], (await others.next())["revision"]
        await ann.remove(chat, bob)
        assert await end_of(stream) in ("NOT_FOUND", "closed")
        assert await end_of(changes) in ("deleted", "closed")
        assert (await others.next())["revision"] > before[1]
    for process in (server, elsewhere):  # until the sweep finds that the link has ended, it is known and shows nothing
        answer = await process.bearer(eve.token).post(SHARED)
        assert "errors" in answer or answer["data"] == {"viewer": None, "shared": None, "sharedBy": None}
        assert (await process.bearer(kept.token).ask(SHARED))["shared"]["id"] == chat


async def end_of(subscription: Subscription) -> str:
    """How it ends: by the access that was lost, or with the socket of the link that ended, whichever comes first."""
    while True:
        message = await subscription.message()
        if message["type"] == "closed":
            assert message["code"] == 4403
            return "closed"
        payload = message["payload"]
        if payload["data"] is None:
            return str(payload["errors"][0]["extensions"]["code"])
        if payload["data"]["sync"]["deleted"]:
            return "deleted"


async def test_a_link_ends_with_the_sweep_if_the_bus_loses_the_word(
    server: Running, elsewhere: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await account(server)
    chat = await ann.create_chat()
    eve, link = await guest(server, ann, chat)
    async with elsewhere.bearer(eve.token).socket() as socket:
        await (await socket.sync(chat)).next()
        monkeypatch.setattr(Credentials, "end", lambda *_: None)  # no process receives that it ended
        await ann.mutate("revokeLink", linkId=link)
        await socket.closed.wait()
        assert socket.connection.close_code == 4403
