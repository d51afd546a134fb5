"""A draft takes text at any speed and of any kind; it says when an update is due, and what it is to be."""

from uuid import uuid4

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.chats.models import Message
from api.streaming.columns import Status
from api.streaming.draft import BYTES_PER_SECOND, Draft
from api.streaming.errors import TooLong
from tests.unit.streaming.notes import Clock, Note

CADENCE = 0.35


class Desk:
    """A draft with a clock, and how often it woke its writer."""

    def __init__(self, *, limit: int = 10_000) -> None:
        self.clock = Clock()
        self.woken = 0
        row = Note(id=uuid4(), fence=3)
        self.draft = Draft(row, cadence=CADENCE, limit=limit, now=self.clock(), wake=self._wake)

    def _wake(self) -> None:
        self.woken += 1

    @property
    def due_in(self) -> float:
        return self.draft.due_at() - self.clock()

    def write(self, *deltas: str) -> str:
        """What is written of these, each of them appended by itself."""
        for delta in deltas:
            self.draft.append(delta)
        self.draft.written = True
        return str(self.draft.take(self.clock())["body"])


@pytest.fixture
def desk() -> Desk:
    return Desk()


# When


def test_nothing_is_due_before_something_is_appended(desk: Desk) -> None:
    assert desk.due_in == float("inf")


def test_the_first_update_is_due_at_once(desk: Desk) -> None:
    desk.draft.append("a")
    assert desk.due_in <= 0


def test_the_next_update_is_due_one_cadence_after_the_last(desk: Desk) -> None:
    desk.write("a")
    desk.clock.pass_(0.1)
    desk.draft.append("b")
    assert desk.due_in == pytest.approx(CADENCE - 0.1)


def test_after_a_pause_longer_than_the_cadence_the_next_update_is_due_at_once(desk: Desk) -> None:
    desk.write("a")
    desk.clock.pass_(10)
    desk.draft.append("b")
    assert desk.due_in <= 0


def test_the_tail_is_due_without_another_word(desk: Desk) -> None:
    desk.write("a")
    desk.draft.append("b")
    desk.clock.pass_(CADENCE)
    assert desk.due_in <= 0
    assert desk.write() == "ab"


def test_what_was_taken_is_not_due_again(desk: Desk) -> None:
    desk.write("a")
    desk.clock.pass_(10)
    assert desk.due_in == float("inf")


def test_what_could_not_be_written_is_due_again(desk: Desk) -> None:
    desk.write("a")
    desk.draft.put_back()
    assert desk.due_in == pytest.approx(CADENCE)
    assert desk.write() == "a"


def test_the_last_update_is_due_at_once_even_right_after_another(desk: Desk) -> None:
    desk.write("a")
    desk.draft.end(Status.COMPLETE)
    assert desk.due_in <= 0


def test_a_row_that_never_showed_anything_still_has_its_last_update(desk: Desk) -> None:
    desk.draft.end(Status.COMPLETE)
    assert desk.due_in <= 0
    taken = desk.draft.take(desk.clock())
    assert (taken["body"], taken["status"]) == ("", Status.COMPLETE)


def test_a_long_text_is_due_no_sooner_than_its_bytes_allow() -> None:
    desk = Desk(limit=10**7)
    desk.write("x" * BYTES_PER_SECOND)
    desk.draft.append("y")
    assert desk.due_in == pytest.approx(1, abs=1e-3)
    desk.clock.pass_(1.1)
    desk.write("ü" * (BYTES_PER_SECOND // 2))
    desk.draft.append("y")
    assert desk.due_in == pytest.approx(2, abs=1e-3)


def test_a_short_text_goes_by_the_cadence_alone(desk: Desk) -> None:
    desk.write("x" * 9_000)
    desk.draft.append("y")
    assert desk.due_in == pytest.approx(CADENCE)


def test_the_writer_is_woken_once_for_each_update_however_many_words_it_has(desk: Desk) -> None:
    for _ in range(100):
        desk.draft.append("a")
    assert desk.woken == 1
    desk.write()
    desk.draft.append("b")
    assert desk.woken == 2


# What


def test_pieces_come_out_joined_in_their_order(desk: Desk) -> None:
    assert desk.write("a", "b", "", "c") == "abc"
    assert desk.write("d") == "abcd"


def test_a_last_update_says_how_it_ended(desk: Desk) -> None:
    desk.draft.end(Status.FAILED, "PROVIDER", "It broke off.")
    taken = desk.draft.take(desk.clock())
    assert (taken["status"], taken["error_code"], taken["error_message"]) == (
        Status.FAILED,
        "PROVIDER",
        "It broke off.",
    )


def test_an_update_before_the_last_says_that_it_streams(desk: Desk) -> None:
    desk.draft.append("a")
    taken = desk.draft.take(desk.clock())
    assert (taken["status"], taken["error_code"], taken["fence"]) == (Status.STREAMING, None, 3)


def test_other_columns_come_with_the_next_update_and_all_later_ones(desk: Desk) -> None:
    desk.draft.set(ink="blue")
    assert desk.due_in == float("inf")
    desk.draft.append("a")
    assert desk.draft.take(desk.clock())["ink"] == "blue"
    assert desk.draft.take(desk.clock())["ink"] == "blue"


@pytest.mark.parametrize("name", ["id", "fence", "status", "revision", "body", "colour"])
def test_a_column_that_there_is_not_or_that_is_the_writers_own_is_refused(desk: Desk, name: str) -> None:
    with pytest.raises(TypeError, match=f"`{name}`"):
        desk.draft.set(**{name: 1})


def test_whoever_leaves_before_anything_was_shown_gives_the_row_back(desk: Desk) -> None:
    desk.draft.append("a")
    desk.draft.interrupt()
    assert (desk.draft.to_hand_back, desk.draft.ending) == (True, None)


def test_whoever_leaves_after_that_ends_it_with_its_text(desk: Desk) -> None:
    desk.write("a")
    desk.draft.interrupt()
    taken = desk.draft.take(desk.clock())
    assert (taken["status"], taken["error_code"], taken["body"]) == (Status.FAILED, "INTERRUPTED", "a")
    assert not desk.draft.to_hand_back


def test_whoever_leaves_after_the_end_changes_nothing(desk: Desk) -> None:
    desk.draft.end(Status.COMPLETE)
    desk.draft.interrupt()
    assert desk.draft.take(desk.clock())["status"] == Status.COMPLETE


# Characters


def test_a_nul_becomes_a_replacement_character(desk: Desk) -> None:
    assert desk.write("a\0b") == "a\N{REPLACEMENT CHARACTER}b"


def test_a_character_that_comes_in_two_halves_comes_out_whole(desk: Desk) -> None:
    assert desk.write("a\ud83d", "\ude00b") == "a😀b"


def test_half_a_character_waits_for_the_other_half(desk: Desk) -> None:
    assert desk.write("a\ud83d") == "a"
    assert desk.write("\ude00") == "a😀"


@pytest.mark.parametrize("deltas", [("a\ud83db",), ("a\ud83d", "b"), ("a", "\ude00b"), ("a", "\ude00", "b")])
def test_half_a_character_that_stays_alone_becomes_a_replacement_character(desk: Desk, deltas: tuple[str, ...]) -> None:
    assert desk.write(*deltas) == "a\N{REPLACEMENT CHARACTER}b"


def test_half_a_character_at_the_end_becomes_a_replacement_character(desk: Desk) -> None:
    desk.draft.append("a\ud83d")
    desk.draft.end(Status.COMPLETE)
    assert desk.write() == "a\N{REPLACEMENT CHARACTER}"


pieces = st.lists(st.text(st.characters(exclude_categories=[]), max_size=5), max_size=8)


@given(pieces)
@example(["\ud83d", "", "\ude00"])
@example(["\ud83d", "\ud83d", "\ude00", "\0"])
def test_however_a_text_is_cut_it_comes_out_as_if_it_had_come_whole(deltas: list[str]) -> None:
    whole, cut = Desk(), Desk()
    for desk, parts in ((whole, ["".join(deltas)]), (cut, deltas)):
        for part in parts:
            desk.draft.append(part)
        desk.draft.end(Status.COMPLETE)
    text = cut.write()
    assert text == whole.write()
    assert orjson.loads(orjson.dumps(text)) == text
    assert "\0" not in text


# Limits


def test_a_text_may_be_exactly_as_long_as_its_limit(desk: Desk) -> None:
    assert desk.write("x" * 10_000) == "x" * 10_000


def test_what_outgrows_the_limit_raises_and_what_fitted_stays(desk: Desk) -> None:
    desk.draft.append("x" * 9_998)
    with pytest.raises(TooLong, match="10,000 bytes"):
        desk.draft.append("yyyy")
    assert desk.write() == "x" * 9_998 + "yy"


def test_no_character_is_cut_in_two_at_the_limit(desk: Desk) -> None:
    desk.draft.append("x" * 9_998)
    with pytest.raises(TooLong):
        desk.draft.append("😀")
    assert desk.write() == "x" * 9_998


@given(pieces, st.integers(0, 20))
def test_no_text_ever_outgrows_its_limit(deltas: list[str], limit: int) -> None:
    desk = Desk(limit=limit)
    try:
        for delta in deltas:
            desk.draft.append(delta)
    except TooLong:
        pass
    desk.draft.end(Status.COMPLETE)
    assert len(desk.write().encode()) <= limit


# Several columns


def essay() -> Draft:
    """A draft of two texts."""
    return Draft(Message(id=uuid4(), fence=1), cadence=CADENCE, limit=100, now=0, wake=lambda: None)


def test_each_text_grows_by_itself_and_the_first_named_is_the_usual_one() -> None:
    draft = essay()
    draft.append("thin", to="reasoning")
    draft.append("a")
    draft.append("king", to="reasoning")
    taken = draft.take(0)
    assert (taken["content"], taken["reasoning"]) == ("a", "thinking")


def test_a_text_that_never_came_is_null_but_for_the_first() -> None:
    draft = essay()
    draft.end(Status.COMPLETE)
    taken = draft.take(0)
    assert (taken["content"], taken["reasoning"]) == ("", None)


def test_halves_of_a_character_in_different_texts_are_no_character() -> None:
    draft = essay()
    draft.append("\ud83d", to="reasoning")
    draft.append("\ude00")
    draft.end(Status.COMPLETE)
    taken = draft.take(0)
    assert (taken["content"], taken["reasoning"]) == ("\N{REPLACEMENT CHARACTER}",) * 2
