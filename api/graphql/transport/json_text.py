"""Reading the JSON of clients: within a limit of values, which is checked before any of them is made."""

import json
from typing import Any

MOST_VALUES = 5_000
"""Values of one request, in lists and objects. 1 MB of JSON can hold 500,000 of them, and each step of reading
them would hold up the process for a tenth of a second or more. `sync` takes 100 ids."""


class TooManyValues(ValueError):
    """The text has more than MOST_VALUES values."""

    def __init__(self) -> None:
        super().__init__(f"The request has more than {MOST_VALUES:,} values in lists and objects, the limit. Split it.")


def parsed(text: str | bytes | bytearray) -> Any:
    """What the text says. Raises TooManyValues, other ValueErrors for what is no JSON, and RecursionError."""
    if not isinstance(text, str):
        text = text.decode(json.detect_encoding(text), "surrogatepass")
    if _structure(text) > MOST_VALUES and _structure(_outside_strings(text)) > MOST_VALUES:
        raise TooManyValues
    return json.loads(text)


def _structure(text: str) -> int:
    """At least the number of values that are in a list or an object."""
    return text.count(",") + text.count("[") + text.count("{")


def _outside_strings(text: str) -> str:
    return "".join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])
