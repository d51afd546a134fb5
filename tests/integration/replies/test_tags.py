"""Reasoning in tags, however it is split over deltas, and tags that are text."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import SettingsError
from api.replies.errors import ProviderFailed
from api.replies.reply_model import Event, Reasoning, ReplyModel, Text
from api.replies.tags import TagReader
from tests.integration.replies.asking import ask, reasoning_of, text_of
from tests.integration.replies.formats import FORMATS, Chat, Format
from tests.integration.replies.provider import Answer, Provider


def read(*deltas: str, closing_only: bool = False, complete: bool = True) -> tuple[str, str]:
    """The reasoning and the text."""
    reader = TagReader(closing_only=closing_only)
    pieces: list[Event] = [piece for delta in deltas for piece in reader.read(delta)]
    pieces += reader.finish(complete=complete)
    assert all(piece.delta for piece in pieces if isinstance(piece, Text | Reasoning))
    return reasoning_of(pieces), text_of(pieces)


ANSWERS = {
    "tags": ("<think>Moon, sun.</think>Tides.", "Moon, sun.", "Tides."),
    "line breaks": ("<think>\nMoon,\n\nsun.\n</think>\n\nTides.", "Moon,\n\nsun.", "Tides."),
    "white space before": ("\n\n <think>Moon.</think> Tides.", "Moon.", "Tides."),
    "no reasoning": ("<think>\n\n</think>\n\nTides.", "", "Tides."),
    "nothing between the tags": ("<think></think>Tides.", "", "Tides."),
    "a tag opened twice": ("<think><think>Moon.</think>Tides.", "Moon.", "Tides."),
    "an indented answer": ("<think>Moon.</think>\n\n    code", "Moon.", "    code"),
    "tags later": ("<think>Moon.</think>Write <think>like</think> this.", "Moon.", "Write <think>like</think> this."),
    "tags in the answer": ("Write <think>like</think> this.", "", "Write <think>like</think> this."),
    "tags in code": ("```\n<think>x</think>\n```", "", "```\n<think>x</think>\n```"),
    "a longer word": ("<thinking>Moon.</thinking>", "", "<thinking>Moon.</thinking>"),
    "the beginning of a tag": ("<thin", "", "<thin"),
    "a comparison": ("<", "", "<"),
    "only a closing tag": ("Moon.</think>Tides.", "", "Moon.</think>Tides."),
    "white space": (" \n Tides.", "", " \n Tides."),
    "something like a closing tag": ("<think>a </thin b </think>Tides.", "a </thin b", "Tides."),
    "a tag that is not closed": ("<think>Moon, </thi", "Moon, </thi", ""),
    "nothing": ("", "", ""),
}

every_answer = pytest.mark.parametrize(("answer", "reasoning", "text"), ANSWERS.values(), ids=ANSWERS)


@every_answer
def test_tags_are_found_in_one_piece_and_character_by_character(answer: str, reasoning: str, text: str) -> None:
    assert read(answer) == read(*answer) == (reasoning, text)


@every_answer
def test_tags_are_found_wherever_they_are_split(answer: str, reasoning: str, text: str) -> None:
    for middle in range(1, len(answer)):
        for end in range(middle + 1, len(answer) + 1):
            assert read(answer[:middle], answer[middle:end], answer[end:]) == (reasoning, text)


@given(st.sampled_from(list(ANSWERS.values())), st.sets(st.integers(0, 80)))
def test_any_split_gives_the_same(answer: tuple[str, str, str], places: set[int]) -> None:
    whole, reasoning, text = answer
    ends = [0, *sorted(place for place in places if place < len(whole)), len(whole)]
    assert read(*(whole[start:end] for start, end in pairwise(ends))) == (reasoning, text)


@given(st.lists(st.text(st.sampled_from("<think>/ \n"), max_size=8), max_size=8))
def test_reasoning_and_text_are_what_was_sent(deltas: list[str]) -> None:
    whole = "".join(deltas)
    reasoning, text = read(*deltas)
    assert (reasoning, text) == read(whole)
    assert whole.endswith(text)
    assert reasoning in whole
    assert not (reasoning and not whole.lstrip().startswith("<think>"))


CLOSING_ONLY = {
    "the closing tag": ("Moon.\n</think>\n\nTides.", "Moon.", "Tides."),
    "both tags": ("<think>\nMoon.\n</think>\n\nTides.", "Moon.", "Tides."),
    "no reasoning": ("\n\n</think>\n\nTides.", "", "Tides."),
    "tags later": ("Moon.</think>Write <think>like</think> this.", "Moon.", "Write <think>like</think> this."),
}


@pytest.mark.parametrize(("answer", "reasoning", "text"), CLOSING_ONLY.values(), ids=CLOSING_ONLY)
def test_an_answer_that_begins_inside_the_tags(answer: str, reasoning: str, text: str) -> None:
    assert read(answer, closing_only=True) == read(*answer, closing_only=True) == (reasoning, text)


def test_an_answer_that_closes_no_tag_is_text_if_it_is_complete() -> None:
    assert read("Tides ", "come.", closing_only=True) == ("Tides come.", "Tides come.")
    assert read("Moon, ", "sun", closing_only=True, complete=False) == ("Moon, sun", "")


# Through the client libraries


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("size", [1, 2, 7, 100])
async def test_a_provider_splits_the_tags_anywhere(stand_in: Provider, kind: type[Format], size: int) -> None:
    answer = "<think>\nMoon, then sun.\n</think>\n\nWrite `<think>` so."
    pieces = [answer[start : start + size] for start in range(0, len(answer), size)]
    stand_in.answers(Answer(kind().answer(*pieces)))
    events = await ask(kind.name)
    assert (reasoning_of(events), text_of(events)) == ("Moon, then sun.", "Write `<think>` so.")


async def test_a_delta_that_is_the_tag_alone_is_text_later(stand_in: Provider) -> None:
    stand_in.answers(Answer(Chat().answer("Write ", "<think>", "x", "</think>", " so.")))
    events = await ask(Chat.name)
    assert (reasoning_of(events), text_of(events)) == ("", "Write <think>x</think> so.")


async def test_white_space_at_the_start_of_a_text_stays(stand_in: Provider) -> None:
    stand_in.answers(Answer(Chat().answer("\n\n", "Tides.")))
    assert text_of(await ask(Chat.name)) == "\n\nTides."


async def test_the_option_is_for_templates_that_contain_the_opening_tag(stand_in: Provider) -> None:
    stand_in.answers(Answer(Chat().answer("Moon", ".</thi", "nk>\n\nTides.")))
    events = await ask(f"{Chat.name}?think=closed")
    assert (reasoning_of(events), text_of(events)) == ("Moon.", "Tides.")
    assert stand_in.calls[0].body["model"] == "stand-in"


@pytest.mark.parametrize("option", ["think=open", "think", "temperature=1", "think=closed&x=1"])
def test_other_options_are_refused(monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback")
    with pytest.raises(SettingsError, match="Its only option is think=closed"):
        ReplyModel.from_name(f"openai:stand-in?{option}", timeout_seconds=30)


# Reasoning in a field of its own


async def test_reasoning_in_the_middle_of_a_word_does_not_break_it(stand_in: Provider) -> None:
    chat = Chat()
    stand_in.answers(
        Answer(chat.say("The unbeliev"), chat.think("Hm"), chat.say("able moon"), chat.think("m."), chat.answer(" is."))
    )
    events = await ask(chat.name)
    assert text_of(events) == "The unbelievable moon is."


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        ("One.", "Two.", "One.\n\nTwo."),
        ("One. ", "Two.", "One. Two."),
        ("One.", " Two.", "One. Two."),
        ("3.", "5 m", "3.5 m"),
        ("example.", "com", "example.com"),
        ("one,", "Two", "one,Two"),
        ("Mac", "Book", "MacBook"),
    ],
)
async def test_only_a_new_sentence_becomes_a_paragraph(
    stand_in: Provider, before: str, after: str, joined: str
) -> None:
    stand_in.answers(Answer(Chat().say(before), Chat().think("Hm."), Chat().answer(after)))
    assert text_of(await ask(Chat.name)) == joined


async def test_tags_after_reasoning_in_its_field_are_reasoning_too(stand_in: Provider) -> None:
    stand_in.answers(Answer(Chat().think("Hm."), Chat().answer("<think>", "Moon.", "</think>", "Tides.")))
    events = await ask(Chat.name)
    assert (reasoning_of(events), text_of(events)) == ("Hm.Moon.", "Tides.")


async def test_an_answer_of_nothing_but_tags_has_no_word(stand_in: Provider) -> None:
    stand_in.answers(Answer(Chat().answer("<think>Moon.</think>\n\n")))
    with pytest.raises(ProviderFailed, match="without a word"):
        await ask(Chat.name)
