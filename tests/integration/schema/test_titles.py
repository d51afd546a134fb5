"""A chat that nobody has named is named after its first message that says something."""

import pytest

from api.chats.titles import TITLE_WIDTH, title_of
from tests.support.people import Person
from tests.support.server import Running


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("How do tides work?", "How do tides work?"),
        ("Hi! how do tides work? I live by the sea.", "How do tides work?"),
        ("Hello there,\n\nI need a name for a boat.", "I need a name for a boat"),
        ("# Plan\n\n- one\n- two", "Plan"),
        ("**Why** is `tidal_force` in [this paper](https://example.com/a_b) negative?", None),
        ("```python\nprint(1)\n```\nWhat does this print?", "What does this print?"),
        ("1. What is _snake_case_?", "What is snake_case?"),
        ("> quoted\nand answered", "Quoted"),
        ("潮汐是怎么回事？我住在海边。", "潮汐是怎么回事？"),  # noqa: RUF001
        ("a " * 100, None),
        ("https://example.com/" + "without-end/" * 20, None),
    ],
)
def test_a_title_is_what_a_message_says_first(content: str, title: str | None) -> None:
    made = title_of(content)
    assert made is not None
    assert len(made) <= TITLE_WIDTH
    if title is not None:
        assert made == title
    assert not {"*", "`", "[", "\n"} & set(made)


@pytest.mark.parametrize("content", ["Hi", "hello there!", "Good morning.", "???", "```\ncode\n", " \n ", "👋"])
def test_a_message_that_says_nothing_is_no_title(content: str) -> None:
    assert title_of(content) is None


@pytest.mark.parametrize("endless", ["[" * 100_000, "a" + "_" * 99_998 + "a"])
def test_a_message_that_takes_a_pattern_for_ever_is_read_no_further_than_a_title_reaches(endless: str) -> None:
    title_of(endless)
    assert title_of(f"How do tides work? {endless}") == "How do tides work?"


async def test_a_chat_is_named_after_its_first_message_that_says_something_and_only_once(
    server: Running,
) -> None:
    ann = await server.person("Ann")
    chat = (await ann.mutate("createChat"))["chat"]
    assert chat["title"] == "New chat"
    await ann.send(chat["id"], "Hello!")
    assert await title(ann, chat["id"]) == ("New chat", chat["revision"] + 1)
    await ann.send(chat["id"], "How do tides work?")
    assert await title(ann, chat["id"]) == ("How do tides work?", chat["revision"] + 2)
    await ann.send(chat["id"], "And seiches?")
    assert await title(ann, chat["id"]) == ("How do tides work?", chat["revision"] + 3)


async def test_a_chat_that_has_a_name_keeps_it(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat("Tides")
    await ann.send(chat, "How do seiches work?")
    assert (await title(ann, chat))[0] == "Tides"


async def title(person: Person, chat: str) -> tuple[str, int]:
    found = (await person.ask("query ($id: ID!) { chat(id: $id) { title revision } }", id=chat))["chat"]
    return found["title"], found["revision"]
