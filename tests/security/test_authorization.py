"""Who may run which operation: a table of all of them, tried line by line. A new operation without a line fails."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
)

from api.graphql.relay import global_id
from tests.support.accounts import program
from tests.support.links import guest, link
from tests.support.operations import CONTRACT, mutations
from tests.support.people import Person
from tests.support.server import Running

NOWHERE = UUID("0198f0e0-0000-7000-8000-000000000000")

ANYBODY = "may be run without an account"
OWN = "concerns only what is the user's own"
CHAT = "is for participants of the chat"
OWNER = "is for the owner of the chat"
AUTHOR = "is for the author of the message"
HOLDER = "is for a user who has the token of a link"
ACCOUNT = "is for a session, not for an API token"

RULES: dict[str, str] = {
    "signUp": ANYBODY,
    "signIn": ANYBODY,
    "refreshToken": ACCOUNT,
    "signOut": ACCOUNT,
    "changePassword": ACCOUNT,
    "updateProfile": ACCOUNT,
    "deleteAccount": ACCOUNT,
    "revokeSession": ACCOUNT,
    "createApiToken": ACCOUNT,
    "revokeApiToken": ACCOUNT,
    "createChat": OWN,
    "renameChat": CHAT,
    "setAssistant": CHAT,
    "deleteChat": OWNER,
    "addParticipant": CHAT,
    "removeParticipant": OWNER,
    "createLink": CHAT,
    "revokeLink": OWNER,
    "joinChat": HOLDER,
    "sendMessage": CHAT,
    "stopMessage": CHAT,
    "regenerateMessage": CHAT,
    "selectVersion": CHAT,
    "markRead": CHAT,
    "continueMessage": CHAT,
    "editMessage": AUTHOR,
    "deleteMessage": AUTHOR,
    "startReply": CHAT,
    "appendToReply": AUTHOR,
    "finishReply": AUTHOR,
}


CHAT_READERS = {"ann": "data", "bob": "data", "program": "data", "guest": "data"}
USERS = {"ann": "data", "bob": "data", "program": "data", "eve": "data", "cleo": "data"}

READS: dict[str, tuple[str, dict[str, str]]] = {
    "viewer": ("{ viewer { id } }", USERS),
    "chat": ("query ($chat: ID!) { chat(id: $chat) { id } }", CHAT_READERS),
    "message": ("query ($message: ID!) { message(id: $message) { id } }", CHAT_READERS),
    "node": ("query ($chat: ID!) { node(id: $chat) { id } }", CHAT_READERS),
    "shared": ("{ shared { id } }", {"guest": "data"}),
    "sharedBy": ("{ sharedBy { id } }", {"guest": "data"}),
    "sync": (
        "subscription ($chat: ID!) { sync(ids: [$chat]) { deleted } }",
        CHAT_READERS | {"stranger": "UNAUTHENTICATED"},
    ),
    "messageStream": (
        "subscription ($message: ID!) { messageStream(id: $message) { id } }",
        CHAT_READERS | {"eve": "NOT_FOUND", "cleo": "NOT_FOUND", "stranger": "UNAUTHENTICATED"},
    ),
}
"""A document for each query and subscription, and who gets what: the data, an error, or nothing, if not listed."""


def test_every_mutation_has_a_line() -> None:
    assert RULES.keys() == mutations().keys()


def test_every_query_and_subscription_has_a_line() -> None:
    assert CONTRACT.query_type is not None
    assert CONTRACT.subscription_type is not None
    assert READS.keys() == CONTRACT.query_type.fields.keys() | CONTRACT.subscription_type.fields.keys()


@dataclass
class Cast:
    """Ann owns a chat with a message and a link, Bob participates, Eve does not, and Ann has removed Cleo. `gone` takes
    part, by a session that has ended."""

    ann: Person
    bob: Person
    eve: Person
    guest: Person
    program: Person
    cleo: Person
    gone: Person
    ids: dict[str, str] = field(default_factory=dict)
    replies: dict[str, str] = field(default_factory=dict)


@pytest.fixture
async def cast(server: Running) -> Cast:
    ann, bob, eve, cleo, gone = [await server.person(name) for name in ("Ann", "Bob", "Eve", "Cleo", "Dan")]
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    await ann.add(chat, cleo)
    await ann.remove(chat, cleo)
    await ann.add(chat, gone)
    await gone.mutate("signOut")
    message = (await ann.send(chat, reply=False))["message"]["id"]
    started = (await ann.mutate("startReply", chatId=chat, idempotencyKey="a reply"))["message"]["id"]
    reader, _ = await guest(server, ann, chat)
    own, _ = await link(ann, chat)
    return Cast(
        ann, bob, eve, reader, await program(server, ann), cleo, gone,
        {
            "chatId": chat,
            "messageId": message,
            "userId": ann.user_id,
            "linkId": own,
            "sessionId": global_id("Session", NOWHERE),
            "apiTokenId": global_id("ApiToken", NOWHERE),
        },
        {"appendToReply": started, "finishReply": started},
    )  # fmt: skip


def least(kind: GraphQLInputType, ids: dict[str, str]) -> Any:
    """A valid value with nothing optional. `ids` gives ids by the name of their field."""
    if isinstance(kind, GraphQLNonNull):
        return least(kind.of_type, ids)
    if isinstance(kind, GraphQLList):
        return [least(kind.of_type, ids)]
    if isinstance(kind, GraphQLEnumType):
        return "COMPLETE" if "COMPLETE" in kind.values else next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        required = {name: field.type for name, field in kind.fields.items() if isinstance(field.type, GraphQLNonNull)}
        return {name: ids.get(name) or (f"{name}@example.com" if name == "email" else least(value, ids))
                for name, value in required.items()}  # fmt: skip
    return {"Int": 1, "Float": 1.0, "Boolean": True}.get(kind.name, "a long and winding road")


async def code(person: Person, name: str, cast: Cast) -> str | None:
    """The code with which this mutation is refused to this person; None if it is not."""
    argument = mutations()[name].args.get("input")
    ids = cast.ids | ({"messageId": cast.replies[name]} if name in cast.replies else {})
    if argument is None:
        answer = await person.post(f"mutation {{ {name} {{ __typename }} }}")
    else:
        document = f"mutation ($input: {argument.type}) {{ {name}(input: $input) {{ __typename }} }}"
        answer = await person.post(document, input=least(argument.type, ids))
    errors = answer.get("errors")
    return str(errors[0]["extensions"]["code"]) if errors else None


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)  # it is refused before the databases differ
@pytest.mark.parametrize("name", RULES)
async def test_a_mutation_is_refused_to_all_but_those_for_whom_it_is(server: Running, cast: Cast, name: str) -> None:
    rule = RULES[name]
    if rule != ANYBODY:
        assert await code(server.stranger(), name, cast) == "UNAUTHENTICATED"
    assert await code(cast.guest, name, cast) == "FORBIDDEN"
    if rule == ACCOUNT:
        assert await code(cast.program, name, cast) == "FORBIDDEN"
    assert await code(cast.gone, name, cast) == "UNAUTHENTICATED"
    if rule in (CHAT, OWNER, AUTHOR, HOLDER):
        assert await code(cast.eve, name, cast) == "NOT_FOUND"
        assert await code(cast.cleo, name, cast) == "NOT_FOUND"
    if rule in (OWNER, AUTHOR):
        assert await code(cast.bob, name, cast) == "FORBIDDEN"
    assert (await cast.ann.ask("query ($id: ID!) { chat(id: $id) { links { id } } }", id=cast.ids["chatId"]))["chat"]


async def outcome(person: Person, name: str, cast: Cast) -> str:
    """`data`, `nothing` for null or deleted, or the code of the error."""
    document, _ = READS[name]
    variables = {"chat": cast.ids["chatId"], "message": cast.ids["messageId"]}
    variables = {name: id for name, id in variables.items() if f"${name}" in document}
    if document.startswith("subscription"):
        async with person.socket() as socket:
            answer = (await (await socket.subscribe(document, **variables)).message())["payload"]
    else:
        answer = await person.post(document, **variables)
    if errors := answer.get("errors"):
        return str(errors[0]["extensions"]["code"])
    value = answer["data"][name]
    return "nothing" if value is None or value.get("deleted") else "data"


async def test_what_each_kind_of_person_reads_and_follows(server: Running, cast: Cast) -> None:
    """Someone whose session has ended reads nothing. That their sockets are closed is promise 16."""
    people = {name: getattr(cast, name) for name in ("ann", "bob", "cleo", "eve", "guest", "program")}
    people["stranger"] = server.stranger()
    found = {name: {who: await outcome(person, name, cast) for who, person in people.items()} for name in READS}
    expected = {name: {who: allowed.get(who, "nothing") for who in people} for name, (_, allowed) in READS.items()}
    assert found == expected
    for name, (document, _) in READS.items():
        if not document.startswith("subscription"):
            assert await outcome(cast.gone, name, cast) == "UNAUTHENTICATED"
