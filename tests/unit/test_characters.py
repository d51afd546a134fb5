"""What counts as invisible, and which characters a line may not have."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import inputs
from api.characters import INVISIBLE, control_in, direction_in, is_blank, without_disturbing
from api.errors import BadUserInput

VISIBLE_FORMATS = {0x600, 0x601, 0x602, 0x603, 0x604, 0x605, 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
"""Marks around Arabic, Syriac and Kaithi numbers, which Unicode counts among the format characters."""

BLANK = [
    *("", " ", "\t\n\r", "\u200b", "\u200b\u200c\u200d\u2060\ufeff", "\xad", "\u2800\u2800", "\u3164", "\u115f\u1160"),
    *(
        "\uffa0",
        "\u034f",
        "\ufe0f",
        "\U000e0020\U000e007f",
        "\u202e\u202c",
        "\u2066\u2069",
        "\x00\x1b\x7f\x85",
        "\u180e",
    ),
]

SHOWN = ["a", ".", "\u200ba", "❤️", "👨‍👩‍👧", "1️⃣", "🇩🇪", "ـ", "\u0301", "می‌خواهم", "\ue000", "\ufffd"]


@pytest.mark.parametrize("text", BLANK, ids=ascii)
def test_a_text_without_anything_to_see_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", SHOWN, ids=ascii)
def test_a_text_with_something_to_see_is_not(text: str) -> None:
    assert not is_blank(text)


def test_all_that_unicode_says_is_a_space_a_control_or_a_format_is_invisible() -> None:
    everything = map(chr, range(0x110000))
    unseen = [one for one in everything if unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp", "Zs")]
    matched = re.compile(f"[{INVISIBLE}]")
    assert {ord(one) for one in unseen if not matched.match(one)} == VISIBLE_FORMATS


@given(st.text())
def test_what_is_left_without_disturbing_characters_is_a_line(text: str) -> None:
    left = without_disturbing(text)
    assert control_in(left) is direction_in(left) is None
    assert is_blank(left) == is_blank(text)


@given(st.text())
def test_a_line_that_is_accepted_is_accepted_again_as_it_is_stored(text: str) -> None:
    for check in (inputs.title, inputs.name):
        try:
            stored = check(text)
        except BadUserInput:
            continue
        assert check(stored) == stored
        assert not is_blank(stored)


LOCAL = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("ẞßſİıΣςÅﬁé\u0301"), min_size=1, max_size=9
)


@given(LOCAL)
def test_an_address_is_compared_with_itself_however_it_is_written(local: str) -> None:
    try:
        stored = inputs.email_address(f"{local}@example.com")
    except BadUserInput:
        return
    assert inputs.email_address(stored) == stored
    assert inputs.given_email_address(stored) == stored
    for form in ("NFC", "NFD"):
        assert inputs.given_email_address(unicodedata.normalize(form, f" {local}@Example.COM ")) == stored


@pytest.mark.parametrize(
    ("one", "other"),
    [("straße", "strasse"), ("ﬁsh", "fish"), ("ſam", "sam"), ("ann\u0131", "anni"), ("ångström", "angstrom")],  # noqa: RUF001
)
def test_addresses_of_different_mailboxes_are_different(one: str, other: str) -> None:
    assert inputs.email_address(f"{one}@example.com") != inputs.email_address(f"{other}@example.com")


@pytest.mark.parametrize(
    ("one", "other"), [("STRAẞE", "straße"), ("JOSÉ", "jose\u0301"), ("ann", " Ann"), ("Å", "a\u030a")]
)
def test_one_address_in_two_spellings_is_one(one: str, other: str) -> None:
    assert inputs.email_address(f"{one}@example.com") == inputs.email_address(f"{other}@example.com")
