"""Sessions and API tokens as their user sees them, and the end of an account."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.graphql.relay import global_id
from tests.support.accounts import PASSWORD, account, again, program
from tests.support.backends import Backend
from tests.support.server import Running, serving

SESSIONS = "{ viewer { sessions { id current client createdAt lastUsedAt expiresAt } } }"
TOKENS = "{ viewer { apiTokens { id name createdAt lastUsedAt expiresAt } } }"
FORBIDDEN = {"code": "FORBIDDEN"}

ACCOUNT_OPERATIONS: dict[str, dict[str, Any]] = {
    "signOut": {},
    "changePassword": {"currentPassword": PASSWORD, "newPassword": PASSWORD + "!"},
    "updateProfile": {"name": "Eve"},
    "deleteAccount": {"password": PASSWORD},
    "revokeSession": {"sessionId": global_id("Session", UUID(int=1))},
    "createApiToken": {"name": "Another"},
    "revokeApiToken": {"apiTokenId": global_id("ApiToken", UUID(int=1))},
}


async def test_a_user_sees_the_sessions_with_the_current_one_marked(server: Running) -> None:
    ann = await account(server)
    other = await again(server, ann)
    for person, place in ((ann, False), (other, True)):
        sessions = (await person.ask(SESSIONS))["viewer"]["sessions"]
        assert [session["current"] for session in sessions].count(True) == 1
        assert len(sessions) == 2
        assert sessions[0]["current"] is place
        assert sessions[0]["client"].startswith("python-httpx")


async def test_signing_out_ends_the_session_of_the_request_alone(server: Running) -> None:
    ann = await account(server)
    other = await again(server, ann)
    assert (await other.mutate("signOut"))["signedOut"]
    assert (await other.refusal("{ viewer { id } }"))["extensions"]["code"] == "UNAUTHENTICATED"
    assert len((await ann.ask(SESSIONS))["viewer"]["sessions"]) == 1


async def test_a_refreshed_token_does_not_outlive_its_session(backend: Backend) -> None:
    async with serving(backend.settings(token_hours=48, session_days=1)) as server:
        ann = await account(server)
        claims = server.app.state.http._services.accounts.tokens
        token = (await ann.ask("mutation { refreshToken { token } }"))["refreshToken"]["token"]
        for found in (ann.token, token):
            assert claims.read(found).expires_at <= datetime.now(UTC).timestamp() + 24 * 3600


async def test_the_secret_of_an_api_token_is_shown_once_and_works(server: Running) -> None:
    ann = await account(server)
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    made = await ann.mutate("createApiToken", name=" A program ", expiresAt=later)
    assert made["token"].startswith("twotrack_")
    assert (made["apiToken"]["name"], made["apiToken"]["lastUsedAt"]) == ("A program", None)
    agent = server.bearer(made["token"])
    assert (await agent.ask("{ viewer { email } }"))["viewer"]["email"] == ann.email
    (listed,) = (await ann.ask(TOKENS))["viewer"]["apiTokens"]
    assert listed["id"] == made["apiToken"]["id"]
    assert listed["lastUsedAt"] is not None
    assert made["token"] not in str(listed)


async def test_an_api_token_manages_no_account(server: Running) -> None:
    ann = await account(server)
    agent = await program(server, ann)
    for name, input in ACCOUNT_OPERATIONS.items():
        assert (await agent.refusal(name, **input))["extensions"] == FORBIDDEN, name
    for document in ("mutation { refreshToken { token } }",):
        assert (await agent.refusal(document))["extensions"] == FORBIDDEN
    for field in ("sessions", "apiTokens"):
        assert (await agent.refusal(f"{{ viewer {{ {field} {{ id }} }} }}"))["extensions"] == FORBIDDEN
    assert await agent.create_chat()


@pytest.mark.parametrize(
    ("input", "says"),
    [({"name": " "}, "empty"), ({"name": "x", "expiresAt": "2020-01-01T00:00:00Z"}, "in the future")],
)
async def test_a_useless_api_token_is_refused(server: Running, input: dict[str, Any], says: str) -> None:
    ann = await account(server)
    error = await ann.refusal("createApiToken", **input)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert says in error["message"]


async def test_credentials_of_others_are_not_found(server: Running) -> None:
    ann, eve = await account(server), await account(server, "Eve")
    await program(server, ann)
    session = (await ann.ask(SESSIONS))["viewer"]["sessions"][0]["id"]
    token = (await ann.ask(TOKENS))["viewer"]["apiTokens"][0]["id"]
    assert (await eve.refusal("revokeSession", sessionId=session))["extensions"]["code"] == "NOT_FOUND"
    assert (await eve.refusal("revokeApiToken", apiTokenId=token))["extensions"]["code"] == "NOT_FOUND"
    assert len((await ann.ask(SESSIONS))["viewer"]["sessions"]) == 1


async def test_a_wrong_password_changes_nothing(server: Running) -> None:
    ann = await account(server)
    wrong = {"currentPassword": PASSWORD + "?", "newPassword": PASSWORD + "!"}
    assert (await ann.refusal("changePassword", **wrong))["extensions"]["code"] == "BAD_USER_INPUT"
    assert (await ann.refusal("deleteAccount", password="wrong password"))["extensions"]["code"] == "BAD_USER_INPUT"
    await again(server, ann)


async def test_a_new_name_shows_and_announces_the_viewer(server: Running) -> None:
    ann = await account(server)
    async with ann.socket() as socket:
        sync = await socket.sync(ann.viewer_id)
        before = (await sync.next())["revision"]
        changed = await ann.mutate("updateProfile", name="Anna")
        assert changed["viewer"]["user"]["name"] == "Anna"
        assert (await sync.next())["revision"] == before + 1


async def test_a_deleted_account_leaves_its_messages_and_nothing_else(server: Running) -> None:
    ann, bob = await account(server), await account(server, "Bob")
    shared, alone = await ann.create_chat(), await ann.create_chat()
    await ann.add(shared, bob)
    sent = await ann.send(shared, "Hello", reply=False)
    await ann.mutate("deleteAccount", password=PASSWORD)
    chat = (await bob.ask("query ($c: ID!) { chat(id: $c) { owner { name } participants { name } } }", c=shared))[
        "chat"
    ]
    assert chat == {"owner": {"name": "Bob"}, "participants": [{"name": "Bob"}]}
    query = "query ($m: ID!) { message(id: $m) { content author { name } } }"
    message = (await bob.ask(query, m=sent["message"]["id"]))["message"]
    assert message == {"content": "Hello", "author": {"name": "Deleted user"}}
    assert (await bob.ask("query ($c: ID!) { chat(id: $c) { id } }", c=alone))["chat"] is None
    refused = await server.stranger().refusal("signIn", email=ann.email, password=PASSWORD)
    assert refused["extensions"]["code"] == "UNAUTHENTICATED"
    await account(server)  # the address is free again


async def test_whom_the_owner_removed_only_the_owner_can_add_again(server: Running) -> None:
    ann, bob, eve = [await account(server, name) for name in ("Ann", "Bob", "Eve")]
    chat = await ann.create_chat()
    for other in (bob, eve):
        await ann.add(chat, other)
    user = (await eve.ask("{ viewer { user { id } } }"))["viewer"]["user"]["id"]
    await ann.mutate("removeParticipant", chatId=chat, userId=user)
    refused = await bob.refusal("addParticipant", chatId=chat, email=eve.email)
    assert refused["extensions"] == FORBIDDEN
    assert "Only the owner" in refused["message"]
    await ann.add(chat, eve)
    await eve.mutate("removeParticipant", chatId=chat, userId=user)  # who leaves by themselves may be added by all
    await bob.add(chat, eve)


@pytest.mark.parametrize("sign_up", ["invited", "closed"])
async def test_sign_up_can_be_closed(backend: Backend, sign_up: str) -> None:
    async with serving(backend.settings(sign_up=sign_up)) as server:
        error = await server.stranger().refusal("signUp", name="Ann", email="ann@example.com", password=PASSWORD)
        assert error["extensions"] == FORBIDDEN
