"""What can be asked, and how ids, moments, usage and errors look."""

import re

import pytest

from api.replies.errors import ModelTimeout, ProviderFailed
from api.streaming.errors import ProducerError, TooLong
from tests.support.server import Running

NODE = """query ($id: ID!) { node(id: $id) { __typename id
    ... on Chat { title } ... on Message { content } ... on User { name } ... on Viewer { email } } }"""

RFC_3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


async def test_each_thing_is_found_by_its_id(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat("Plans")
    message = (await ann.send(chat, "Hello"))["message"]["id"]
    for id, expected in (
        (chat, {"__typename": "Chat", "title": "Plans"}),
        (message, {"__typename": "Message", "content": "Hello"}),
        (ann.user_id, {"__typename": "User", "name": "Ann"}),
        (ann.viewer_id, {"__typename": "Viewer", "email": ann.email}),
    ):
        assert (await ann.ask(NODE, id=id))["node"] == {"id": id, **expected}


async def test_chat_and_message_give_what_they_are_asked_for(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat("Plans")
    sent = await ann.send(chat, "Hello")
    document = """query ($chat: ID!, $message: ID!, $reply: ID!) {
        chat(id: $chat) { title }
        message(id: $message) { chatId chat { title } author { id name } }
        reply: message(id: $reply) { author { id } model usage { inputTokens } } }"""
    data = await ann.ask(document, chat=chat, message=sent["message"]["id"], reply=sent["reply"]["id"])
    assert data == {
        "chat": {"title": "Plans"},
        "message": {"chatId": chat, "chat": {"title": "Plans"}, "author": {"id": ann.user_id, "name": "Ann"}},
        "reply": {"author": None, "model": "scripted", "usage": None},
    }


async def test_people_are_seen_by_those_who_share_a_chat_with_them(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    assert (await ann.ask(NODE, id=bob.user_id))["node"] is None
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    assert (await ann.ask(NODE, id=bob.user_id))["node"]["name"] == "Bob"
    assert (await ann.ask(NODE, id=bob.viewer_id))["node"] is None
    await ann.remove(chat, bob)
    assert (await ann.ask(NODE, id=bob.user_id))["node"] is None


async def test_ids_are_opaque_and_unique_over_all_types(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    sent = await ann.send(chat)
    ids = [ann.user_id, ann.viewer_id, chat, sent["message"]["id"], sent["reply"]["id"]]
    assert len(set(ids)) == 5
    assert all(re.fullmatch(r"[\w-]{20,}", id) for id in ids)


async def test_moments_are_in_utc_and_end_with_z(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    message = (await ann.send(chat))["message"]["id"]
    document = """query ($chat: ID!, $message: ID!) {
        viewer { user { createdAt } } chat(id: $chat) { createdAt updatedAt }
        message(id: $message) { createdAt updatedAt } }"""
    data = await ann.ask(document, chat=chat, message=message)
    assert data["chat"]["createdAt"] < data["chat"]["updatedAt"]
    moments = [data["viewer"]["user"]["createdAt"], *data["chat"].values(), *data["message"].values()]
    assert all(RFC_3339_UTC.fullmatch(moment) for moment in moments), moments
    assert moments == sorted(moments, key=lambda moment: moment[:10])


async def test_the_chat_that_was_active_last_comes_first(server: Running) -> None:
    ann = await server.person("Ann")
    first, second, third = [await ann.create_chat(title) for title in ("first", "second", "third")]
    await ann.send(second, reply=False)
    await ann.mutate("renameChat", chatId=first, title="First")
    data = await ann.ask("{ viewer { chats { edges { node { id } } } } }")
    assert [edge["node"]["id"] for edge in data["viewer"]["chats"]["edges"]] == [first, second, third]


async def test_usage_and_finish_reason_are_told_once_they_are_known(server: Running) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with server.writing(reply) as text:
        text.append("thinking", to="reasoning")
        text.append("done")
        text.set(finish_reason="stop", input_tokens=12, output_tokens=3, model="a-model")
    document = """query ($id: ID!) { message(id: $id) {
        model reasoning finishReason usage { inputTokens outputTokens } error { code } } }"""
    assert (await ann.ask(document, id=reply))["message"] == {
        "model": "a-model",
        "reasoning": "thinking",
        "finishReason": "stop",
        "usage": {"inputTokens": 12, "outputTokens": 3},
        "error": None,
    }


@pytest.mark.parametrize("error", [ProviderFailed, ModelTimeout, TooLong])
async def test_a_reply_that_failed_says_why_and_keeps_its_text(server: Running, error: type[ProducerError]) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with server.writing(reply) as text:
        text.append("so far")
        raise error("It broke. Ask again.")
    document = "query ($id: ID!) { message(id: $id) { status streaming content error { code message } } }"
    assert (await ann.ask(document, id=reply))["message"] == {
        "status": "FAILED",
        "streaming": False,
        "content": "so far",
        "error": {"code": error.code, "message": "It broke. Ask again."},
    }
