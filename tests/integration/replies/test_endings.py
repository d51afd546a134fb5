"""How a reply ends: by the protocol and not by the connection, in one vocabulary, complete or failed."""

import asyncio
import json

import pytest

from api.chats.finish_reasons import REASONS, WORDS, FinishReason, finish_reason
from api.replies import wire
from api.replies.errors import ProviderFailed
from api.replies.reply_model import Event, Finished, Reasoning, Text
from tests.integration.replies.asking import Waits, ask, end_of, reasoning_of, text_of
from tests.integration.replies.formats import FORMATS, Anthropic, Chat, Format, Gemini, Responses, event
from tests.integration.replies.provider import ABORT, HOLD, STALL, Answer, Provider, Step

every_format = pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.__name__)
held = pytest.mark.parametrize("held", [HOLD, STALL], ids=["comments", "silence"])


# The end comes from the protocol


@every_format
@held
async def test_a_connection_that_is_kept_open_after_the_end_costs_nothing(
    stand_in: Provider, monkeypatch: pytest.MonkeyPatch, kind: type[Format], held: Step
) -> None:
    monkeypatch.setattr(wire, "USAGE_SECONDS", 0.1)
    stand_in.answers(Answer(kind().answer("The ", "moon."), held))
    events = await ask(kind.name)
    assert (text_of(events), end_of(events).reason, end_of(events).output_tokens) == ("The moon.", "stop", 7)
    await asyncio.wait_for((await stand_in.call(1)).left.wait(), 20)


@pytest.mark.parametrize("kind", [Chat, Anthropic, Gemini], ids=lambda kind: kind.__name__)
@held
async def test_a_finish_reason_is_the_end_even_without_the_last_event(
    stand_in: Provider, monkeypatch: pytest.MonkeyPatch, kind: type[Format], held: Step
) -> None:
    monkeypatch.setattr(wire, "USAGE_SECONDS", 0.1)
    format = kind()
    stand_in.answers(Answer(format.begin(), format.say("The moon."), format.end(format.stop), held))
    events = await ask(kind.name)
    assert (text_of(events), end_of(events).reason) == ("The moon.", "stop")
    await asyncio.wait_for((await stand_in.call(1)).left.wait(), 20)


@every_format
async def test_a_connection_that_breaks_after_the_end_fails_nothing(stand_in: Provider, kind: type[Format]) -> None:
    format = kind()
    stand_in.answers(Answer(format.begin(), format.say("The moon."), format.end(format.stop), ABORT))
    events = await ask(kind.name)
    assert (text_of(events), end_of(events).reason) == ("The moon.", "stop")


@every_format
async def test_a_connection_that_breaks_before_the_end_fails_the_reply(stand_in: Provider, kind: type[Format]) -> None:
    events: list[Event] = []
    stand_in.answers(Answer(kind().begin(), kind().say("The moon."), ABORT))
    with pytest.raises(ProviderFailed, match="before the reply was complete"):
        await ask(kind.name, into=events)
    assert events == [Text("The moon.")]


@every_format
async def test_a_stream_that_ends_without_a_reason_fails_the_reply(stand_in: Provider, kind: type[Format]) -> None:
    stand_in.answers(Answer(kind().begin(), kind().say("The moon.")))
    with pytest.raises(ProviderFailed, match="before the reply was complete"):
        await ask(kind.name)


async def test_the_last_event_is_an_end_without_a_reason(stand_in: Provider) -> None:
    stand_in.answers(Answer(Chat().say("The moon."), Chat().close()))
    assert end_of(await ask(Chat.name)) == Finished(FinishReason.OTHER, None, None, "stand-in-1", None)


@pytest.mark.parametrize("reason", ["", "null", "None", False, 0, [], {}])
async def test_an_empty_reason_is_not_the_end(stand_in: Provider, reason: object) -> None:
    say = event(Chat()._chunk({"content": "The "}, reason))
    stand_in.answers(Answer(say, Chat().answer("moon.")))
    assert text_of(await ask(Chat.name)) == "The moon."


async def test_text_after_the_reason_is_part_of_the_reply(stand_in: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "USAGE_SECONDS", 0.2)
    words = [event(Chat()._chunk({"content": f"{number} "}, "stop")) for number in range(100)]
    stand_in.answers(Answer(*words, HOLD))  # some servers send the reason with every piece
    events = await ask(Chat.name)
    assert text_of(events) == "".join(f"{number} " for number in range(100))


# One vocabulary


@pytest.mark.parametrize(
    ("provider_word", "means"),
    [
        ("stop", "stop"),
        ("end_turn", "stop"),
        ("STOP", "stop"),
        ("FINISH_REASON_STOP", "stop"),
        ("length", "length"),
        ("MAX_TOKENS", "length"),
        ("max_output_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("content_filter", "content_filter"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("refusal", "content_filter"),
        ("tool_calls", "tool_calls"),
        ("function_call", "tool_calls"),
        ("tool_use", "tool_calls"),
        ("MALFORMED_FUNCTION_CALL", "tool_calls"),
        ("insufficient_system_resource", "error"),
        ("network_error", "error"),
        ("error", "error"),
        ("pause_turn", "other"),
        ("a word of its own", "other"),
        (None, "other"),
    ],
)
def test_the_words_of_providers_have_one_meaning(provider_word: str | None, means: str) -> None:
    assert finish_reason(provider_word) == means


def test_each_word_has_one_meaning() -> None:
    assert len(REASONS) == sum(len(words.split()) for words in WORDS.values())


@every_format
async def test_a_reply_that_reached_its_limit_is_complete_and_says_so(stand_in: Provider, kind: type[Format]) -> None:
    stand_in.answers(Answer(kind().answer("The moon", reason=kind.length)))
    events = await ask(kind.name)
    assert (text_of(events), end_of(events).reason) == ("The moon", "length")
    assert end_of(events).provider_reason == kind.length
    assert end_of(events).failure is None


@pytest.mark.parametrize("word", ["content_filter", "tool_calls", "a word of its own"])
async def test_a_text_that_ends_for_another_reason_is_complete(stand_in: Provider, word: str) -> None:
    stand_in.answers(Answer(Chat().answer("The moon", reason=word)))
    end = end_of(await ask(Chat.name))
    assert (end.reason, end.provider_reason, end.failure) == (finish_reason(word), word, None)


@pytest.mark.parametrize("word", ["insufficient_system_resource", "network_error", "error"])
async def test_a_provider_that_ends_with_an_error_fails_the_reply_and_its_text_stays(
    stand_in: Provider, word: str
) -> None:
    events: list[Event] = []
    stand_in.answers(Answer(Chat().answer("The moon", reason=word)))
    with pytest.raises(ProviderFailed, match="Regenerate"):
        await ask(Chat.name, into=events)
    assert events == [Text("The moon"), Finished(FinishReason.ERROR, 11, 7, "stand-in-1", word)]
    assert len(stand_in.calls) == 1


async def test_an_error_without_text_is_retried(stand_in: Provider) -> None:
    waits = Waits()
    stand_in.answers(Answer(Chat().answer(reason="insufficient_system_resource")), Answer(Chat().answer("The moon.")))
    assert text_of(await ask(Chat.name, waits=waits)) == "The moon."
    assert waits.seconds == [0.5]


EMPTY = {
    "stop": "without a word",
    "length": "length limit",
    "content_filter": "Rephrase",
    "tool_calls": "no tools",
    "a word of its own": "without a word",
}


@pytest.mark.parametrize("text", [(), ("",), (" \n",)], ids=repr)
@pytest.mark.parametrize(("word", "sentence"), EMPTY.items())
async def test_a_reply_without_a_word_fails_with_a_sentence(
    stand_in: Provider, text: tuple[str, ...], word: str, sentence: str
) -> None:
    events: list[Event] = []
    stand_in.answers(Answer(Chat().answer(*text, reason=word)))
    with pytest.raises(ProviderFailed, match=sentence):
        await ask(Chat.name, into=events)
    assert (end_of(events).reason, end_of(events).provider_reason) == (finish_reason(word), word)
    assert len(stand_in.calls) == 1


async def test_a_reply_of_nothing_but_reasoning_fails_and_keeps_it(stand_in: Provider) -> None:
    events: list[Event] = []
    stand_in.answers(Answer(Chat().think("The moon?"), Chat().answer(reason="length")))
    with pytest.raises(ProviderFailed, match="length limit"):
        await ask(Chat.name, into=events)
    assert events[0] == Reasoning("The moon?")


async def test_the_rest_of_a_reply_may_be_empty(stand_in: Provider) -> None:
    stand_in.answers(Answer(Chat().answer()))
    assert end_of(await ask(Chat.name, text="The moon")).failure is None


async def test_tool_calls_are_left_out(stand_in: Provider) -> None:
    call = {"index": 0, "id": "1", "type": "function", "function": {"name": "search", "arguments": "{}"}}
    asked = event(Chat()._chunk({"tool_calls": [call]}))  # type: ignore[dict-item]
    stand_in.answers(Answer(Chat().say("Let me see."), asked, Chat().answer(reason="tool_calls")))
    events = await ask(Chat.name)
    assert (text_of(events), end_of(events).reason) == ("Let me see.", "tool_calls")


async def test_tool_calls_of_anthropic_and_gemini_are_left_out(stand_in: Provider) -> None:
    format = Anthropic()
    call = format._event(
        "content_block_start", index=2, content_block={"type": "tool_use", "id": "1", "name": "search", "input": {}}
    ) + format._event("content_block_delta", index=2, delta={"type": "input_json_delta", "partial_json": "{"})
    stand_in.answers(Answer(format.begin(), format.say("Well."), call, format.end("tool_use"), format.close()))
    assert end_of(await ask(Anthropic.name)).reason == "tool_calls"
    part = {"functionCall": {"name": "search", "args": {}}}
    stand_in.answers(Answer(Gemini().say("Well."), event(Gemini()._chunk([part])), Gemini().answer()))
    assert text_of(await ask(Gemini.name)) == "Well."


async def test_a_prompt_that_gemini_blocks_is_filtered(stand_in: Provider) -> None:
    stand_in.answers(Answer(event({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})))
    events: list[Event] = []
    with pytest.raises(ProviderFailed, match="Rephrase"):
        await ask(Gemini.name, into=events)
    assert (end_of(events).reason, end_of(events).provider_reason) == ("content_filter", "PROHIBITED_CONTENT")


async def test_a_response_that_fails_in_the_stream_of_responses_is_an_error(stand_in: Provider) -> None:
    response = Responses()._response("failed") | {"error": {"code": "server_error", "message": "secret"}}
    stand_in.answers(Answer(Responses().begin(), Responses()._event("response.failed", response=response)))
    with pytest.raises(ProviderFailed, match=r"has a problem \(HTTP 500\)"):
        await ask(Responses.name)


async def test_an_error_after_the_end_fails_nothing(stand_in: Provider) -> None:
    late = event({"error": {"code": "server_error", "message": "secret"}})
    stand_in.answers(Answer(Chat().say("The moon."), Chat().end("stop"), late))
    events = await ask(Chat.name)
    assert (text_of(events), end_of(events).reason) == ("The moon.", "stop")


# Answers that are no stream


@every_format
@pytest.mark.parametrize("padding", [b"", b" \n\n ", b"\xef\xbb\xbf"], ids=["", "white space", "byte order mark"])
async def test_a_json_answer_is_taken_as_the_answer(stand_in: Provider, kind: type[Format], padding: bytes) -> None:
    whole = kind().whole("The moon.", kind.stop, kind().usage(11, 7))
    stand_in.answers(Answer(padding, json.dumps(whole).encode(), content_type="application/json"))
    events = await ask(kind.name)
    assert (text_of(events), end_of(events).reason) == ("The moon.", "stop")
    assert (end_of(events).input_tokens, end_of(events).output_tokens, end_of(events).model) == (11, 7, "stand-in-1")
    assert len(stand_in.calls) == 1


@every_format
async def test_a_json_answer_that_reached_its_limit_says_so(stand_in: Provider, kind: type[Format]) -> None:
    whole = kind().whole("The moon", kind.length, kind().usage(5.5, -1))
    stand_in.answers(Answer(json.dumps(whole).encode(), content_type="application/json"))
    end = end_of(await ask(kind.name))
    assert (end.reason, end.input_tokens, end.output_tokens) == ("length", None, None)


async def test_a_json_answer_has_its_reasoning_apart(stand_in: Provider) -> None:
    whole = Chat().whole("The moon.", "stop", None)
    whole["choices"][0]["message"]["reasoning_content"] = "Hm."
    stand_in.answers(Answer(json.dumps(whole).encode()))
    events = await ask(Chat.name)
    assert (text_of(events), reasoning_of(events)) == ("The moon.", "Hm.")


async def test_a_json_error_in_a_good_response_is_an_error(stand_in: Provider) -> None:
    error = json.dumps({"error": {"code": "rate_limit_exceeded", "message": "slow down"}}).encode()
    stand_in.answers(Answer(error, content_type="application/json"), Answer(Chat().answer("The moon.")))
    waits = Waits()
    assert text_of(await ask(Chat.name, waits=waits)) == "The moon."
    assert waits.seconds == [0.5]


@pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b"", b"{", b"[1, 2]", b"null", b'{"detail": "no"}'])
async def test_an_answer_that_is_neither_fails_the_reply(stand_in: Provider, body: bytes) -> None:
    stand_in.answers(Answer(body, content_type="application/json"))
    with pytest.raises(ProviderFailed):
        await ask(Chat.name)
