"""A stored value that its field cannot hold costs that field, and never the page, the list or the stream."""

import logging
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import make_url, text

from api.graphql import relay
from api.streaming.guard import ANNOUNCED
from tests.integration.following import TRANSPORTS, Stream, subscribed
from tests.support.people import Person
from tests.support.responses import Following
from tests.support.server import Running
from tests.support.sockets import Subscription

PAGE = """query ($id: ID!) { chat(id: $id) { title revision messages(last: 10) { revision edges { cursor node {
    id role content reasoning status streaming revision model finishReason createdAt updatedAt
    usage { inputTokens outputTokens } error { code message } author { name }
    stoppedBy { name } regeneratedBy { name } } } } } }"""
LIST = "{ viewer { email revision chats { revision edges { cursor node { id title revision updatedAt } } } } }"
FOLLOW = """subscription ($id: ID!) { messageStream(id: $id) {
    id content status streaming revision model createdAt usage { inputTokens outputTokens } } }"""

EPOCH = "1970-01-01T00:00:00Z"
LARGEST = 2**31 - 1


@pytest.fixture(autouse=True)
def everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def failures(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    logged = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    return [entry for entry in logged if entry["event"] == "operation failed"]


async def store(server: Running, id: str, column: str, value: str, *, table: str = "messages") -> None:
    """Write an SQL expression into a column, as another version or a person at a database shell might."""
    _, key = relay.read(id)
    statement = f"UPDATE {table} SET {column} = {value} WHERE id = :key"
    shown = str(key) if server.runtime.database.dialect == "postgresql" else key.hex
    async with server.runtime.database.transactions.begin() as connection:
        changed = await connection.execute(
            text(statement.replace(":key", f"'{shown}'")), execution_options={ANNOUNCED: True}
        )
        assert changed.rowcount == 1


def store_past_the_constraints(server: Running, id: str, column: str, value: str) -> None:
    """Write into a message of SQLite as a program that checks no foreign keys. Most do so only if they are told to."""
    path = make_url(server.settings.database_url).database
    assert path is not None
    _, key = relay.read(id)
    with closing(sqlite3.connect(path)) as connection, connection:
        changed = connection.execute(f"UPDATE messages SET {column} = {value} WHERE id = ?", (key.hex,))
        assert changed.rowcount == 1


async def page(ann: Person, chat: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The messages of a chat's page, and the page's errors."""
    answer = await ann.post(PAGE, id=chat)
    assert answer["data"] is not None, answer
    assert answer["data"]["chat"] is not None, answer
    return [edge["node"] for edge in answer["data"]["chat"]["messages"]["edges"]], answer.get("errors", [])


SQLITE = "sqlite"
ANYWHERE = ""

NULLABLE: dict[str, tuple[str, str, str, list[str]]] = {
    # where, column, stored value, and the field that is null
    "a count with a fraction": (SQLITE, "input_tokens", "5.5", ["usage", "inputTokens"]),
    "a count beyond 32 bits": (SQLITE, "output_tokens", "3000000000", ["usage", "outputTokens"]),
    "a count in words": (SQLITE, "input_tokens", "'many'", ["usage", "inputTokens"]),
    "a count of bytes": (SQLITE, "input_tokens", "x'00ff'", ["usage", "inputTokens"]),
    "a name of bytes": (SQLITE, "model", "x'00ff'", ["model"]),
    "a person who is no id": (SQLITE, "regenerated_by_id", "'somebody'", ["regeneratedBy"]),
    "a person of bytes": (SQLITE, "stopped_by_id", "x'00ff'", ["stoppedBy"]),
    "a code of a newer version": (ANYWHERE, "error_code", "'MELTED'", ["error"]),
}

REQUIRED: dict[str, tuple[str, str, str, str, Any]] = {
    # where, column, stored value, and the field with its placeholder
    "a status of a newer version": (ANYWHERE, "status", "'PAUSED'", "status", "COMPLETE"),
    "a role of a newer version": (ANYWHERE, "role", "'TOOL'", "role", "ASSISTANT"),
    "a revision beyond 32 bits": (ANYWHERE, "revision", "5000000000", "revision", LARGEST),
    "a date in words": (SQLITE, "created_at", "'yesterday'", "createdAt", EPOCH),
    "a date before our era": ("postgresql", "updated_at", "'0044-03-15 BC'", "updatedAt", EPOCH),
    "a date after the year 9999": ("postgresql", "created_at", "'20000-01-01'", "createdAt", EPOCH),
    "a text of bytes": (SQLITE, "content", "x'4869ff'", "content", "Hi\N{REPLACEMENT CHARACTER}"),
}


def skip_elsewhere(server: Running, where: str) -> None:
    if where and server.runtime.database.dialect != where:
        pytest.skip("this database cannot store it")


@pytest.mark.parametrize(("where", "column", "value", "field"), NULLABLE.values(), ids=NULLABLE)
async def test_an_unreadable_value_is_null_and_the_page_is_whole(
    server: Running, caplog: pytest.LogCaptureFixture, where: str, column: str, value: str, field: list[str]
) -> None:
    skip_elsewhere(server, where)
    ann = await server.person("Ann")
    sent = await ann.send(await ann.create_chat(), "Hello")
    chat, id = sent["message"]["chatId"], sent["message"]["id"]
    await store(server, id, column, value)
    messages, (error,) = await page(ann, chat)
    assert [message["id"] for message in messages] == [id, sent["reply"]["id"]]
    found: Any = messages[0]
    for name in field:
        found = found[name]
    assert found is None
    assert messages[0]["content"] == "Hello"
    assert error["path"][: 5 + len(field)] == ["chat", "messages", "edges", 0, "node", *field]
    (entry,) = failures(caplog)
    assert entry["path"] == error["path"]
    assert error["extensions"] == {"code": "INTERNAL", "requestId": entry["request_id"], "reason": "UNREADABLE"}


@pytest.mark.parametrize(("where", "column", "value", "field", "placeholder"), REQUIRED.values(), ids=REQUIRED)
async def test_an_unreadable_value_of_a_required_field_is_a_placeholder_with_an_error(
    server: Running,
    caplog: pytest.LogCaptureFixture,
    where: str,
    column: str,
    value: str,
    field: str,
    placeholder: object,
) -> None:
    skip_elsewhere(server, where)
    ann = await server.person("Ann")
    sent = await ann.send(await ann.create_chat(), "Hello")
    chat, id = sent["message"]["chatId"], sent["message"]["id"]
    await store(server, id, column, value)
    messages, (error,) = await page(ann, chat)
    assert [message["id"] for message in messages] == [id, sent["reply"]["id"]]
    assert messages[0][field] == placeholder
    assert messages[1]["streaming"]
    assert error["path"] == ["chat", "messages", "edges", 0, "node", field]
    assert error["extensions"]["code"] == "INTERNAL"
    (entry,) = failures(caplog)
    assert entry["path"] == error["path"]


@pytest.mark.parametrize(
    ("column", "value"),
    [("id", "'somebody'"), ("id", "x'00ff'"), ("id", "12"), ("author_id", "'somebody'"), ("reply_to_id", "x'00ff'")],
)
async def test_an_unreadable_id_costs_its_own_field(server: Running, column: str, value: str) -> None:
    skip_elsewhere(server, SQLITE)
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    first, second = await ann.send(chat, "Hello"), await ann.send(chat, "Again")
    store_past_the_constraints(server, second["message"]["id"], column, value)
    messages, errors = await page(ann, chat)
    assert [message["content"] for message in messages] == ["Hello", "", "Again", ""]
    ids = [message["id"] for message in messages]
    assert (ids[0], len(set(ids))) == (first["message"]["id"], 4)
    field = {"id": "id", "author_id": "author", "reply_to_id": None}[column]
    assert [error["path"][3:] for error in errors] == ([[2, "node", field]] if field else [])
    assert {error["extensions"]["code"] for error in errors} <= {"INTERNAL"}
    if column == "id":
        answer = await ann.post("query ($id: ID!) { message(id: $id) { content } }", id=ids[2])
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_text_that_is_not_utf8_is_shown_with_replacement_characters(server: Running) -> None:
    """Half a character among it, which some programs write as three bytes."""
    skip_elsewhere(server, SQLITE)
    ann = await server.person("Ann")
    sent = await ann.send(await ann.create_chat(), "Hello")
    await store(server, sent["message"]["id"], "content", "CAST(x'486920EDA0BD' AS TEXT)")
    await store(server, sent["message"]["id"], "model", "CAST(x'6100FF' AS TEXT)")
    messages, errors = await page(ann, sent["message"]["chatId"])
    assert messages[0]["content"].rstrip("\N{REPLACEMENT CHARACTER}") == "Hi "
    assert messages[0]["model"] == "a\0\N{REPLACEMENT CHARACTER}"
    assert errors == []


@pytest.mark.parametrize(
    ("where", "column", "value", "field", "placeholder"),
    [
        (ANYWHERE, "revision", "5000000000", "revision", LARGEST),
        (SQLITE, "updated_at", "'later'", "updatedAt", EPOCH),
        ("postgresql", "updated_at", "'20000-01-01'", "updatedAt", EPOCH),
    ],
)
async def test_the_list_of_chats_is_whole_with_an_unreadable_chat(
    server: Running, where: str, column: str, value: str, field: str, placeholder: object
) -> None:
    skip_elsewhere(server, where)
    ann = await server.person("Ann")
    chats = [await ann.create_chat(title) for title in ("Plans", "Trips")]
    await store(server, chats[0], column, value, table="chats")
    answer = await ann.post(LIST)
    nodes = {edge["node"]["id"]: edge["node"] for edge in answer["data"]["viewer"]["chats"]["edges"]}
    assert nodes.keys() == set(chats)
    assert nodes[chats[0]][field] == placeholder
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["INTERNAL"]


async def test_many_unreadable_values_are_logged_once_for_a_request(
    server: Running, caplog: pytest.LogCaptureFixture
) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    for content in ("one", "two", "three"):
        await store(server, (await ann.send(chat, content))["message"]["id"], "status", "'PAUSED'")
    _, errors = await page(ann, chat)
    assert len(errors) == 3
    (entry,) = failures(caplog)
    assert (entry["path"], entry["more"]) == (errors[0]["path"], 2)
    await page(ann, chat)
    assert len(failures(caplog)) == 2


async def result(stream: Stream) -> dict[str, Any] | None:
    """The next payload with its errors; None after `complete`."""
    if isinstance(stream, Following):
        return await stream.payload()
    assert isinstance(stream, Subscription)
    message = await stream.message()
    assert message["type"] in ("next", "complete"), message
    return message.get("payload")


@pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=TRANSPORTS)
async def test_a_stream_with_an_unreadable_value_runs_to_its_end(
    server: Running, caplog: pytest.LogCaptureFixture, transport: str
) -> None:
    stored, path = (("input_tokens", "5.5"), ["usage", "inputTokens"])
    if server.runtime.database.dialect == "postgresql":
        stored, path = (("revision", "5000000000"), ["revision"])
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with subscribed(ann, transport, FOLLOW, id=reply) as stream:
        assert (await stream.next())["status"] == "STREAMING"
        async with server.writing(reply) as draft:
            draft.append("One")
            await stream.until(content="One")
            await store(server, reply, *stored)
            draft.append(", two")
            frame = await result(stream)
            while frame is not None and frame["data"]["messageStream"]["content"] != "One, two":
                frame = await result(stream)
            draft.append(", three")
        frames = [frame] if frame is not None else []
        while (frame := await result(stream)) is not None:
            frames.append(frame)
    last = frames[-1]["data"]["messageStream"]
    assert (last["content"], last["status"], last["streaming"]) == ("One, two, three", "COMPLETE", False)
    for frame in frames:
        (error,) = frame["errors"]
        assert (error["path"], error["extensions"]["code"]) == (["messageStream", *path], "INTERNAL")
    assert len(failures(caplog)) == 1
