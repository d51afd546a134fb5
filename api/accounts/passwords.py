"""Password hashes, computed in threads because a hash would block the event loop."""

import asyncio

from pwdlib import PasswordHash

HASHES_AT_ONCE = 2
"""A hash takes 0.1 s of a core and 64 MB by design. Many sign-ins at once must leave room for other requests."""


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
        """Whether password and hash match. Without a hash it takes as long, so that timing reveals no accounts."""
        if hashed is None:
            self._decoy = self._decoy or await self.hash("no account has this password")
            hashed, password = self._decoy, "?"
        async with self._room:
            return await asyncio.to_thread(self._hash.verify, password, hashed)
