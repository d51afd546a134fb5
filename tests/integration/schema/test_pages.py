"""Long lists come in pages: 30 by default, 100 at most, by cursors in both directions."""

import base64
from datetime import timedelta
from typing import Any

import pytest

from api.chats.models import Chat, Membership, Message, MessageRole
from api.graphql import relay
from api.streaming.columns import now
from tests.support.people import Person
from tests.support.server import Running

PAGE = """query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { chat(id: $id) { revision
    messages(first: $first, after: $after, last: $last, before: $before) { revision
        edges { cursor node { content } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""

CHATS = """query ($first: Int, $after: String) { viewer { revision chats(first: $first, after: $after) { revision
    edges { cursor node { title } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""


async def filled(server: Running, person: Person, messages: int) -> str:
    """A chat with that many messages: "0", "1", and so on."""
    chat = await person.create_chat()
    async with server.runtime.database.transaction() as session:
        key, author = relay.key_of("Chat", chat), relay.key_of("User", person.user_id)
        session.add_all(
            Message(chat_id=key, author_id=author, role=MessageRole.USER, content=str(number))
            for number in range(messages)
        )
    return chat


async def page(person: Person, chat: str, **window: Any) -> dict[str, Any]:
    connection: dict[str, Any] = (await person.ask(PAGE, id=chat, **window))["chat"]["messages"]
    return connection


def contents(connection: dict[str, Any]) -> list[int]:
    return [int(edge["node"]["content"]) for edge in connection["edges"]]


def ends(connection: dict[str, Any]) -> tuple[bool, bool]:
    return connection["pageInfo"]["hasPreviousPage"], connection["pageInfo"]["hasNextPage"]


async def test_messages_come_from_the_first_on_30_by_default(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await filled(server, ann, 31)
    found = await page(ann, chat)
    assert (contents(found), ends(found)) == (list(range(30)), (False, True))
    assert found["pageInfo"]["startCursor"] == found["edges"][0]["cursor"]
    assert found["pageInfo"]["endCursor"] == found["edges"][-1]["cursor"]


async def test_a_page_has_100_messages_at_most(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await filled(server, ann, 101)
    assert contents(await page(ann, chat, first=100)) == list(range(100))
    assert contents(await page(ann, chat, last=100)) == list(range(1, 101))
    for window in ({"first": 101}, {"last": 101}, {"first": -1}, {"last": -1}, {"first": 1, "last": 1}):
        error = await ann.refusal(PAGE, id=chat, **window)
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_forward_and_backward_meet_every_message_once_and_in_order(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await filled(server, ann, 25)
    found = await page(ann, chat, first=10)
    forward = contents(found)
    while found["pageInfo"]["hasNextPage"]:
        found = await page(ann, chat, first=10, after=found["pageInfo"]["endCursor"])
        forward += contents(found)
    found = await page(ann, chat, last=10)
    backward = contents(found)
    while found["pageInfo"]["hasPreviousPage"]:
        found = await page(ann, chat, last=10, before=found["pageInfo"]["startCursor"])
        backward = contents(found) + backward
    assert forward == backward == list(range(25))


async def test_a_page_says_what_is_around_it(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await filled(server, ann, 5)
    cursors = [edge["cursor"] for edge in (await page(ann, chat))["edges"]]
    for window, expected, around in (
        ({"first": 5}, [0, 1, 2, 3, 4], (False, False)),
        ({"first": 2, "after": cursors[0]}, [1, 2], (True, True)),
        ({"first": 9, "after": cursors[2]}, [3, 4], (True, False)),
        ({"last": 2, "before": cursors[4]}, [2, 3], (True, True)),
        ({"last": 9, "before": cursors[2]}, [0, 1], (False, True)),
        ({"after": cursors[0], "before": cursors[3]}, [1, 2], (True, True)),
        ({"first": 0}, [], (False, True)),
        ({"first": 2, "after": cursors[4]}, [], (True, False)),
    ):
        found = await page(ann, chat, **window)
        assert (contents(found), ends(found)) == (expected, around), window


async def test_a_cursor_outlives_its_message(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    sent = [await ann.send(chat, str(number), reply=False) for number in range(3)]
    cursor = (await page(ann, chat, first=2))["pageInfo"]["endCursor"]
    await ann.mutate("deleteMessage", messageId=sent[1]["message"]["id"])
    assert contents(await page(ann, chat, after=cursor)) == [2]


async def test_an_empty_page_has_no_cursors(server: Running) -> None:
    ann = await server.person("Ann")
    found = await page(ann, await ann.create_chat())
    assert found["edges"] == []
    assert set(found["pageInfo"].values()) == {False, None}


async def test_chats_come_30_by_default_and_by_cursor(server: Running) -> None:
    ann = await server.person("Ann")
    owner, moment = relay.key_of("User", ann.user_id), now()
    chats = [Chat(title=str(n), owner_id=owner, updated_at=moment - timedelta(seconds=n // 2)) for n in range(35)]
    async with server.runtime.database.transaction() as session:
        session.add_all(chats)
        await session.flush()
        session.add_all(Membership(chat_id=chat.id, user_id=owner) for chat in chats)
    async with server.runtime.database.reading() as session:
        rows = [await session.get_one(Chat, chat.id) for chat in chats]
    expected = [row.title for row in sorted(rows, key=lambda row: (row.updated_at, row.id), reverse=True)]
    first = (await ann.ask(CHATS))["viewer"]["chats"]
    assert ends(first) == (False, True)
    second = (await ann.ask(CHATS, after=first["pageInfo"]["endCursor"]))["viewer"]["chats"]
    assert ends(second) == (True, False)
    assert [edge["node"]["title"] for part in (first, second) for edge in part["edges"]] == expected
    assert (await ann.refusal(CHATS, first=101))["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_a_page_carries_the_revision_of_what_it_belongs_to(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    sent = await ann.send(chat)
    data = (await ann.ask(PAGE, id=chat))["chat"]
    assert data["messages"]["revision"] == data["revision"] == sent["chat"]["revision"]
    viewer = (await ann.ask(CHATS))["viewer"]
    assert viewer["chats"]["revision"] == viewer["revision"]


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


MALFORMED = [
    "",
    "nonsense",
    "\u0000",
    "é",
    encoded("nonsense"),
    encoded("0198f0e0-0000-7000-8000-000000000000|more"),
    encoded("not a moment|0198f0e0-0000-7000-8000-000000000000"),
    encoded("0001-01-01T00:00:00+14:00|0198f0e0-0000-7000-8000-000000000000"),
]


@pytest.mark.parametrize("cursor", MALFORMED)
async def test_a_malformed_cursor_is_refused(server: Running, cursor: str) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    assert (await ann.refusal(PAGE, id=chat, after=cursor))["extensions"] == {"code": "BAD_USER_INPUT"}
    assert (await ann.refusal(PAGE, id=chat, last=1, before=cursor))["extensions"] == {"code": "BAD_USER_INPUT"}
    assert (await ann.refusal(CHATS, after=cursor))["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_a_cursor_of_another_list_is_refused(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    await ann.send(chat)
    message = (await page(ann, chat))["edges"][0]["cursor"]
    place = (await ann.ask(CHATS))["viewer"]["chats"]["edges"][0]["cursor"]
    assert (await ann.refusal(CHATS, after=message))["extensions"] == {"code": "BAD_USER_INPUT"}
    assert (await ann.refusal(PAGE, id=chat, after=place))["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_lists_in_lists_do_not_multiply_without_end(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await filled(server, ann, 71)
    rows = "messages(first: 100) { edges { node"
    nested = f"query ($id: ID!) {{ chat(id: $id) {{ {rows} {{ chat {{ {rows} {{ id }} }} }} }} }} }} }} }} }}"
    answer = await ann.post(nested, id=chat)
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"LIMIT_EXCEEDED"}  # 71 + 71 x 71
    assert len(contents(await page(ann, chat, first=100))) == 71
