"""Passwords that are tried first by anyone who guesses."""

from functools import cache


def is_common(password: str) -> bool:
    """Whether many people use this password, or it repeats a part, like `abcabcabcabc`."""
    folded = password.casefold()
    return folded in _most_used() or repeats(folded)


def repeats(text: str) -> bool:
    """Whether the text is one part of at most half its length, again and again."""
    return text in (text + text)[1:-1]


@cache
def _most_used() -> frozenset[str]:
    # Loaded at the first sign-up: 30,000 words take a tenth of a second.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])
