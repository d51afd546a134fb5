"""Promise 15, nothing read vanishes: no mutation destroys text without a way back.

Regenerating keeps versions. Editing and deleting are deliberate: the page asks, and offers Undo.
"""

from typing import Any

import pytest
from sqlalchemy import func, select

from api.chats import MessageVersion
from api.replies.errors import ProviderFailed
from tests.support.people import Person
from tests.support.server import Running
from tests.support.sockets import Subscription
from tests.support.statements import sent_to

pytestmark = pytest.mark.parametrize("backend", ["embedded", "scaled"], indirect=True)
"""How a server writes to its sockets makes no difference here."""

VERSIONS = (
    "version versions { number content reasoning status model finishReason usage { inputTokens outputTokens } "
    "createdAt regeneratedBy { name } stoppedBy { name } } "
)
SHOWN = f"query ($id: ID!) {{ message(id: $id) {{ revision content status error {{ code }} {VERSIONS} }} }}"


async def shown(person: Person, message: str) -> dict[str, Any]:
    found: dict[str, Any] = (await person.ask(SHOWN, id=message))["message"]
    return found


async def written(server: Running, reply: str, text: str) -> None:
    async with server.writing(reply) as draft:
        draft.append(text)
        draft.set(finish_reason="stop", input_tokens=3, output_tokens=len(text))


def reads_versions(statement: str) -> bool:
    return "FROM message_versions" in statement


async def ends_with(stream: Subscription, word: str) -> None:
    """Read the stream until the newest version ends with this word."""
    while not (await stream.next())["versions"][-1]["content"].endswith(word):
        pass


async def stored(server: Running) -> int:
    """How many versions are in the table."""
    async with server.runtime.database.reading() as session:
        return (await session.scalar(select(func.count()).select_from(MessageVersion))) or 0


async def choose(person: Person, message: str, number: int) -> dict[str, Any]:
    return (await person.mutate("selectVersion", messageId=message, number=number))["message"]  # type: ignore[no-any-return]


async def test_a_regenerated_reply_keeps_its_versions_and_shows_any_of_them(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    reply = await ann.prompt(chat)
    await written(server, reply, "first")
    only = await shown(ann, reply)
    assert (only["version"], [version["content"] for version in only["versions"]]) == (1, ["first"])

    await bob.act("regenerateMessage", reply)
    streaming = await shown(ann, reply)
    assert [(each["number"], each["content"], each["status"]) for each in streaming["versions"]] == [
        (1, "first", "COMPLETE"),
        (2, "", "STREAMING"),
    ]
    refused = await ann.refusal("selectVersion", messageId=reply, number=1)
    assert refused["extensions"]["code"] == "CONFLICT"
    assert (await ann.refusal("regenerateMessage", messageId=reply))["extensions"]["code"] == "CONFLICT"
    await written(server, reply, "second")

    both = await shown(ann, reply)
    assert (both["version"], both["content"]) == (2, "second")
    assert [each["regeneratedBy"] for each in both["versions"]] == [None, {"name": "Bob"}]
    assert [each["usage"]["outputTokens"] for each in both["versions"]] == [5, 6]
    assert both["versions"][0] == only["versions"][0]

    first = await choose(bob, reply, 1)
    assert (first["content"], first["status"], first["finishReason"]) == ("first", "COMPLETE", "stop")
    assert first["revision"] == both["revision"] + 1
    again = await shown(ann, reply)
    assert (again["version"], again["versions"]) == (1, both["versions"])
    assert (await choose(ann, reply, 1))["revision"] == first["revision"]  # nothing changed
    unknown = await ann.refusal("selectVersion", messageId=reply, number=3)
    assert unknown["extensions"]["code"] == "NOT_FOUND"
    stranger = await server.person("Eve")
    assert (await stranger.refusal("selectVersion", messageId=reply, number=2))["extensions"]["code"] == "NOT_FOUND"

    await ann.act("regenerateMessage", reply)  # from the first: the second stays
    await written(server, reply, "third")
    assert [(each["number"], each["content"]) for each in (await shown(ann, reply))["versions"]] == [
        (1, "first"),
        (2, "second"),
        (3, "third"),
    ]


async def test_failed_and_stopped_answers_are_versions_too_and_empty_ones_are_not(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    reply = await ann.prompt(chat)
    await bob.act("stopMessage", reply)  # before its first word
    stopped = await shown(ann, reply)
    assert stopped["versions"][0]["stoppedBy"] == {"name": "Bob"}
    await ann.act("regenerateMessage", reply)
    async with server.writing(reply) as draft:
        draft.append("broken")
        raise ProviderFailed("The provider broke off.")
    failed = await shown(ann, reply)
    assert (failed["version"], failed["content"], failed["status"]) == (1, "broken", "FAILED")
    await ann.act("regenerateMessage", reply)
    await written(server, reply, "whole")
    assert [each["status"] for each in (await shown(ann, reply))["versions"]] == ["FAILED", "COMPLETE"]
    back = await choose(ann, reply, 1)
    assert (back["content"], back["status"], back["error"]["code"]) == ("broken", "FAILED", "PROVIDER")


async def test_a_reply_has_at_most_twenty_versions(server: Running) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    for number in range(1, 23):
        await written(server, reply, f"answer {number}")
        if number < 22:
            await ann.act("regenerateMessage", reply)
    versions = (await shown(ann, reply))["versions"]
    assert [version["content"] for version in versions] == [f"answer {number}" for number in range(3, 23)]


async def test_a_stream_reads_the_versions_once(server: Running) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    await written(server, reply, "first")
    await ann.act("regenerateMessage", reply)
    document = "subscription ($id: ID!) { messageStream(id: $id) { version versions { number content } } }"
    with sent_to(server.runtime.database, like=reads_versions) as statements:
        async with ann.socket() as one, ann.socket() as two:
            streams = [await socket.subscribe(document, id=reply) for socket in (one, two)]
            for stream in streams:
                await stream.next()
            async with server.writing(reply) as draft:
                for word in ("second ", "has ", "several ", "updates"):
                    draft.append(word)
                    for stream in streams:
                        await ends_with(stream, word)
            frames = [await stream.rest() for stream in streams]
    assert len(statements) == 2  # the list, and the text of the first
    for frame in frames:
        versions = frame[-1]["versions"]
        assert versions == [{"number": 1, "content": "first"}, {"number": 2, "content": "second has several updates"}]


async def test_a_deleted_message_takes_its_versions_with_it(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    for deletion in ("deleteMessage", "deleteChat"):
        reply = await ann.prompt(chat)
        await written(server, reply, "first")
        await ann.act("regenerateMessage", reply)
        await written(server, reply, "second")
        given = {"messageId": reply} if deletion == "deleteMessage" else {"chatId": chat}
        await ann.mutate(deletion, **given)
        assert await stored(server) == 0


async def test_an_edited_message_says_so(server: Running) -> None:
    ann = await server.person("Ann")
    message = (await ann.send(await ann.create_chat(), "one", reply=False))["message"]["id"]
    edited = "query ($id: ID!) { message(id: $id) { editedAt version versions { content } } }"
    assert (await ann.ask(edited, id=message))["message"]["editedAt"] is None
    await ann.mutate("editMessage", messageId=message, content="one")
    assert (await ann.ask(edited, id=message))["message"]["editedAt"] is None  # the same text
    await ann.mutate("editMessage", messageId=message, content="two")
    found = (await ann.ask(edited, id=message))["message"]
    assert found["editedAt"] is not None
    assert (found["version"], found["versions"]) == (1, [{"content": "two"}])
