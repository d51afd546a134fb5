"""Characters that people cannot see, or that change how the text around them is shown."""

import re

CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
"""Control characters, and the two other line breaks. They have no place in a text of one line."""

DIRECTIONS = r"\u202a-\u202e\u2066-\u2069"
"""Overrides, embeddings and isolates of Unicode's bidirectional algorithm (https://www.unicode.org/reports/tr9/). With
them, a name or a title reorders what stands beside it, and can look like another one."""

INVISIBLE = (
    rf"\s{CONTROLS}{DIRECTIONS}"
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    r"\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Spaces, those, and what Unicode calls default-ignorable: zero-width spaces, fillers, variation selectors."""

_control = re.compile(f"[{CONTROLS}]")
_direction = re.compile(f"[{DIRECTIONS}]")
_invisible = re.compile(f"[{INVISIBLE}]")
_visible = re.compile(f"[^{INVISIBLE}]")


def utf8_bytes(text: str | bytes) -> int:
    """How many bytes the text has in UTF-8; half a character counts as one."""
    return len(text) if isinstance(text, bytes) or text.isascii() else len(text.encode(errors="replace"))


def is_blank(text: str) -> bool:
    """Whether nothing of the text can be seen."""
    return _visible.search(text) is None


def control_in(text: str) -> str | None:
    """The first control character or line break; None if there is none."""
    return _first(_control, text)


def direction_in(text: str) -> str | None:
    """The first character that changes the direction of the text around it; None if there is none."""
    return _first(_direction, text)


def invisible_in(text: str) -> str | None:
    """The first character that cannot be seen; None if there is none."""
    return _first(_invisible, text)


def without_disturbing(text: str) -> str:
    """The text with a space for each control character, and without changes of direction."""
    return _direction.sub("", _control.sub(" ", text))


def code_point(character: str) -> str:
    """For example U+200B."""
    return f"U+{ord(character):04X}"


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return None if found is None else found[0]
