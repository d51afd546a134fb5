"""A request that failed is repeated: when the provider says so, or else soon, and as long as nothing was shown."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from api.replies.errors import ProviderFailed
from api.replies.failures import retry_after
from api.replies.reply_model import MOST_RETRIES, RETRY_WAITS_SECONDS, Event, ReplyModel, Text, Waiting
from tests.integration.replies.asking import QUESTION, Waits, ask, text_of
from tests.integration.replies.formats import FORMATS, Chat, Format, Gemini, event
from tests.integration.replies.provider import Answer, Provider, in_json

GOOD = Answer(Chat().answer("The moon."))


def refusal(status: int = 429, code: str = "scripted", **headers: str) -> Answer:
    return in_json({"error": {"message": "what only the operator may read", "code": code}}, status=status, **headers)


def shown(events: list[Event]) -> list[int]:
    """The waits that were shown, in seconds."""
    return [event.seconds for event in events if isinstance(event, Waiting)]


async def test_the_time_that_the_provider_asks_for_is_waited_and_counted_down(stand_in: Provider) -> None:
    stand_in.answers(refusal(retry_after="4"), GOOD)
    waits = Waits()
    events = await ask(Chat.name, waits=waits)
    assert text_of(events) == "The moon."
    assert sum(waits.seconds) == pytest.approx(4.2), "and a little more, so that not all return at once"
    assert shown(events) == [4, 3, 2, 1, 0]


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
async def test_every_transient_status_is_retried(stand_in: Provider, status: int) -> None:
    stand_in.answers(refusal(status), GOOD)
    waits = Waits()
    assert text_of(await ask(Chat.name, waits=waits)) == "The moon."
    assert waits.seconds == [RETRY_WAITS_SECONDS[0]]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422])
async def test_no_other_status_is_retried(stand_in: Provider, status: int) -> None:
    stand_in.answers(refusal(status, retry_after="1"), GOOD)
    with pytest.raises(ProviderFailed):
        await ask(Chat.name)
    assert len(stand_in.calls) == 1


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("status", [408, 409, 429, 503])
async def test_every_client_library_says_how_long_to_wait(stand_in: Provider, kind: type[Format], status: int) -> None:
    stand_in.answers(refusal(status, retry_after="3"), Answer(kind().answer("The moon.")))
    waits = Waits()
    assert text_of(await ask(kind.name, waits=waits)) == "The moon."
    assert sum(waits.seconds) == pytest.approx(3.15)


async def test_the_wait_of_gemini_is_read_from_its_error(stand_in: Provider) -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}]
    error = {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "slow down", "details": details}
    stand_in.answers(in_json({"error": error}, status=429), Answer(Gemini().answer("The moon.")))
    waits = Waits()
    assert text_of(await ask(Gemini.name, waits=waits)) == "The moon."
    assert sum(waits.seconds) == pytest.approx(7.35)


async def test_a_date_is_waited_for(stand_in: Provider) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    stand_in.answers(refusal(retry_after=date), GOOD)
    waits = Waits()
    await ask(Chat.name, waits=waits)
    assert 10 < sum(waits.seconds) <= 21


@pytest.mark.parametrize(
    "value", ["0", "-5", "soon", "nan", "inf", "Mon, 01 Jan 2001 00:00:00 GMT", "", "1e400"], ids=repr
)
async def test_a_time_that_means_nothing_is_not_waited_for(stand_in: Provider, value: str) -> None:
    stand_in.answers(refusal(retry_after=value), GOOD)
    waits = Waits()
    assert text_of(await ask(Chat.name, waits=waits)) == "The moon."
    assert waits.seconds == [RETRY_WAITS_SECONDS[0]]


async def test_a_fraction_of_a_second_and_milliseconds_are_understood(stand_in: Provider) -> None:
    stand_in.answers(refusal(retry_after="1.5"), refusal(retry_after_ms="250"), GOOD)
    waits = Waits()
    await ask(Chat.name, waits=waits)
    assert sum(waits.seconds) == pytest.approx((1.5 + 0.25) * 1.05)


@pytest.mark.parametrize(
    ("seconds", "sentence"),
    [
        (31, "in 31 seconds"),
        (121, "in 3 minutes"),
        (7_201, "in 3 hours"),
        (86_401, "after more than a day"),
        (10**12, "after more than a day"),
    ],
    ids=str,
)
async def test_beyond_the_time_out_the_reply_fails_at_once_with_the_time(
    stand_in: Provider, seconds: int, sentence: str
) -> None:
    stand_in.answers(refusal(retry_after=str(seconds)), GOOD)
    waits = Waits()
    with pytest.raises(ProviderFailed, match=sentence):
        await ask(Chat.name, waits=waits, timeout_seconds=30)
    assert (waits.seconds, len(stand_in.calls)) == ([], 1)


async def test_a_provider_that_always_asks_to_wait_is_not_asked_for_ever(stand_in: Provider) -> None:
    stand_in.answers(refusal(retry_after="1"))
    with pytest.raises(ProviderFailed, match="in a second"):
        await ask(Chat.name)
    assert len(stand_in.calls) == 1 + MOST_RETRIES


async def test_an_exhausted_quota_is_not_waited_for(stand_in: Provider) -> None:
    stand_in.answers(refusal(429, "insufficient_quota", retry_after="1"), GOOD)
    with pytest.raises(ProviderFailed, match="used up"):
        await ask(Chat.name)
    assert len(stand_in.calls) == 1


async def test_a_persistent_conflict_has_a_sentence(stand_in: Provider) -> None:
    stand_in.answers(refusal(409))
    with pytest.raises(ProviderFailed, match=r"has a problem \(HTTP 409\). Regenerate the reply in a minute"):
        await ask(Chat.name)


async def test_nothing_is_repeated_once_something_was_shown(stand_in: Provider) -> None:
    late = event({"error": {"code": "rate_limit_exceeded", "message": "slow down"}})
    stand_in.answers(Answer(Chat().say("The"), late), GOOD)
    events: list[Event] = []
    with pytest.raises(ProviderFailed):
        await ask(Chat.name, into=events)
    assert (events, len(stand_in.calls)) == ([Text("The")], 1)


async def test_waits_of_our_own_vary(stand_in: Provider) -> None:
    stand_in.answers(refusal())
    waits = set()
    for chance in (0.0, 0.999):
        slept = Waits()
        model = ReplyModel.from_name(Chat.name, timeout_seconds=30, sleep=slept, chance=lambda: chance)  # noqa: B023
        async with model:
            with pytest.raises(ProviderFailed):
                [event async for event in model.reply_to([QUESTION])]
        waits.add(round(sum(slept.seconds), 1))
    assert waits == {1.2, 3.7}


def test_an_error_that_is_not_of_a_provider_asks_for_nothing() -> None:
    assert retry_after(ValueError()) is None
