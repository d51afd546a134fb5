"""A cache whose size is counted in bytes: what strangers send is remembered in it, whatever the size of each entry."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class ByteCache(Generic[Value]):
    """Keeps what was used last, of all that was put into it, up to so many bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._entries: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self.size = 0
        """In bytes."""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Hashable) -> Value | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: Hashable, value: Value, size: int) -> None:
        """Keep the value. One that is larger than a tenth of the cache is not kept: it would displace many others."""
        if key in self._entries or size > self._most / 10:
            return
        self._entries[key] = value, size
        self.size += size
        while self.size > self._most:
            _, (_, freed) = self._entries.popitem(last=False)
            self.size -= freed
