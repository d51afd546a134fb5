"""What was appended and has not been sent."""

from dataclasses import dataclass, field
from typing import Any

BATCH_CHARACTERS = 100_000
"""Most characters in one request. In JSON each may take six bytes, and a request may have a million."""


@dataclass
class Batches:
    """Collects text at any speed, to be sent in order."""

    activity: str | None = None
    _pieces: list[tuple[str, str]] = field(default_factory=list)
    """The name of the field, and the text."""

    def add(self, name: str, text: str) -> None:
        self._pieces.append((name, text))

    def __bool__(self) -> bool:
        return bool(self._pieces) or self.activity is not None

    def take(self) -> dict[str, Any]:
        """The next batch, as fields of `appendToReply`. Without anything to send, it renews the lease."""
        batch: dict[str, Any] = {}
        room, count = BATCH_CHARACTERS, 0
        taken: dict[str, list[str]] = {}
        for name, text in self._pieces:
            if room <= 0:
                break
            if len(text) > room:
                taken.setdefault(name, []).append(text[:room])
                self._pieces[count] = (name, text[room:])
                break
            taken.setdefault(name, []).append(text)
            room -= len(text)
            count += 1
        del self._pieces[:count]
        batch |= {name: whole("".join(texts)) for name, texts in taken.items()}
        if self.activity is not None and not self._pieces:
            batch["activity"], self.activity = self.activity, None
        return batch


def whole(text: str) -> str:
    """The text with U+FFFD in place of each half of a character: JSON for the server cannot contain one."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
