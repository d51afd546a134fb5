"""The messages of a client that were not read yet."""

import asyncio
from typing import Any


class Messages:
    """Takes the place of uvicorn's queue, of which a socket would keep 4 kB. It has one reader.

    There are hardly ever two of them: uvicorn stops reading from the client until the one is taken.
    """

    __slots__ = ("_reader", "_unread")

    def __init__(self) -> None:
        self._unread: list[Any] = []
        self._reader: asyncio.Future[None] | None = None

    def put_nowait(self, message: Any) -> None:
        self._unread.append(message)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> Any:
        """The oldest message, as soon as there is one."""
        while not self._unread:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return self._unread.pop(0)

    def empty(self) -> bool:
        return not self._unread
