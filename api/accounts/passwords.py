"""Password hashes, computed in threads so that the event loop goes on."""

import asyncio

from pwdlib import PasswordHash

HASHES_AT_ONCE = 2
"""A hash takes a core for 0.1 s and 64 MB on purpose. A flood of sign-ins must leave room for other requests."""


class Passwords:
    """Hashes and verifies passwords with Argon2."""

    def __init__(self) -> None:
        self._hash = PasswordHash.recommended()
        self._room = asyncio.Semaphore(HASHES_AT_ONCE)
        self._decoy = ""

    async def hash(self, password: str) -> str:
        async with self._room:
            return await asyncio.to_thread(self._hash.hash, password)

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Whether they match. Without a hash it takes as long, so that timing does not tell which accounts exist."""
        if hashed is None:
            self._decoy = self._decoy or await self.hash("no account has this password")
            hashed, password = self._decoy, "?"
        async with self._room:
            return await asyncio.to_thread(self._hash.verify, password, hashed)
