"""What all contestants are put to: so many messages, growing at such a pace, before so many readers."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Self

SELECTION = ("id", "chatId", "role", "content", "status", "streaming", "revision", "createdAt", "updatedAt", "author")
"""What every reader selects, in this order: what a chat page shows of a message."""

FIELDS = " ".join(SELECTION) + " { id name }"

BEGIN_SECONDS = 5.0
"""Until all producers write."""

END_SECONDS = 1.5
"""What is measured of producers ends before they do."""


@dataclass(frozen=True)
class Load:
    """A message grows evenly until it has all its characters."""

    readers: int = 300
    messages: int = 1
    updates: int = 40
    per_second: float = 3.0
    chars: int = 15_000
    deflate: bool = False
    least_delivered: float = 0.95
    """Of all committed updates to all readers. A reader that falls behind may be given the newest instead of each."""

    @property
    def seconds(self) -> float:
        """How long a message takes to be written."""
        return self.updates / self.per_second

    @property
    def chars_per_second(self) -> int:
        return round(self.chars / self.seconds) if self.updates else 0

    def question(self, message: int) -> str:
        """What this message answers; the scripted model's text depends on it."""
        return f"Question {message}: what would you do first?"

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))
