"""Password hashes, computed in threads because a hash would block the event loop."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress

from pwdlib import PasswordHash

from api.errors import RateLimited

HASHES_AT_ONCE = 2
"""A hash takes 0.1 s of a core and 64 MB by design. Many sign-ins at once must leave room for other requests."""

HASHES_WAITING = 20
"""The last of them waits for a second. More would delay the sign-ins of all users, and each keeps a request open."""

RETRY_SECONDS = 2.0

NICE = 10
"""Of the threads that hash. They compute outside of Python's lock, so on a busy core the event loop goes first."""


class Passwords:
    """Hashes and verifies passwords with Argon2."""

    def __init__(self) -> None:
        self._hash = PasswordHash.recommended()
        self._room = asyncio.Semaphore(HASHES_AT_ONCE)
        self._threads = ThreadPoolExecutor(HASHES_AT_ONCE, "passwords", _give_way)
        self._waiting = 0
        self._decoy = ""

    async def hash(self, password: str) -> str:
        """Raises RateLimited while too many wait."""
        async with self._turn():
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._hash.hash, password)

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Whether password and hash match. Without a hash it takes as long, so that timing reveals no accounts.

        Raises RateLimited while too many wait.
        """
        if hashed is None:
            self._decoy = self._decoy or await self.hash("no account has this password")
            hashed, password = self._decoy, "?"
        async with self._turn():
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._hash.verify, password, hashed)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= HASHES_WAITING:
            raise RateLimited("Many people are signing in now. Try again in a few seconds.", RETRY_SECONDS)
        self._waiting += 1
        try:
            await self._room.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._room.release()


def _give_way() -> None:
    """Lower the priority of this thread. On Linux, threads have priorities of their own; elsewhere it would be the
    process's."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICE)
