"""What one document may cost: objects, bytes and the schema, counted and refused before the work is done."""

import gc
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from graphql import GraphQLError, get_introspection_query
from sqlalchemy import event, insert, select, update
from websockets.exceptions import ConnectionClosed

from api.accounts.models import User
from api.chats.models import Membership, Message, MessageRole, MessageVersion
from api.errors import BadUserInput
from api.graphql import relay
from api.graphql.context import AnswerTooLarge
from api.graphql.execution.introspection import ANSWERS_BYTES
from api.streaming.columns import Status, now
from api.streaming.guard import ANNOUNCED
from tests.support.people import Person
from tests.support.server import Running
from tests.support.until import until

TOO_MANY = (
    "This operation reads more than 5,000 objects, the limit of one answer. "
    "Request smaller pages, or fewer in one operation."
)
TOO_LONG = (
    "This answer has more than 10,000,000 bytes, the limit. "
    "Request each text once, smaller pages, or fewer in one operation."
)


async def fill(server: Running, chat: str, *, messages: int, characters: int = 1, participants: int = 0) -> None:
    """Write rows into a chat, as its users would over a long time."""
    _, key = relay.read(chat)
    async with server.runtime.database.transactions.begin() as connection:
        options = {ANNOUNCED: True}
        for start in range(0, messages, 50):
            rows = [
                {
                    "id": uuid4(), "chat_id": key, "role": MessageRole.ASSISTANT, "content": "x" * characters,
                    "status": Status.COMPLETE, "revision": 1, "created_at": now(), "updated_at": now(),
                }
                for _ in range(start, min(messages, start + 50))
            ]  # fmt: skip
            await connection.execute(insert(Message), rows, execution_options=options)
        people = [
            {"id": uuid4(), "name": "Somebody", "email": f"{uuid4().hex}@example.com", "password": "none"}
            for _ in range(participants)
        ]
        if people:
            await connection.execute(insert(User), people, execution_options=options)
            rows = [{"chat_id": key, "user_id": each["id"]} for each in people]
            await connection.execute(insert(Membership), rows, execution_options=options)


def refused(answer: dict[str, Any], code: str, message: str) -> None:
    assert answer.get("data") is None
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], error["message"]) == (code, message)


async def rows_read(server: Running, ann: Person, document: str, **variables: Any) -> tuple[dict[str, Any], int]:
    """The answer, and how many objects the ORM made for it."""
    made = 0

    def count(*_: Any) -> None:
        nonlocal made
        made += 1

    for model in (Message, User):
        event.listen(model, "load", count)
    try:
        answer = await ann.post(document, **variables)
    finally:
        for model in (Message, User):
            event.remove(model, "load", count)
    return answer, made


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
async def test_nested_lists_end_at_the_limit(server: Running) -> None:
    ann = await server.person("Ann")
    chats = [await ann.create_chat() for _ in range(3)]
    for chat in chats:
        await fill(server, chat, messages=100, participants=50)
    worst = (
        "{ viewer { chats { edges { node { messages(last: 100) { edges { node { chat { participants { name } } } } } "
        "} } } } }"
    )
    answer, made = await rows_read(server, ann, worst)
    refused(answer, "LIMIT_EXCEEDED", TOO_MANY)
    assert made < 1_000
    deeper = (
        "query ($c: ID!) { chat(id: $c) { messages(last: 100) { edges { node { chat { messages(last: 100) { edges { "
        "node { id } } } } } } } } }"
    )
    answer, made = await rows_read(server, ann, deeper, c=chats[0])
    refused(answer, "LIMIT_EXCEEDED", TOO_MANY)
    assert made < 6_000
    page = "query ($c: ID!) { chat(id: $c) { participants { name } messages(last: 100) { edges { node { id } } } } }"
    answer = await ann.post(page, c=chats[0])
    assert len(answer["data"]["chat"]["messages"]["edges"]) == 100
    assert len(answer["data"]["chat"]["participants"]) == 51


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
async def test_an_answer_has_a_largest_size(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    await fill(server, chat, messages=40, characters=100_000)
    aliases = " ".join(f"a{number}: content" for number in range(29))
    answer = await ann.post(
        f"query ($c: ID!) {{ chat(id: $c) {{ messages(last: 100) {{ edges {{ node {{ {aliases} }} }} }} }} }}", c=chat
    )
    refused(answer, "LIMIT_EXCEEDED", TOO_LONG)
    aliases = " ".join(f"a{number}: content" for number in range(29))
    stream = f"subscription ($id: ID!) {{ messageStream(id: $id) {{ {aliases} }} }}"
    reply = await ann.prompt(chat)
    async with server.writing(reply) as text, ann.socket() as socket:
        text.append("x" * 900_000)
        await server.row_when(reply, lambda row: row.content)
        subscription = await socket.subscribe(stream, id=reply)
        refused((await subscription.message())["payload"], "LIMIT_EXCEEDED", TOO_LONG)


@pytest.mark.parametrize("direction", ["first", "last"])
async def test_a_page_of_long_messages_ends_early(server: Running, direction: str) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    await fill(server, chat, messages=8, characters=1_000_000)
    cursor = "after" if direction == "first" else "before"
    more = "hasNextPage" if direction == "first" else "hasPreviousPage"
    page = (
        f"query ($c: ID!, $n: Int!, $at: String) {{ chat(id: $c) {{ messages({direction}: $n, {cursor}: $at) {{ "
        f"pageInfo {{ more: {more} startCursor endCursor }} edges {{ node {{ id content }} }} }} }} }}"
    )
    seen: list[str] = []
    sizes, at, continues = [], None, True
    while continues:
        found = (await ann.ask(page, c=chat, n=100, at=at))["chat"]["messages"]
        nodes = [edge["node"] for edge in found["edges"]]
        assert all(len(node["content"]) == 1_000_000 for node in nodes)
        seen += [node["id"] for node in (nodes if direction == "first" else reversed(nodes))]
        sizes.append(len(nodes))
        continues, at = (
            found["pageInfo"]["more"],
            found["pageInfo"]["endCursor" if direction == "first" else "startCursor"],
        )
    assert sizes == [5, 3]
    assert len(set(seen)) == 8


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
async def test_the_schema_is_told_once(server: Running) -> None:
    stranger = server.stranger()
    thirty = "{" + " ".join(f"a{number}: __schema {{ types {{ name }} }}" for number in range(30)) + "}"
    refused(
        await stranger.post(thirty), "BAD_USER_INPUT",
        "The document asks 30 times for `__schema` or `__type`. The limit is one: ask once.",
    )  # fmt: skip
    inside = (
        "{ __schema {" + " ".join(f"a{n}: types {{ fields {{ name args {{ name }} }} }}" for n in range(30)) + "} }"
    )
    refused(await stranger.post(inside), "LIMIT_EXCEEDED", TOO_MANY)
    standard = get_introspection_query(input_value_deprecation=True, specified_by_url=True)
    first, second = [await stranger.post(standard) for _ in range(2)]
    assert first == second
    assert first["data"]["__schema"]["queryType"]["name"] == "Query"


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
async def test_every_field_of_introspection_answers(server: Running) -> None:
    """`isOneOf` among them, for lists and required types too."""
    whole = (
        "{ __schema { description directives { name isRepeatable locations args { type { isOneOf specifiedByURL } } } "
        "types { kind name isOneOf specifiedByURL interfaces { name } possibleTypes { name } "
        "enumValues { name isDeprecated } inputFields { name defaultValue type { isOneOf } } "
        "fields { name isDeprecated type { kind isOneOf specifiedByURL ofType { isOneOf ofType { isOneOf } } } } } } }"
    )
    answer = await server.stranger().post(whole)
    assert "errors" not in answer
    kinds = {each["name"]: each["isOneOf"] for each in answer["data"]["__schema"]["types"]}
    assert (kinds["SendMessageInput"], kinds["Message"]) == (False, None)


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
async def test_a_refused_answer_leaves_nothing_to_the_garbage_collector(server: Running) -> None:
    """Errors hold frames, and frames hold rows: up to the collector's next run, each request would cost 10 MB."""
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    await fill(server, chat, messages=60, characters=100_000, participants=99)
    aliases = " ".join(f"a{number}: content" for number in range(29))
    texts = f"query ($c: ID!) {{ chat(id: $c) {{ messages(last: 100) {{ edges {{ node {{ {aliases} }} }} }} }} }}"
    nested = (
        "{ viewer { chats { edges { node { messages(last: 100) { edges { node { chat { participants { name } } } } } "
        "} } } } }"
    )
    wrong = "{" + " ".join(f'a{number}: node(id: "nonsense") {{ id }}' for number in range(30)) + "}"

    def held() -> int:
        kinds = (Message, User, GraphQLError, AnswerTooLarge, BadUserInput)
        return sum(isinstance(each, kinds) for each in gc.get_objects())

    await ann.post(texts, c=chat)
    gc.collect()
    gc.disable()
    try:
        before = held()
        refused(await ann.post(texts, c=chat), "LIMIT_EXCEEDED", TOO_LONG)
        assert len((await ann.post(wrong))["errors"]) == 30
        refused(await ann.post(nested), "LIMIT_EXCEEDED", TOO_MANY)
        await until(lambda: held() <= before)
    finally:
        gc.enable()


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
async def test_a_request_has_a_largest_number_of_values(server: Running) -> None:
    """A stranger's list of 200,000 ids took two seconds of the process, before anyone looked at the token."""
    stranger = server.stranger()
    sync = "subscription ($ids: [ID!]!) { sync(ids: $ids) { id } }"
    too_many = "The request has more than 5,000 values in lists and objects, the limit. Split it."
    refused(await stranger.post(sync, ids=[""] * 200_000), "BAD_USER_INPUT", too_many)
    refused(await stranger.post(sync, x={str(number): 0 for number in range(6_000)}), "BAD_USER_INPUT", too_many)
    assert "errors" not in await stranger.post("{ viewer { id } }", text=',[{"' * 20_000 + '\\",[' * 9)
    async with server.stranger().socket() as socket:
        with suppress(ConnectionClosed):
            await socket.subscribe(sync, ids=[""] * 200_000)
        await socket.connection.wait_closed()
        assert (socket.connection.close_code, socket.connection.close_reason) == (
            4400, "A message has at most 5,000 values in lists and objects",
        )  # fmt: skip


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
async def test_answers_about_the_schema_are_remembered_up_to_so_many_bytes(server: Running) -> None:
    """In words of their own, strangers could have each answer remembered."""
    stranger, remembered = server.stranger(), server.app.state.http._operations._introspected
    long = "x" * 50_000
    for number in range(3):
        await stranger.post(f"{{ __typename }} # {number} {long}")
    assert remembered.size == sum(size for _, size in remembered._entries.values())
    assert 150_000 < remembered.size < ANSWERS_BYTES


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
async def test_what_is_read_for_one_answer_is_bounded_though_it_is_not_shown(server: Running) -> None:
    """A page reads the texts of its messages. Twenty-nine pages of 5 MB each would be 145 MB for some ids."""
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    await fill(server, chat, messages=5, characters=1_000_000)
    pages = " ".join(f"a{number}: messages(last: 100) {{ edges {{ node {{ id }} }} }}" for number in range(29))
    refused(await ann.post(f"query ($c: ID!) {{ chat(id: $c) {{ {pages} }} }}", c=chat), "LIMIT_EXCEEDED", TOO_LONG)
    pages = pages[: pages.index(" a6:")]
    assert (await ann.ask(f"query ($c: ID!) {{ chat(id: $c) {{ {pages} }} }}", c=chat))["chat"]["a5"]["edges"]


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
async def test_texts_of_versions_are_read_up_to_a_limit(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    await fill(server, chat, messages=2)
    async with server.runtime.database.transactions.begin() as connection:
        keys = (await connection.execute(select(Message.id))).scalars().all()
        await connection.execute(update(Message).values(latest_version=20), execution_options={ANNOUNCED: True})
        for key in keys:
            rows = [
                {
                    "message_id": key, "number": number, "content": "x" * 1_000_000, "status": Status.COMPLETE,
                    "created_at": now(),
                }
                for number in range(2, 15)
            ]  # fmt: skip
            await connection.execute(insert(MessageVersion), rows, execution_options={ANNOUNCED: True})
    versions = "query ($id: ID!) { message(id: $id) { versions { number content } } }"
    answer = await ann.post(
        "query ($c: ID!) { chat(id: $c) { messages { edges { node { versions { content } } } } } }", c=chat
    )
    assert {error["message"] for error in answer["errors"]} == {
        "The texts of these versions have more than 20,000,000 bytes, the limit. Request those of fewer messages."
    }
    numbers = "query ($id: ID!) { message(id: $id) { versions { number } } }"
    one = relay.global_id("Message", keys[0])
    assert len((await ann.ask(numbers, id=one))["message"]["versions"]) == 14
    refused(await ann.post(versions, id=one), "LIMIT_EXCEEDED", TOO_LONG)
