"""Allotments: how much of something each of many keys may take at once. The rest waits in the order of its arrival."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class Allotments:
    """Each key may hold so much at once. A request for more than that is granted while the key holds nothing."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_key: dict[Hashable, _Allotment] = {}

    def __len__(self) -> int:
        """The keys that hold something, or wait."""
        return len(self._by_key)

    def users(self, key: Hashable) -> int:
        """How many hold or wait."""
        allotment = self._by_key.get(key)
        return 0 if allotment is None else allotment.users

    @asynccontextmanager
    async def hold(self, key: Hashable, amount: int) -> AsyncIterator[None]:
        """Wait until the key may hold so much more, and hold it while the block runs."""
        allotment = self._by_key.setdefault(key, _Allotment())
        allotment.users += 1
        try:
            async with allotment.first_in_line:
                while allotment.held and allotment.held + amount > self._most:
                    allotment.freed.clear()
                    await allotment.freed.wait()
                allotment.held += amount
            try:
                yield
            finally:
                allotment.held -= amount
                allotment.freed.set()
        finally:
            allotment.users -= 1
            if not allotment.users:
                del self._by_key[key]


class _Allotment:
    def __init__(self) -> None:
        self.held = 0
        self.users = 0
        """Those that hold or wait."""
        self.first_in_line = asyncio.Lock()
        self.freed = asyncio.Event()
