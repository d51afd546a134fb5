"""What providers send beside the text never fails the text: counts, names and reasons of any kind, in every format."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.chats.finish_reasons import finish_reason
from api.replies.metadata import LONGEST_MODEL, LONGEST_REASON, MOST_TOKENS, count, word
from api.replies.reply_model import Event, ReplyModel
from tests.integration.replies.asking import QUESTION, ask, end_of, text_of
from tests.integration.replies.conftest import serve_every_model
from tests.integration.replies.formats import ABSENT, FORMATS, Anthropic, Chat, Format, Gemini, event
from tests.integration.replies.provider import Answer, Provider

every_format = pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.__name__)


async def usage_of(provider: Provider, kind: type[Format], usage: Any) -> tuple[int | None, int | None]:
    """The tokens of a reply whose provider reports this usage, and whose text is right."""
    provider.answers(Answer(kind().answer("The ", "moon.", usage=usage)))
    events = await ask(kind.name)
    assert (text_of(events), end_of(events).reason) == ("The moon.", "stop")
    return end_of(events).input_tokens, end_of(events).output_tokens


COUNTS = {
    "whole numbers": (12, 12),
    "a whole number as a float": (12.0, 12),
    "the greatest": (MOST_TOKENS, MOST_TOKENS),
    "a fraction": (5.5, None),
    "negative": (-1, None),
    "a text": ("12", None),
    "a truth value": (True, None),
    "beyond 32 bits": (2**31, None),
    "beyond 64 bits": (2**64, None),
    "5,000 digits": (10**4_299, None),
    "infinite": (float("inf"), None),
    "not a number": (float("nan"), None),
    "a list": ([12], None),
    "an object": ({"text": 12}, None),
}


@every_format
@pytest.mark.parametrize(("sent", "kept"), COUNTS.values(), ids=COUNTS)
async def test_a_count_that_cannot_be_trusted_is_null(
    stand_in: Provider, kind: type[Format], sent: Any, kept: int | None
) -> None:
    assert await usage_of(stand_in, kind, kind().usage(sent, 7)) == (kept, 7)


async def test_a_count_that_python_refuses_to_read_is_null(stand_in: Provider) -> None:
    answer = Chat().answer("The ", "moon.", usage=Chat().usage(123456, 7))
    stand_in.answers(Answer(answer.replace(b"123456", b"1" * 5_000)))
    events = await ask(Chat.name)
    assert text_of(events) == "The moon."
    assert (end_of(events).input_tokens, end_of(events).output_tokens) == (None, 7)


@every_format
@pytest.mark.parametrize("usage", [None, "many", 7, [], [{}], {}, {"tokens": 5.5}, True], ids=repr)
async def test_a_usage_that_is_none_leaves_the_tokens_unknown(
    stand_in: Provider, kind: type[Format], usage: Any
) -> None:
    known = (11, 1) if kind is Anthropic else (None, None)  # Anthropic counts the prompt before the answer
    assert await usage_of(stand_in, kind, usage) == known


@every_format
async def test_a_provider_that_reports_zero_twice_does_not_count(stand_in: Provider, kind: type[Format]) -> None:
    assert await usage_of(stand_in, kind, kind().usage(0, 0)) == (None, None)


@every_format
async def test_an_answer_without_a_token_is_counted(stand_in: Provider, kind: type[Format]) -> None:
    assert await usage_of(stand_in, kind, kind().usage(11, 0)) == (11, 0)


@every_format
async def test_running_totals_count_once(stand_in: Provider, kind: type[Format]) -> None:
    format = kind()
    pieces = [format.say(text, usage=format.usage(11, tokens)) for tokens, text in enumerate(("The ", "moon."), 1)]
    last = format.end(format.stop, format.usage(11, 3))
    stand_in.answers(
        Answer(format.begin(), *pieces, last, format.end(format.stop, format.usage(11, 3)), format.close())
    )
    events = await ask(kind.name)
    assert text_of(events) == "The moon."
    assert (end_of(events).input_tokens, end_of(events).output_tokens) == (11, 3)


async def test_the_last_report_counts_even_if_it_is_wrong(stand_in: Provider) -> None:
    pieces = [Chat().say("The ", usage=Chat().usage(11, 1)), Chat().say("moon.", usage=Chat().usage(11, 2.5))]
    stand_in.answers(Answer(*pieces, Chat().end("stop"), Chat().close()))
    assert end_of(await ask(Chat.name)).output_tokens is None


async def test_usage_is_found_where_moonshot_and_groq_put_it(stand_in: Provider) -> None:
    chunk = Chat()._chunk({}, "stop")
    chunk["choices"][0]["usage"] = Chat().usage(11, 7)
    stand_in.answers(Answer(Chat().say("The moon."), event(chunk), Chat().close()))
    assert end_of(await ask(Chat.name)).output_tokens == 7
    chunk = {**Chat()._chunk({}, "stop"), "x_groq": {"usage": Chat().usage(11, 8)}}
    stand_in.answers(Answer(Chat().say("The moon."), event(chunk), Chat().close()))
    assert end_of(await ask(Chat.name)).output_tokens == 8


async def test_tokens_of_a_cache_and_of_thoughts_are_part_of_the_sums(stand_in: Provider) -> None:
    cached = {"input_tokens": 5, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 100, "output_tokens": 7}
    assert await usage_of(stand_in, Anthropic, cached) == (108, 7)
    assert await usage_of(stand_in, Gemini, Gemini().usage(11, 7) | {"thoughtsTokenCount": 30}) == (11, 37)
    sum_too_great = Gemini().usage(11, MOST_TOKENS) | {"thoughtsTokenCount": 1}
    assert await usage_of(stand_in, Gemini, sum_too_great) == (11, None)


NAMES = {
    "a lone surrogate": ("gpt\ud83d-5", "gpt -5"),
    "NUL": ("gpt\0-5", "gpt -5"),
    "line breaks": ("gpt\r\n-5\n", "gpt -5"),
    "5,000 characters": ("x" * 5_000, "x" * LONGEST_MODEL),
    "an emoji": ("gpt 🌙", "gpt 🌙"),
    "empty": ("", None),
    "nothing": (None, None),
    "left out": (ABSENT, None),
    "a number": (5, None),
    "an object": ({"name": "gpt-5"}, None),
}


@every_format
@pytest.mark.parametrize(("sent", "kept"), NAMES.values(), ids=NAMES)
async def test_the_name_of_a_model_is_cleaned(
    stand_in: Provider, kind: type[Format], sent: Any, kept: str | None
) -> None:
    stand_in.answers(Answer(kind(model=sent).answer("The moon.")))
    events = await ask(kind.name)
    assert (text_of(events), end_of(events).model) == ("The moon.", kept)


REASONS = {
    "a lone surrogate": ("sto\ud83dp", "sto p", "other"),
    "NUL": ("stop\0", "stop", "stop"),
    "5,000 characters": ("x" * 5_000, "x" * LONGEST_REASON, "other"),
    "a number": (5, "5", "other"),
    "a list": (["stop"], '["stop"]', "other"),
    "an object": ({"type": "stop"}, '{"type": "stop"}', "other"),
    "a truth value": (True, "true", "other"),
    "capitals": ("STOP", "STOP", "stop"),
}


@every_format
@pytest.mark.parametrize(("sent", "kept", "means"), REASONS.values(), ids=REASONS)
async def test_a_finish_reason_is_cleaned(
    stand_in: Provider, kind: type[Format], sent: Any, kept: str, means: str
) -> None:
    stand_in.answers(Answer(kind().answer("The moon.", reason=sent)))
    events = await ask(kind.name)
    assert text_of(events) == "The moon."
    assert (end_of(events).provider_reason, end_of(events).reason) == (kept, means)


OTHER_FIELDS: dict[str, list[Any]] = {
    "created": ["yesterday", -1, 1e300, None, []],
    "id": [None, 5, {}],
    "object": [None, 5],
    "service_tier": [5, {}],
    "system_fingerprint": [[], 1.5],
    "moderation": ["none", 5],
    "choices": [[], None],
}


@pytest.mark.parametrize(
    ("field", "value"), [(name, value) for name, values in OTHER_FIELDS.items() for value in values]
)
async def test_other_metadata_of_any_kind_is_ignored(stand_in: Provider, field: str, value: Any) -> None:
    def changed(delta: dict[str, str], reason: str | None) -> bytes:
        chunk = Chat()._chunk(delta, reason)
        return event({**chunk, field: value} if field != "choices" else chunk)

    more = [event({**Chat()._chunk({}), field: value})] if field == "choices" else []
    stand_in.answers(Answer(*more, changed({"content": "The moon."}, None), changed({}, "stop"), Chat().close()))
    events = await ask(Chat.name)
    assert (text_of(events), end_of(events).reason) == ("The moon.", "stop")


@pytest.mark.parametrize("field", ["created", "id", "object", "model", "choices"])
async def test_fields_that_are_left_out_are_not_missed(stand_in: Provider, field: str) -> None:
    whole = [Chat()._chunk({"content": "The moon."}), Chat()._chunk({}, "stop")]
    without = [{name: value for name, value in chunk.items() if name != field} for chunk in whole]
    chunks = [*whole, {"usage": Chat().usage(11, 7)}] if field == "choices" else without
    stand_in.answers(Answer(*map(event, chunks), Chat().close()))
    events = await ask(Chat.name)
    assert (text_of(events), end_of(events).reason) == ("The moon.", "stop")


# Anything

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
counts = st.integers(0, 100) | json_values
usages = st.tuples(counts, counts)


@given(st.integers() | st.floats() | json_values)
def test_a_count_is_null_or_an_int_of_graphql(value: Any) -> None:
    assert (found := count(value)) is None or (0 <= found <= MOST_TOKENS and found == value)


@given(json_values, st.integers(1, 300))
def test_a_word_can_be_stored_and_is_on_one_line(value: Any, longest: int) -> None:
    found = word(value, longest)
    assert found is None or (0 < len(found) <= longest and found.encode() and found.splitlines() == [found])
    assert found is None or not re.search(r"[\0-\x1f\x7f]", found)


class Models:
    """The models of all formats, and one provider for them, in an event loop that outlives a test."""

    def __init__(self, runner: asyncio.Runner, provider: Provider) -> None:
        self._runner = runner
        self._provider = provider
        self._models: dict[str, ReplyModel] = {}

    def reply(self, format: Format, *pieces: bytes) -> list[Event]:
        return self._runner.run(self._reply(format, pieces))

    async def _reply(self, format: Format, pieces: tuple[bytes, ...]) -> list[Event]:
        if format.name not in self._models:
            self._models[format.name] = ReplyModel.from_name(format.name, timeout_seconds=30)
        self._provider.choose = lambda call: Answer(*pieces)
        async with aclosing(self._models[format.name].reply_to([QUESTION])) as events:
            return [event async for event in events]

    async def close(self) -> None:
        for model in self._models.values():
            await model.__aexit__(None, None, None)


@pytest.fixture(scope="module")
def models() -> Iterator[Models]:
    with pytest.MonkeyPatch.context() as patch, asyncio.Runner() as runner:
        patch.setenv("NO_PROXY", "127.0.0.1")
        provider = Provider()
        runner.run(provider.__aenter__())
        serve_every_model(provider, patch)
        models = Models(runner, provider)
        yield models
        runner.run(models.close())
        runner.run(provider.__aexit__())


def cut(data: st.DataObject, whole: bytes) -> list[bytes]:
    """The same bytes in pieces that end anywhere, even within a character."""
    places = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1), max_size=8)))
    return [whole[start:end] for start, end in zip([0, *places], [*places, len(whole)], strict=True)]


@every_format
@settings(deadline=None, max_examples=60)
@given(data=st.data(), model=json_values, usage=usages | json_values, reason=json_values)
def test_whatever_the_metadata_text_and_end_are_right(
    models: Models, kind: type[Format], data: st.DataObject, model: Any, usage: Any, reason: Any
) -> None:
    format = kind(model=model)
    if kind is Gemini and not reason:
        reason = "STOP"  # nothing else ends an answer of Gemini
    reported = format.usage(*usage) if isinstance(usage, tuple) else usage
    texts = ("Thé ", "møøn ", "🌙.")
    events = models.reply(format, *cut(data, format.answer(*texts, reason=reason, usage=reported)))
    end = end_of(events)
    assert text_of(events) == "Thé møøn 🌙."
    assert end.failure is None or finish_reason(end.provider_reason) == "error"
    assert end.model is None or end.model.encode()
    if isinstance(usage, tuple):
        asked, written = map(count, usage)
        missing = kind is Anthropic and (usage[0] is None or usage[1] is None)
        if (asked or written) and not missing:
            assert (end.input_tokens, end.output_tokens) == (asked, written)
