"""`Viewer.search` finds final texts in the viewer's chats, and nothing else."""

from typing import Any

import pytest

from api.chats.search import excerpt
from api.chats.search_terms import Query, terms_of
from tests.support.links import guest
from tests.support.people import Person
from tests.support.server import Running

SEARCH = """query ($q: String!, $first: Int, $after: String) {
    viewer { search(query: $q, first: $first, after: $after) {
    edges { node { id content chat { title } } excerpt { text matches } cursor }
    pageInfo { hasNextPage hasPreviousPage endCursor } } } }"""


async def search(person: Person, query: str, **page: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await person.ask(SEARCH, q=query, **page))["viewer"]["search"]
    return found


async def found(person: Person, query: str) -> list[str]:
    return [edge["node"]["content"] for edge in (await search(person, query))["edges"]]


async def test_only_participants_find_a_message_with_its_excerpt(server: Running) -> None:
    ann, bob, eve = [await server.person(name) for name in ("Ann", "Bob", "Eve")]
    chat = await ann.create_chat("Travel")
    await ann.add(chat, bob)
    text = "We meet at the Café in Zürich, next Monday"
    message = (await ann.send(chat, text, reply=False))["message"]["id"]
    await ann.send(chat, "Another message", reply=False)
    await eve.send(await eve.create_chat(), "Eve has a café as well", reply=False)
    (edge,) = (await search(bob, "CAFE zur"))["edges"]
    assert edge["node"] == {"id": message, "content": text, "chat": {"title": "Travel"}}
    assert [part["text"] for part in edge["excerpt"] if part["matches"]] == ["Café", "Zürich"]
    assert "".join(part["text"] for part in edge["excerpt"]) == text
    assert await found(eve, "café") == ["Eve has a café as well"]
    assert await found(ann, chat.encode().hex()) == []
    reader, _ = await guest(server, ann, chat)
    assert (await reader.ask(SEARCH, q="cafe"))["viewer"] is None
    await ann.remove(chat, bob)
    assert await found(bob, "cafe") == []
    assert await found(ann, "cafe") == [text]


async def test_the_index_follows_what_messages_show(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    sent = await ann.send(chat, "apples")
    message, reply = sent["message"]["id"], sent["reply"]["id"]
    async with server.writing(reply) as text:
        text.append("pears and ")
        await server.row_when(reply, lambda row: row.content)
        assert await found(ann, "pears") == []  # it streams
        text.append("plums")
    assert await found(ann, "plums") == ["pears and plums"]
    assert await found(ann, "pears") == ["pears and plums"]

    await ann.mutate("editMessage", messageId=message, content="cherries")
    assert (await found(ann, "apples"), await found(ann, "cherries")) == ([], ["cherries"])

    await ann.act("regenerateMessage", reply)
    assert await found(ann, "plums") == []
    async with server.writing(reply) as text:
        text.append("grapes")
    assert (await found(ann, "plums"), await found(ann, "grapes")) == ([], ["grapes"])
    await ann.mutate("selectVersion", messageId=reply, number=1)
    assert (await found(ann, "plums"), await found(ann, "grapes")) == (["pears and plums"], [])

    await ann.mutate("deleteMessage", messageId=message)
    assert await found(ann, "cherries") == []
    await ann.mutate("deleteChat", chatId=chat)
    assert await found(ann, "plums") == []
    count = "SELECT count(*) FROM search_terms"
    async with server.runtime.database.engine.connect() as connection:
        assert (await connection.exec_driver_sql(count)).scalar() == 0


async def test_results_come_in_pages_newest_first(server: Running) -> None:
    ann = await server.person("Ann")
    chats = [await ann.create_chat() for _ in range(2)]
    for number in range(5):
        await ann.send(chats[number % 2], f"note {number}", reply=False)
    first = await search(ann, "note", first=3)
    assert [edge["node"]["content"] for edge in first["edges"]] == ["note 4", "note 3", "note 2"]
    assert first["pageInfo"]["hasNextPage"]
    rest = await search(ann, "note", first=3, after=first["pageInfo"]["endCursor"])
    assert [edge["node"]["content"] for edge in rest["edges"]] == ["note 1", "note 0"]
    assert not rest["pageInfo"]["hasNextPage"]


@pytest.mark.parametrize(
    "text", ["東京で会議をします", "한국어 문장입니다", "ประชุมที่กรุงเทพ", "Привет, мир", "मेरी हिन्दी"]
)
async def test_texts_in_any_script_are_found(server: Running, text: str) -> None:
    ann = await server.person("Ann")
    await ann.send(await ann.create_chat(), text, reply=False)
    queries = {"東": ["会", "会議", "東京で会議"], "한": ["한국"], "ป": ["กรุงเทพ"], "П": ["мир"], "म": ["हिन्दी"]}[
        text[0]
    ]
    for query in queries:
        assert await found(ann, query) == [text], query
    assert await found(ann, "議会") == []


async def test_operators_and_quotes_are_ordinary_characters(server: Running) -> None:
    ann = await server.person("Ann")
    text = 'this AND that, it\'s NEAR C++ -- "quoted" ⒈ ゛テスト'
    await ann.send(await ann.create_chat(), text, reply=False)
    for query in ('"this', "AND", "that)", "NEAR(", "it's", "c++", '"*', "⒈", "* OR this",
                  "quoted\" & !x'::", "a:b\\", "゛テスト"):  # fmt: skip
        answer = await ann.post(SEARCH, q=query)
        code = answer["errors"][0]["extensions"]["code"] if answer.get("errors") else None
        assert code in (None, "BAD_USER_INPUT"), (query, answer)
    assert await found(ann, "this and (that)") == [text]
    assert await found(ann, "this NOT that") == []
    for query in ("", "  ", '"*()', "\u0000", "x" * 201):
        assert (await ann.refusal(SEARCH, q=query))["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_text_of_only_different_terms_is_indexed(server: Running) -> None:
    """Beyond the size that Postgres can store."""
    ann = await server.person("Ann")
    text = "".join(map(chr, range(0x20000, 0x20000 + 24_000)))
    await ann.send(await ann.create_chat(), text, reply=False)
    assert await found(ann, text[5:8]) == [text]


def test_terms_and_excerpts() -> None:
    assert terms_of("Don't STOP, café 会議室 ｱ") == ["don", "t", "stop", "cafe", "会", "議", "室", "会議", "議室", "ア"]
    assert Query.of("AND 'x' 会議").words == ("and", "x")
    long = "word " * 100 + "needle in it " + "word " * 100
    parts = excerpt(long, Query.of("needle"))
    assert [part.text for part in parts if part.matches] == ["needle"]
    assert parts[0].text == "…"
    assert len("".join(part.text for part in parts)) < 170
    assert [part.text for part in excerpt("大阪会議室です", Query.of("会議室")) if part.matches] == ["会議室"]
