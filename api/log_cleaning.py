"""What must not stand in a log: keys, values of rows, texts without end, and characters that steer a terminal."""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

from api.characters import CONTROLS, DIRECTIONS

TEXT_CHARACTERS = 1_000
"""Longest value of a log line. A provider's error may quote the whole prompt."""

TRACEBACK_CHARACTERS = 20_000

HIDDEN = "[hidden]"

OURS = ("timestamp", "level")
"""What the processors before this one have made."""

_keys = re.compile(
    r"""
      \b (?:sk|pk|rk|gsk|xai|hf|pplx|r8) [-_] [\w*-]{8,}        # as providers write theirs
    | \b AIza [\w-]{20,}
    | \b eyJ [\w-]+ \. [\w-]+ (?: \. [\w-]* )?                    # a JSON Web Token
    | (?<=[Bb]earer\ ) [^\s'",;]+
    | (?<=://) [^\s/@:]* : [^\s/@]+ (?=@)                         # user and password of an address
    """,
    re.VERBOSE,
)

_named = re.compile(
    r"""(?i)\b(api[-_ ]?key|token|secret|password|authorization)(["']?\s*[:=]\s*["']?)([^\s'",;&}]{8,})"""
)

_row_values = re.compile(r"(DETAIL:\s*)(?:Key|Failing row)[^\n]*")
"""Postgres quotes the values of a row that it refuses."""

_steering = re.compile(f"[{CONTROLS}{DIRECTIONS}]")
_steering_in_lines = re.compile(f"(?![\\n\\t])[{CONTROLS}{DIRECTIONS}]")


def clean(_: object, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor for the end of the chain, when tracebacks are texts."""
    for name, value in entry.items():
        if name not in OURS:
            entry[name] = _clean(value, is_traceback=name in ("exception", "stack"))
    return entry


def _clean(value: Any, *, is_traceback: bool = False) -> Any:
    if isinstance(value, str):
        return value if _is_plain_word(value) else cleaned(value, is_traceback=is_traceback)
    if isinstance(value, Mapping):
        return {_clean(name): _clean(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    if value is None or isinstance(value, int | float):
        return value
    return cleaned(str(value))


def _is_plain_word(text: str) -> bool:
    """Whether it is one word of letters and digits that is no key: most values are, such as ids and names of methods.

    The patterns take a quarter of the time in which a line is written.
    """
    return text.isascii() and text.isalnum() and len(text) <= TEXT_CHARACTERS and not text.startswith("AIza")


def cleaned(text: str, *, is_traceback: bool = False) -> str:
    """The text without secrets and values of rows, cut in the middle, with control characters as escapes.

    A traceback keeps its lines, and may be longer.
    """
    most = TRACEBACK_CHARACTERS if is_traceback else TEXT_CHARACTERS
    if len(text) > 2 * most:  # before the patterns read all of it
        text = text[:most] + text[-most:]
    text = _keys.sub(HIDDEN, text)
    text = _named.sub(rf"\1\2{HIDDEN}", text)
    text = _row_values.sub(rf"\1{HIDDEN}", text)
    if len(text) > most:
        text = f"{text[: most // 2]} … {text[-most // 2 :]}"
    return (_steering_in_lines if is_traceback else _steering).sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
