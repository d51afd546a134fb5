"""What the readers of one message are shown: each version is checked whole once, and whoever gets it after that must
get the same, byte by byte. Both cost so little that every frame of every reader is verified."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from bench.load import SELECTION

REVISION = re.compile(rb'"revision": ?(\d+)')
"""Only a key can look like this: within a JSON string the quotes would be escaped."""

TAIL_BYTES = 300
"""The revision and what is selected after it are within so many bytes of a frame's end."""


class Unfaithful(Exception):
    """A reader was shown what it should not have been, or not shown what it should have been."""


@dataclass(frozen=True, slots=True)
class Version:
    """One revision of a message, as the text of a frame; only the operation's id differs from reader to reader."""

    revision: int
    row: dict[str, Any]
    committed: float
    """Seconds since 1970."""
    before_id: bytes
    after_id: bytes

    def fills(self, data: bytes | bytearray, at: int, end: int, operation: bytes) -> bool:
        """Whether data[at:end] is this version, addressed to that operation."""
        id_at = at + len(self.before_id)
        rest_at = id_at + len(operation)
        return (
            end - rest_at == len(self.after_id)
            and data.startswith(self.after_id, rest_at)
            and data.startswith(operation, id_at)
            and data.startswith(self.before_id, at)
        )


class Story:
    """All versions of one message that anybody was shown."""

    def __init__(self) -> None:
        self.versions: dict[int, Version] = {}

    def recognise(self, data: bytes | bytearray, at: int, end: int, operation: bytes, shown: int) -> Version | None:
        """The known version in data[at:end], most likely the one after what the reader was `shown`."""
        version = self.versions.get(shown + 1)
        if version is not None and version.fills(data, at, end, operation):
            return version
        if (found := REVISION.search(data, max(at, end - TAIL_BYTES), end)) is None:
            return None
        version = self.versions.get(int(found[1]))
        return version if version is not None and version.fills(data, at, end, operation) else None

    def learn(
        self, text: bytes, operation: bytes, selection: tuple[str, ...] = SELECTION, arrived: float = 0.0
    ) -> Version:
        """A version that no reader was shown before. Raises Unfaithful unless it is a whole and sound answer.

        A row without `updatedAt` counts as committed when its first reader received it, at `arrived`.
        """
        message = orjson.loads(text)
        payload = message["payload"]
        if message["id"].encode() != operation or payload.get("errors"):
            raise Unfaithful(f"not an answer to {operation!r}: {text[:300]!r}")
        (row,) = payload["data"].values()
        if tuple(row) != selection or row["streaming"] != (row["status"] == "STREAMING"):
            raise Unfaithful(f"not what was selected: {text[:300]!r}")
        if row["revision"] in self.versions:
            raise Unfaithful(f"revision {row['revision']} of {row['id']} reads otherwise than what another was shown")
        before, after = text.split(operation, 1)
        written = row.get("updatedAt")
        committed = datetime.fromisoformat(written).timestamp() if written else arrived
        version = self.versions[row["revision"]] = Version(row["revision"], row, committed, before, after)
        return version

    def verify(self, row: dict[str, Any]) -> None:
        """Raise Unfaithful unless the versions lead up to this row."""
        revisions = sorted(self.versions)
        last = self.versions[revisions[-1]].row
        wrong = {name: (last[name], value) for name, value in row.items() if last[name] != value}
        if wrong:
            raise Unfaithful(f"the last frame is not the row: {str(wrong)[:500]}")
        for revision in revisions[:-1]:
            shown = self.versions[revision].row
            if not shown["streaming"] or not row["content"].startswith(shown["content"]):
                raise Unfaithful(f"revision {revision} of {row['id']} does not lead up to its row")
