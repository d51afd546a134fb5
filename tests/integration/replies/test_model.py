"""A reply through the real OpenAI client, from a provider that answers, fails and falls silent by a script."""

import asyncio
import socket
from contextlib import aclosing
from typing import Any

import pytest

from api.chats.finish_reasons import FinishReason
from api.replies.errors import ModelTimeout, ProviderFailed
from api.replies.reply_model import RETRY_WAITS_SECONDS, Event, Finished, Reasoning, ReplyModel, Text, Waiting
from api.streaming.errors import ProducerError
from tests.integration.replies.asking import QUESTION, Waits, text_of
from tests.integration.replies.asking import ask as ask_model
from tests.support.provider import (
    SECRET,
    Complain,
    Decline,
    Drop,
    Finish,
    Provider,
    Refuse,
    Say,
    Stall,
    Step,
    Think,
)

CHAT, RESPONSES = "openai:loopback", "openai-responses:loopback"
LONG_SECONDS = 30.0
SHORT_SECONDS = 0.2


def finished(reason: str, name: str, said: str | None = None, usage: tuple[int, int] | None = (11, 7)) -> Finished:
    """The end of a reply; without `said`, for the reason that the provider says by default."""
    said = said or {CHAT: "stop", RESPONSES: "completed"}[name]
    asked, written = usage or (None, None)
    return Finished(FinishReason(reason), asked, written, "loopback-1", said)


async def ask(name: str = CHAT, **options: Any) -> list[Event]:
    return await ask_model(name, **options)


either_dialect = pytest.mark.parametrize("name", [CHAT, RESPONSES])


# A reply that goes well


@either_dialect
async def test_a_whole_reply_arrives_from_its_first_word_to_its_usage(provider: Provider, name: str) -> None:
    provider.answers(Say("The moon"), Say(" pulls."), Finish(usage=(11, 7)))
    assert await ask(name) == [Text("The moon"), Text(" pulls."), finished("stop", name)]


@either_dialect
async def test_reasoning_arrives_apart_from_the_text(provider: Provider, name: str) -> None:
    provider.answers(Think("Moon,"), Think(" then sun."), Say("The moon."), Finish())
    assert (await ask(name))[:-1] == [Reasoning("Moon,"), Reasoning(" then sun."), Text("The moon.")]


async def test_text_that_reasoning_interrupts_goes_on_in_a_new_paragraph(provider: Provider) -> None:
    provider.answers(Think("First."), Say("One."), Think("Then."), Say("Two"), Say("."), Finish())
    events = await ask()
    assert "".join(event.delta for event in events if isinstance(event, Text)) == "One.\n\nTwo."
    assert "".join(event.delta for event in events if isinstance(event, Reasoning)) == "First.\n\nThen."


@pytest.mark.parametrize(
    ("name", "said", "means"),
    [
        (CHAT, "length", "length"),
        (CHAT, "content_filter", "content_filter"),
        (CHAT, "a_word_of_their_own", "other"),
        (RESPONSES, "max_output_tokens", "length"),
        (RESPONSES, "content_filter", "content_filter"),
    ],
)
async def test_the_finish_reason_is_passed_on(provider: Provider, name: str, said: str, means: str) -> None:
    provider.answers(Say("The moon"), Finish(said))
    assert (await ask(name))[-1] == finished(means, name, said)


@either_dialect
async def test_a_provider_that_counts_nothing_leaves_the_usage_unknown(provider: Provider, name: str) -> None:
    provider.answers(Say("The moon."), Finish(usage=None))
    assert (await ask(name))[-1] == finished("stop", name, usage=None)


@either_dialect
async def test_a_refusal_becomes_the_text_of_the_reply(provider: Provider, name: str) -> None:
    provider.answers(Decline("I'd rather"), Decline(" not."), Finish())
    assert await ask(name) == [Text("I'd rather not."), finished("content_filter", name)]


# A reply that goes wrong


@either_dialect
@pytest.mark.parametrize("end", [Drop(), Drop(politely=True), Complain()])
async def test_an_incomplete_stream_is_a_failure_and_keeps_its_text(provider: Provider, name: str, end: Step) -> None:
    provider.answers(Say("The moon"), end)
    events: list[Event] = []
    with pytest.raises(ProviderFailed, match="before the reply was complete"):
        await ask(name, into=events)
    assert events == [Text("The moon")]


@either_dialect
@pytest.mark.parametrize("said", [[], [Think("Moon")], [Say("The moon")]])
async def test_a_silent_provider_times_out_and_its_request_is_closed(
    provider: Provider, name: str, said: list[Step]
) -> None:
    provider.answers(*said, Stall())
    with pytest.raises(ModelTimeout, match=r"sent nothing for 0\.2 seconds"):
        await ask(name, timeout_seconds=SHORT_SECONDS)
    await provider.deserted()
    assert len(provider.calls) <= 1, "silence is not to be tried again"


async def test_a_silence_within_the_limit_is_tolerated(provider: Provider) -> None:
    over = asyncio.Event()
    provider.answers(Say("The"), Stall(until=over), Say(" moon."), Finish())
    reply = asyncio.create_task(ask())
    await (await provider.call(1)).stalled.wait()
    assert not reply.done()
    over.set()
    assert (await reply)[:-1] == [Text("The"), Text(" moon.")]


@pytest.mark.parametrize("refusal", [Refuse(429), Refuse(500), Refuse(503), Drop()])
async def test_a_transient_failure_before_the_first_token_is_retried(provider: Provider, refusal: Step) -> None:
    provider.answers(refusal)
    provider.answers(Say("The moon."), Finish())
    waits = Waits()
    assert text_of(await ask(waits=waits)) == "The moon."
    assert waits.seconds == [RETRY_WAITS_SECONDS[0]]


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (Refuse(429), "is overloaded"),
        (Refuse(500), r"has a problem \(HTTP 500\)"),
        (Refuse(503), r"has a problem \(HTTP 503\)"),
        (Drop(), "before the reply was complete"),
    ],
)
async def test_a_failure_that_persists_fails_the_reply_after_two_retries(
    provider: Provider, refusal: Step, sentence: str
) -> None:
    provider.answers(refusal)
    events: list[Event] = []
    with pytest.raises(ProviderFailed, match=sentence):
        await ask(into=events)
    assert [event.seconds for event in events if isinstance(event, Waiting)] == [1, 0, 2, 1, 0]
    assert len(provider.calls) == 1 + len(RETRY_WAITS_SECONDS)


@pytest.mark.parametrize("said", [Think("Moon"), Say("The moon")])
@pytest.mark.parametrize("end", [Drop(), Complain("rate_limit_exceeded"), Complain("server_error")])
async def test_nothing_is_retried_after_the_first_token(provider: Provider, said: Step, end: Step) -> None:
    provider.answers(said, end)
    with pytest.raises(ProviderFailed):
        await ask()
    assert len(provider.calls) == 1


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (Refuse(429, {"retry-after": "40"}), "in 40 seconds"),
        (Refuse(429, code="insufficient_quota"), "used up"),
        (Refuse(401), "rejects the server's API key"),
        (Refuse(404), "does not have this model"),
        (Refuse(400), "Rephrase the message"),
        (Refuse(400, code="context_length_exceeded"), "new chat"),
    ],
)
async def test_a_permanent_failure_is_reported_at_once(provider: Provider, refusal: Step, sentence: str) -> None:
    provider.answers(refusal)
    with pytest.raises(ProviderFailed, match=sentence):
        await ask()
    assert len(provider.calls) == 1


async def test_a_provider_that_cannot_be_reached_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
        with pytest.raises(ProviderFailed, match="cannot be reached"):
            await ask()


@pytest.mark.parametrize("script", [Refuse(429), Refuse(401), Refuse(400), Refuse(500), Complain(), Drop()])
async def test_the_error_in_the_chat_contains_nothing_confidential(provider: Provider, script: Step) -> None:
    provider.answers(script)
    with pytest.raises(ProducerError) as failure:
        await ask()
    sentence = str(failure.value)
    assert not any(word in sentence for word in (SECRET, "sk-loopback", provider.base_url, "127.0.0.1"))
    assert sentence.endswith(".")
    assert failure.value.__cause__ is not None, "the log has nothing to go by"


# Leaving


async def test_leaving_after_a_word_closes_the_providers_request(provider: Provider) -> None:
    provider.answers(Say("The moon"), Say(" pulls"), Stall())
    async with ReplyModel.from_name(CHAT, timeout_seconds=LONG_SECONDS) as model:
        async with aclosing(model.reply_to([QUESTION])) as reply:
            assert await anext(reply) == Text("The moon")
        await (await provider.call(1)).left.wait()


@either_dialect
@pytest.mark.parametrize("said", [[], [Say("The moon")]])
async def test_being_cancelled_while_the_provider_is_silent_closes_its_request(
    provider: Provider, name: str, said: list[Step]
) -> None:
    provider.answers(*said, Stall())
    reply = asyncio.create_task(ask(name))
    call = await provider.call(1)
    await call.stalled.wait()
    reply.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reply
    await call.left.wait()


async def test_a_reply_that_is_read_to_its_end_leaves_its_connection_to_the_next(provider: Provider) -> None:
    provider.answers(Say("The moon."), Finish())
    async with ReplyModel.from_name(CHAT, timeout_seconds=LONG_SECONDS) as model:
        for _ in range(2):
            async with aclosing(model.reply_to([QUESTION])) as reply:
                assert [event async for event in reply][:-1] == [Text("The moon.")]
        assert provider.connections == 1
    await provider.deserted()
