"""Foreign metadata reaches the row and the page as values that both can hold."""

from typing import Any

import pytest

from tests.integration.replies.chatting import answered, replying
from tests.integration.replies.formats import Chat
from tests.integration.replies.provider import HOLD, Answer, Provider
from tests.support.backends import Backend

PAGE = """query ($id: ID!) { chat(id: $id) { messages { edges { node {
    content status model finishReason providerFinishReason usage { inputTokens outputTokens } } } } } }"""

USAGES = {
    "a fraction": (5.5, None),
    "negative": (-3, None),
    "a text": ("12", None),
    "beyond 32 bits": (2**31, None),
    "beyond 64 bits": (2**70, None),
    "the greatest": (2**31 - 1, 2**31 - 1),
}


@pytest.mark.parametrize(("sent", "kept"), USAGES.values(), ids=USAGES)
async def test_a_page_shows_a_reply_with_any_usage(backend: Backend, stand_in: Provider, sent: Any, kept: Any) -> None:
    stand_in.answers(Answer(Chat().answer("The moon.", usage=Chat().usage(sent, sent))))
    async with replying(backend) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        await answered(ann, chat)
        data = await ann.ask(PAGE, id=chat)
    reply = data["chat"]["messages"]["edges"][1]["node"]
    assert (reply["content"], reply["status"], reply["finishReason"]) == ("The moon.", "COMPLETE", "stop")
    assert reply["usage"] == (None if kept is None else {"inputTokens": kept, "outputTokens": kept})


WORDS = {
    "a lone surrogate": "x\ud83d",
    "NUL": "x\0",
    "5,000 characters": "x" * 5_000,
    "an object": {"x": ["y"]},
}


@pytest.mark.parametrize("value", WORDS.values(), ids=WORDS)
async def test_a_page_shows_a_reply_with_any_names(backend: Backend, stand_in: Provider, value: Any) -> None:
    stand_in.answers(Answer(Chat(model=value).answer("The moon.", reason=value)))
    async with replying(backend) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        await answered(ann, chat)
        data = await ann.ask(PAGE, id=chat)
    reply = data["chat"]["messages"]["edges"][1]["node"]
    assert (reply["content"], reply["status"], reply["finishReason"]) == ("The moon.", "COMPLETE", "other")
    assert reply["model"][:1] in ("x", "o")
    assert len(reply["model"]) <= 200
    assert len(reply["providerFinishReason"]) <= 100


async def test_a_provider_that_keeps_its_connection_open_costs_no_time_out(
    backend: Backend, stand_in: Provider
) -> None:
    stand_in.answers(Answer(Chat().answer("The moon."), HOLD))
    async with replying(backend, model_timeout_seconds=300) as server:
        ann = await server.person("Ann")
        reply = await answered(ann, await ann.create_chat())
    assert (reply["status"], reply["finishReason"]) == ("COMPLETE", "stop")
    await stand_in.calls[0].left.wait()


async def test_a_failure_has_its_reason_and_keeps_its_text(backend: Backend, stand_in: Provider) -> None:
    stand_in.answers(Answer(Chat().answer("The mo", reason="insufficient_system_resource")))
    async with replying(backend) as server:
        ann = await server.person("Ann")
        reply = await answered(ann, await ann.create_chat())
    assert (reply["status"], reply["content"], reply["error"]["code"]) == ("FAILED", "The mo", "PROVIDER")
    assert (reply["finishReason"], reply["providerFinishReason"]) == ("error", "insufficient_system_resource")


async def test_an_empty_answer_says_so(backend: Backend, stand_in: Provider) -> None:
    stand_in.answers(Answer(Chat().answer()))
    async with replying(backend) as server:
        ann = await server.person("Ann")
        reply = await answered(ann, await ann.create_chat())
    assert (reply["status"], reply["finishReason"], reply["providerFinishReason"]) == ("FAILED", "stop", "stop")
    assert "without a word" in reply["error"]["message"]
