"""Bad input over HTTP: each a clear error with its code, and a server that lives on without a traceback."""

import asyncio
import json
import time
from typing import Any
from uuid import UUID

import httpx
import jwt
import pytest

from api.accounts.sessions import Tokens
from api.graphql import relay
from tests.support.backends import SECRET
from tests.support.people import Person
from tests.support.server import Running
from tests.support.until import PATIENCE_SECONDS

BAD_USER_INPUT = {"code": "BAD_USER_INPUT"}
UNAUTHENTICATED = {"code": "UNAUTHENTICATED"}

before_any_database = pytest.mark.parametrize("backend", ["embedded"], indirect=True)
"""It is refused before a database is asked, so that one kind of database will do."""


async def post(server: Running, content: bytes | str, **headers: str) -> httpx.Response:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, verify=False) as client:
        return await client.post(server.url, content=content, headers={"content-type": "application/json", **headers})


def only_error(response: httpx.Response) -> dict[str, Any]:
    answer = response.json()
    (error,) = answer["errors"]
    assert answer.get("data") is None
    return dict(error)


NO_REQUESTS: dict[str, bytes] = {
    "nothing": b"",
    "broken JSON": b'{"query": "{ viewer { id } }"',
    "bytes that are no UTF-8": b'{"query": "\xff"}',
    "text": b'"{ viewer { id } }"',
    "null": b"null",
    "a number": b"12",
    "an empty list": b"[]",
    "a batch": b'[{"query": "{ viewer { id } }"}]',
    "no query": b"{}",
    "an empty query": b'{"query": " "}',
    "a query that is no text": b'{"query": 1}',
    "variables in a list": b'{"query": "{ viewer { id } }", "variables": [1]}',
    "variables as text": b'{"query": "{ viewer { id } }", "variables": "{}"}',
    "a name that is no text": b'{"query": "{ viewer { id } }", "operationName": {}}',
    "a deep list": b"[" * 200_000,
    "deep variables": b'{"query": "{ viewer { id } }", "variables": {"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}}",
    "variables fifty deep": b'{"query": "{ viewer { id } }", "variables": {"a": ' + b"[" * 50 + b"]" * 50 + b"}}",
    "half a character in the query": rb'{"query": "{ viewer { id } } # \ud800"}',
    "half a character in the variables": rb'{"query": "{ viewer { id } }", "variables": {"a": ["\udfff"]}}',
    "half a character in a variable's name": rb'{"query": "{ viewer { id } }", "variables": {"\udfff": 1}}',
    "half a character in the name": rb'{"query": "{ viewer { id } }", "operationName": "\ud800"}',
    "over 1 MB": json.dumps({"query": "{ viewer { id } }", "padding": "x" * 1_000_000}).encode(),
}


@before_any_database
@pytest.mark.parametrize("content", NO_REQUESTS.values(), ids=NO_REQUESTS)
async def test_what_is_no_request_is_refused(unharmed: Running, content: bytes) -> None:
    response = await post(unharmed, content)
    assert (response.status_code, only_error(response)["extensions"]) == (400, BAD_USER_INPUT)


@before_any_database
@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"]
)
async def test_only_json_is_read(unharmed: Running, content_type: str) -> None:
    """A browser sends these to any site without asking it first."""
    response = await post(unharmed, b'{"query": "{ viewer { id } }"}', content_type=content_type)
    assert (response.status_code, only_error(response)["extensions"]) == (400, BAD_USER_INPUT)


async def test_json_is_read_with_and_without_a_charset(server: Running) -> None:
    for content_type in ("application/json", "Application/JSON; charset=utf-8"):
        response = await post(server, b'{"query": "{ viewer { id } }"}', content_type=content_type)
        assert response.json() == {"data": {"viewer": None}}


@before_any_database
async def test_the_newer_media_type_tells_a_refusal_by_its_status(unharmed: Running) -> None:
    accept = "application/graphql-response+json"
    for query, status in (("{ viewer { id } }", 200), ("{ nothing }", 400), ("{", 400)):
        response = await post(unharmed, json.dumps({"query": query}), accept=accept)
        assert (response.status_code, response.headers["content-type"]) == (status, accept)
        assert response.json().keys() == ({"data"} if status == 200 else {"errors"})


DOCUMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "a syntax error": ("{ viewer { id }", {}),
    "an unknown field": ("{ viewer { age } }", {}),
    "an unknown argument": ('{ chat(id: "x", title: "y") { id } }', {}),
    "a missing argument": ("{ chat { id } }", {}),
    "a missing selection": ("{ viewer }", {}),
    "an unknown type": ("query ($a: Age) { viewer { id } }", {}),
    "an unknown directive": ("{ viewer { id @loud } }", {}),
    "an unknown fragment": ("{ viewer { ...Nobody } }", {}),
    "fragments in a circle": (
        "{ viewer { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { ...A }",
        {},
    ),
    "no operation": ("fragment A on Viewer { id }", {}),
    "two operations, none named": ("query A { viewer { id } } query B { viewer { id } }", {}),
    "a subscription without a stream to send it on": ('subscription { sync(ids: ["x"]) { id } }', {}),
    "a missing variable": ("query ($id: ID!) { chat(id: $id) { id } }", {}),
    "null for a variable that must not be": ("query ($id: ID!) { chat(id: $id) { id } }", {"id": None}),
    "an object for an id": ("query ($id: ID!) { chat(id: $id) { id } }", {"id": {"a": 1}}),
    "text for a number": ("query ($n: Int) { viewer { chats(first: $n) { revision } } }", {"n": "ten"}),
    "a number that is too large": ("query ($n: Int) { viewer { chats(first: $n) { revision } } }", {"n": 2**31}),
    "a number larger than any": ("query ($n: Int) { viewer { chats(first: $n) { revision } } }", {"n": 10**400}),
    "a literal larger than any": ("{ viewer { chats(first: " + "9" * 5_000 + ") { revision } } }", {}),
    "a default larger than any": (
        "query ($n: Int = " + "9" * 5_000 + ") { viewer { chats(first: $n) { revision } } }",
        {},
    ),
    "no number": ("query ($n: Int) { viewer { chats(first: $n) { revision } } }", {"n": float("nan")}),
    "an input without what it needs": (
        "mutation ($i: SignUpInput!) { signUp(input: $i) { token } }",
        {"i": {"name": "Ann"}},
    ),
    "an input with more than it takes": (
        "mutation ($i: CreateChatInput) { createChat(input: $i) { chat { id } } }",
        {"i": {"title": "Plans", "color": "red"}},
    ),
    "a list for an input": ("mutation ($i: CreateChatInput) { createChat(input: $i) { chat { id } } }", {"i": [1]}),
    "too deep": (
        "{ viewer " + "{ chats { edges { node { messages { edges { node { chat " * 4 + "{ id }" + " }" * 28,
        {},
    ),
    "too many aliases": ("{ " + " ".join(f"a{n}: viewer {{ id }}" for n in range(31)) + " }", {}),
    "too many tokens": ("{ " + "viewer { id } " * 600 + "}", {}),
    "too long": ("{ viewer { id } } # " + "x" * 200_000, {}),
    "selections nested without end": ("{ viewer " * 600, {}),
    "lists nested without end": ("{ chat(id: " + "[" * 1_500, {}),
    "types nested without end": ("query ($a: " + "[" * 1_500, {}),
    "half a character as GraphQL writes it": ('{ chat(id: "\\ud800") { id } }', {}),
}


@before_any_database
@pytest.mark.parametrize(("query", "variables"), DOCUMENTS.values(), ids=DOCUMENTS)
async def test_what_cannot_be_executed_is_refused(unharmed: Running, query: str, variables: dict[str, Any]) -> None:
    ann = await unharmed.person("Ann")
    answer = await ann.post(query, **variables)
    assert answer["errors"][0]["extensions"] == BAD_USER_INPUT
    assert not answer.get("data")
    assert all(len(error["message"]) > 10 for error in answer["errors"])


@before_any_database
async def test_an_operation_that_is_not_there_is_refused(unharmed: Running) -> None:
    request = {"query": "query A { viewer { id } }", "operationName": "B"}
    assert only_error(await post(unharmed, json.dumps(request)))["extensions"] == BAD_USER_INPUT


@before_any_database
async def test_whoever_leaves_in_the_middle_of_asking_is_let_go_without_a_word(unharmed: Running) -> None:
    ann = await unharmed.person("Ann")
    _, writer = await asyncio.open_connection("127.0.0.1", unharmed.port)
    head = "POST /graphql HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"
    writer.write(head.encode())
    await writer.drain()
    await ann.ask("{ viewer { id } }")  # meanwhile the other request is being read
    writer.close()
    await writer.wait_closed()
    await ann.ask("{ viewer { id } }")


TEXTS: dict[str, tuple[str, dict[str, str]]] = {
    "signUp.name": ("signUp", {"name": "{}", "email": "a@example.com", "password": "correct horse"}),
    "signUp.email": ("signUp", {"name": "Ann", "email": "a{}@example.com", "password": "correct horse"}),
    "signUp.password": ("signUp", {"name": "Ann", "email": "a@example.com", "password": "correct horse{}"}),
    "signIn.email": ("signIn", {"email": "a{}@example.com", "password": "correct horse"}),
    "signIn.password": ("signIn", {"email": "a@example.com", "password": "correct horse{}"}),
    "createChat.title": ("createChat", {"title": "Plans{}"}),
    "renameChat.title": ("renameChat", {"chatId": "chat", "title": "Plans{}"}),
    "addParticipant.email": ("addParticipant", {"chatId": "chat", "email": "a{}@example.com"}),
    "sendMessage.content": ("sendMessage", {"chatId": "chat", "content": "Hello{}", "idempotencyKey": "a key"}),
    "sendMessage.key": ("sendMessage", {"chatId": "chat", "content": "Hello", "idempotencyKey": "{}"}),
    "editMessage.content": ("editMessage", {"messageId": "message", "content": "Hello{}"}),
}


async def filled_in(person: Person, input: dict[str, str], character: str) -> dict[str, str]:
    """The input with ids that exist, and the bad character where it says `{}`."""
    chat = await person.create_chat()
    known = {"chat": chat, "message": (await person.send(chat))["message"]["id"]}
    return {name: known.get(value, value.replace("{}", character)) for name, value in input.items()}


@pytest.mark.parametrize(
    "character",
    [pytest.param("\0", id="NUL"), pytest.param("\ud83d", id="first half"), pytest.param("\ude00", id="second half")],
)
@pytest.mark.parametrize(("mutation", "input"), TEXTS.values(), ids=TEXTS)
async def test_characters_that_no_database_takes_are_refused(
    unharmed: Running, mutation: str, input: dict[str, str], character: str
) -> None:
    ann = await unharmed.person("Ann")
    error = await ann.refusal(mutation, **await filled_in(ann, input, character))
    assert error["extensions"] == BAD_USER_INPUT


async def test_two_halves_that_belong_together_are_a_character(server: Running) -> None:
    ann = await server.person("Ann")
    body = rb'{"query": "mutation { createChat(input: { title: \"\ud83d\ude00\" }) { chat { title } } }"}'
    response = await post(server, body, authorization=f"Bearer {ann.token}")
    assert response.json()["data"]["createChat"]["chat"]["title"] == "\U0001f600"


PADDED = relay.global_id("Chat", UUID(int=1)) + "="
MALFORMED = ["", "nonsense", "\0", "\ud800", "é", "Q2hhdA", PADDED, "x" * 100_000, "ids.Message", "ids.Planet"]


def malformed(id: str, wrong: str) -> str:
    """One of the malformed ids, or, for `ids.…`, a good one of another kind of thing."""
    _, _, kind = id.partition("ids.")
    return relay.global_id(wrong if kind == "Message" else kind, UUID(int=1)) if kind else id


@pytest.mark.parametrize("id", MALFORMED, ids=[ascii(id[:12]) for id in MALFORMED])
async def test_malformed_ids_are_refused(unharmed: Running, id: str) -> None:
    ann = await unharmed.person("Ann")
    chat = await ann.create_chat()
    no_chat, no_message, no_user = malformed(id, "Message"), malformed(id, "Chat"), malformed(id, "Chat")
    for refused in (
        await ann.refusal("query ($id: ID!) { chat(id: $id) { id } }", id=no_chat),
        await ann.refusal("query ($id: ID!) { message(id: $id) { id } }", id=no_message),
        await ann.refusal("renameChat", chatId=no_chat, title="Plans"),
        await ann.refusal("deleteChat", chatId=no_chat),
        await ann.refusal("addParticipant", chatId=no_chat, email="a@example.com"),
        await ann.refusal("removeParticipant", chatId=no_chat, userId=ann.user_id),
        await ann.refusal("removeParticipant", chatId=chat, userId=no_user),
        await ann.refusal("sendMessage", chatId=no_chat, content="Hello", idempotencyKey="a key"),
        await ann.refusal("stopMessage", messageId=no_message),
        await ann.refusal("regenerateMessage", messageId=no_message),
        await ann.refusal("editMessage", messageId=no_message, content="Hello"),
        await ann.refusal("deleteMessage", messageId=no_message),
    ):
        assert refused["extensions"] == BAD_USER_INPUT
        assert len(refused["message"]) < 500
    if not id.startswith("ids."):
        refused = await ann.refusal("query ($id: ID!) { node(id: $id) { id } }", id=id)
        assert refused["extensions"] == BAD_USER_INPUT


def tokens(server: Running, person: Person) -> dict[str, str]:
    """Authorizations that prove nothing."""
    user = str(relay.key_of("User", person.user_id))
    later = time.time() + 3_600
    elsewhere, before = Tokens("somebody else has this long secret key", hours=1), Tokens(SECRET, hours=-1)
    header, payload, signature = person.token.split(".")
    return {
        "a token from elsewhere": f"Bearer {elsewhere.issue(UUID(user), UUID(user))}",
        "an expired token": f"Bearer {before.issue(UUID(user), UUID(user))}",
        "an unsigned token": f"Bearer {jwt.encode({'sub': user, 'exp': later}, '', 'none')}",
        "a token without an end": f"Bearer {jwt.encode({'sub': user}, SECRET, 'HS256')}",
        "a token of nobody": f"Bearer {jwt.encode({'exp': later}, SECRET, 'HS256')}",
        "a token of no user's id": f"Bearer {jwt.encode({'sub': 'ann', 'exp': later}, SECRET, 'HS256')}",
        "a token that ends at no time": f"Bearer {jwt.encode({'sub': user, 'exp': 'never'}, SECRET, 'HS256')}",
        "a changed token": f"Bearer {header}.{payload[:-2]}AA.{signature}",
        "no token": "Bearer",
        "text": "Bearer nonsense",
        "another scheme": "Basic YW5uOnNlY3JldA==",
        "the bare token": person.token,
    }


async def test_an_authorization_that_proves_nothing_is_refused(unharmed: Running) -> None:
    ann = await unharmed.person("Ann")
    for name, authorization in tokens(unharmed, ann).items():
        response = await post(unharmed, b'{"query": "{ viewer { id } }"}', authorization=authorization)
        assert only_error(response)["extensions"] == UNAUTHENTICATED, name


async def test_the_token_of_an_account_that_is_gone_shows_nothing(unharmed: Running) -> None:
    nobody = unharmed.bearer(Tokens(SECRET, hours=1).issue(UUID(int=1), UUID(int=1)))
    for document in (
        "{ viewer { id } }",
        "mutation { createChat { chat { id } } }",
        "mutation { refreshToken { token } }",
    ):
        assert (await nobody.refusal(document))["extensions"] == UNAUTHENTICATED
