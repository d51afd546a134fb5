"""`Chat.assistant`: who is answered by the assistant when the sender does not say."""

import pytest

from tests.support.people import Person
from tests.support.server import Running

SEND = (
    "mutation ($c: ID!, $t: String!, $k: String!, $r: Boolean) "
    "{ sendMessage(input: { chatId: $c, content: $t, idempotencyKey: $k, reply: $r }) { reply { id } } }"
)


async def is_answered(person: Person, chat: str, content: str, reply: bool | None = None) -> bool:
    key = f"{content} {reply}"
    sent = await person.ask(SEND, c=chat, t=content, k=key, r=reply)
    return sent["sendMessage"]["reply"] is not None


ASSISTANT = "query ($id: ID!) { chat(id: $id) { assistant revision } }"


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
async def test_the_chat_says_who_is_answered_unless_the_message_does(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    before = (await ann.ask(ASSISTANT, id=chat))["chat"]
    assert before["assistant"] == "ALWAYS"
    assert await is_answered(ann, chat, "always")
    assert not await is_answered(ann, chat, "not this", reply=False)

    await bob.mutate("setAssistant", chatId=chat, assistant="WHEN_ASKED")
    assert (await ann.ask(ASSISTANT, id=chat))["chat"]["assistant"] == "WHEN_ASKED"
    assert not await is_answered(ann, chat, "between us")
    for asked in ("@assistant, what now?", "What now, @Assistant?", "(@ASSISTANT)"):
        assert await is_answered(bob, chat, asked)
    for other in ("assistant", "me@assistant.example", "@assistants", "x@assistant", "@assistant-2"):
        assert not await is_answered(bob, chat, other)
    assert await is_answered(ann, chat, "with the button", reply=True)
    assert not await is_answered(ann, chat, "@assistant but not now", reply=False)

    await ann.mutate("setAssistant", chatId=chat, assistant="NONE")
    assert not await is_answered(ann, chat, "@assistant, are you there?")
    assert (await ann.ask(ASSISTANT, id=chat))["chat"]["revision"] > before["revision"]

    eve = await server.person("Eve")
    error = await eve.refusal("setAssistant", chatId=chat, assistant="ALWAYS")
    assert error["extensions"]["code"] == "NOT_FOUND"
