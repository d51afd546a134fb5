"""Cleans what providers send beside the text: counts of tokens, names of models, and reasons.

Providers send any JSON here. A value that the database or GraphQL would refuse must not fail a good text.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_TOKENS = 2**31 - 1
"""The greatest `Int` of GraphQL, and of the database's column."""

LONGEST_MODEL = 200
LONGEST_REASON = 100
"""Characters, as in the columns of `Message`."""

NOT_TEXT = re.compile("[\\s\0-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")
"""White space, control characters, and halves of characters, which databases and JSON refuse."""


def count(value: object) -> int | None:
    """A number of tokens. None unless it is a whole number from 0 to MOST_TOKENS: a wrong count is worse than none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_TOKENS:
        return None
    return value


def word(value: object, longest: int) -> str | None:
    """A name or a reason on one line, cut to `longest` characters. A value that is no text is kept as its JSON."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    return NOT_TEXT.sub(" ", text[: 10 * longest]).strip()[:longest].strip() or None


@dataclass(frozen=True, slots=True)
class UsageKeys:
    """The keys of a provider's usage that add up to the prompt, and those that add up to the answer."""

    input: tuple[str, ...]
    output: tuple[str, ...]


class Usage:
    """The usage of one response. Of several reports the last one counts, since providers report running totals."""

    def __init__(self) -> None:
        self._counts: dict[str, int | None] = {}
        self._keys: UsageKeys | None = None

    def report(self, usage: object, keys: UsageKeys) -> None:
        """Take a report of the provider. A key that it leaves out keeps its count."""
        if not isinstance(usage, Mapping):
            return
        self._keys = keys
        for key in (*keys.input, *keys.output):
            if usage.get(key) is not None:
                self._counts[key] = count(usage[key])

    @property
    def tokens(self) -> tuple[int | None, int | None]:
        """Tokens of the prompt and of the answer. Both are None if both are 0: then the provider does not count."""
        if self._keys is None:
            return None, None
        asked, written = self._sum(self._keys.input), self._sum(self._keys.output)
        return (asked, written) if asked or written else (None, None)

    def _sum(self, keys: tuple[str, ...]) -> int | None:
        counts: list[Any] = [self._counts[key] for key in keys if key in self._counts]
        return count(sum(counts)) if counts and None not in counts else None
