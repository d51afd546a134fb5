"""Who may run which mutation: a table of all of them, tried line by line. A new mutation without a line fails."""

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


def test_every_mutation_has_a_line() -> None:
    assert RULES.keys() == mutations().keys()
    assert CONTRACT.query_type is not None
    assert set(CONTRACT.query_type.fields) == {"chat", "message", "node", "shared", "sharedBy", "viewer"}
    assert CONTRACT.subscription_type is not None
    assert set(CONTRACT.subscription_type.fields) == {"messageStream", "sync"}


@dataclass
class Cast:
    """Ann owns a chat with a message and a link, Bob participates, Eve does not."""

    ann: Person
    bob: Person
    eve: Person
    guest: Person
    program: Person
    ids: dict[str, str] = field(default_factory=dict)
    replies: dict[str, str] = field(default_factory=dict)


@pytest.fixture
async def cast(server: Running) -> Cast:
    ann, bob, eve = [await server.person(name) for name in ("Ann", "Bob", "Eve")]
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    message = (await ann.send(chat, reply=False))["message"]["id"]
    started = (await ann.mutate("startReply", chatId=chat, idempotencyKey="a reply"))["message"]["id"]
    reader, _ = await guest(server, ann, chat)
    own, _ = await link(ann, chat)
    return Cast(
        ann, bob, eve, reader, await program(server, ann),
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


@pytest.mark.parametrize("name", RULES)
async def test_a_mutation_is_refused_to_all_but_those_for_whom_it_is(server: Running, cast: Cast, name: str) -> None:
    rule = RULES[name]
    if rule != ANYBODY:
        assert await code(server.stranger(), name, cast) == "UNAUTHENTICATED"
    assert await code(cast.guest, name, cast) == "FORBIDDEN"
    if rule == ACCOUNT:
        assert await code(cast.program, name, cast) == "FORBIDDEN"
    if rule in (CHAT, OWNER, AUTHOR, HOLDER):
        assert await code(cast.eve, name, cast) == "NOT_FOUND"
    if rule in (OWNER, AUTHOR):
        assert await code(cast.bob, name, cast) == "FORBIDDEN"
    assert (await cast.ann.ask("query ($id: ID!) { chat(id: $id) { links { id } } }", id=cast.ids["chatId"]))["chat"]
