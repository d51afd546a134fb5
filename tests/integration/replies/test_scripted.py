"""The scripted model: what it writes, how fast, and how it fails on purpose."""

import asyncio
import re
from contextlib import aclosing

import pytest
from pydantic_ai.direct import model_request
from pydantic_ai.messages import ModelRequest

from api.chats.finish_reasons import FinishReason
from api.replies.errors import ModelTimeout, ProviderFailed
from api.replies.prose import CLOSINGS, LONGEST, SHORTEST, markdown, reasoning
from api.replies.providers import find_model
from api.replies.reply_model import Event, Finished, Reasoning, ReplyModel, Text, Turn
from api.replies.scripted import Clock, Script, ScriptedModel

QUESTION = "How do I plan a small garden?"


class FakeClock:
    """Its time passes only while something sleeps, and then by `late` more."""

    def __init__(self, late: float = 0.0) -> None:
        self.seconds = 0.0
        self.sleeps: list[float] = []
        self._late = late

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.seconds += seconds + (self._late if seconds else 0)


def scripted(script: Script, clock: FakeClock | None = None, timeout_seconds: float = 30.0) -> ReplyModel:
    clock = clock or FakeClock()
    return ReplyModel("scripted", ScriptedModel(script, Clock(clock.now, clock.sleep)), timeout_seconds=timeout_seconds)


async def written(model: ReplyModel, into: list[Event] | None = None, question: str = QUESTION) -> list[Event]:
    events = [] if into is None else into
    async with aclosing(model.reply_to([Turn("user", question)])) as reply:
        async for event in reply:
            events.append(event)
    return events


def text_of(events: list[Event]) -> str:
    return "".join(event.delta for event in events if isinstance(event, Text))


# What it writes


def test_a_text_has_exactly_the_requested_length() -> None:
    for chars in [*range(2_000), 15_000, 200_000]:
        assert sum(map(len, markdown(QUESTION, chars))) == chars


def test_a_text_ends_in_a_whole_sentence() -> None:
    for chars in range(SHORTEST, 2_000):
        assert "".join(markdown(QUESTION, chars)).endswith(CLOSINGS)


def test_the_closing_sentences_add_up_to_every_length() -> None:
    assert sorted(map(len, CLOSINGS)) == list(range(SHORTEST, LONGEST + 1))
    assert LONGEST >= 2 * SHORTEST, "between one long sentence and two short ones there would be a gap"


async def test_the_same_question_gets_the_same_answer_and_another_one_another() -> None:
    model = scripted(Script())
    assert await written(model) == await written(model)
    assert text_of(await written(model)) != text_of(await written(model, question="How do I plan a large garden?"))


@pytest.mark.parametrize(
    ("question", "quoted"),
    [
        (QUESTION, QUESTION),
        ("  two\n\nlines ", "two lines"),
        ("word " * 100, "word " * 16 + "…"),
        ("字" * 100, "字" * 80 + " …"),
    ],
)
def test_the_first_line_refers_to_the_question(question: str, quoted: str) -> None:
    assert next(markdown(question, 15_000)).startswith(f"You asked: “{quoted}”")


def test_fifteen_thousand_characters_contain_all_that_a_page_must_show() -> None:
    text = "".join(markdown(QUESTION, 15_000))
    for kind in (r"^## \w", r"^- \*\*", r"^5\. ", r"^\| --- \|", r"^> ", r"^```\w+$", "🙂", "é"):
        assert re.search(kind, text, re.MULTILINE), kind
    sentences = re.findall(r"[A-Z][^.|`\n]{40,}\.", text)
    assert len(set(sentences)) > 0.85 * len(sentences), "it repeats itself"


def test_every_code_block_is_closed_at_any_length() -> None:
    for chars in range(2_000, 6_000, 7):
        assert "".join(markdown(QUESTION, chars)).count("```") % 2 == 0


async def test_it_reports_its_finish_reason_and_tokens() -> None:
    *words, last = await written(scripted(Script()))
    assert last == Finished(FinishReason.STOP, 8, len(words), "scripted", "stop")


async def test_reasoning_comes_first_and_has_its_own_length() -> None:
    events = await written(scripted(Script(chars=500, think=200)))
    thoughts = [event.delta for event in events if isinstance(event, Reasoning)]
    assert "".join(thoughts) == reasoning(QUESTION, 200)
    assert all(isinstance(event, Reasoning) for event in events[: len(thoughts)])
    assert len(text_of(events)) == 500


async def test_without_the_option_it_does_not_reason() -> None:
    assert not any(isinstance(event, Reasoning) for event in await written(scripted(Script())))


async def test_pydantic_ai_uses_it_like_any_other_model() -> None:
    prompt = [ModelRequest.user_text_prompt(QUESTION)]
    response = await model_request(ScriptedModel(Script(rate=0)), prompt)
    assert response.text == "".join(markdown(QUESTION, 15_000))


# How fast


async def test_it_keeps_to_its_rate() -> None:
    clock = FakeClock()
    await written(scripted(Script(chars=3_000, rate=300), clock))
    assert clock.seconds == pytest.approx(10.0)


async def test_delays_do_not_add_up() -> None:
    clock = FakeClock(late=0.02)
    await written(scripted(Script(chars=3_000, rate=300), clock))
    assert clock.seconds == pytest.approx(10.0, abs=0.05)


async def test_at_rate_zero_it_lets_other_tasks_run_at_every_token() -> None:
    clock = FakeClock()
    events = await written(scripted(Script(rate=0), clock))
    assert clock.seconds == 0
    assert len(clock.sleeps) == len(events) - 1


async def test_it_writes_token_by_token() -> None:
    pieces = [event.delta for event in await written(scripted(Script())) if isinstance(event, Text)]
    assert max(map(len, pieces)) <= 8
    assert 3 <= 15_000 / len(pieces) <= 5


# How it fails


@pytest.mark.parametrize("chars", [0, 1, 777, 15_000])
async def test_it_fails_where_it_is_scripted_to(chars: int) -> None:
    events: list[Event] = []
    with pytest.raises(ProviderFailed, match="before the reply was complete"):
        await written(scripted(Script(fail_at=chars)), events)
    assert text_of(events) == "".join(markdown(QUESTION, 15_000))[:chars]


@pytest.mark.parametrize("chars", [0, 777, 15_000])
async def test_it_falls_silent_where_it_is_scripted_to(chars: int) -> None:
    events: list[Event] = []
    with pytest.raises(ModelTimeout):
        await written(scripted(Script(stall_at=chars), timeout_seconds=0.1), events)
    assert text_of(events) == "".join(markdown(QUESTION, 15_000))[:chars]


async def test_it_reaches_its_limit_where_it_is_scripted_to() -> None:
    events = await written(scripted(Script(length_at=777)))
    assert text_of(events) == "".join(markdown(QUESTION, 15_000))[:777]
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == "length"


@pytest.mark.parametrize("script", [Script(fail_at=15_001), Script(stall_at=15_001), Script(length_at=15_001)])
async def test_a_failure_scripted_after_its_end_does_not_happen(script: Script) -> None:
    assert isinstance((await written(scripted(script)))[-1], Finished)


async def test_its_silence_can_be_cancelled() -> None:
    reply = asyncio.create_task(written(scripted(Script(stall_at=0))))
    await asyncio.sleep(0)
    reply.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reply


def test_options_are_read_from_the_name() -> None:
    options = "chars=15&rate=30&think=7&fail_at=4&stall_at=5&length_at=6"
    assert Script.from_options(options) == Script(chars=15, rate=30, think=7, fail_at=4, stall_at=5, length_at=6)
    assert Script.from_options("") == Script(chars=15_000, rate=300, think=0, fail_at=None, stall_at=None)
    assert isinstance(find_model(f"scripted?{options}").model, ScriptedModel)
