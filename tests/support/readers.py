"""Clients that come back: what client/src/core does after a lost connection, an early end and a passing error.

A `Reader` follows one message until it is final or gone; a `Page` follows the revision of a chat until it is left.
Both fail the test when a server closes with a code that clients take for final, or when a revision falls.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from itertools import chain, cycle
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import WebSocketException

from tests.support.people import Person
from tests.support.sockets import Socket, Subscription
from tests.support.until import PATIENCE_SECONDS

FINAL_CODES = {1008, 1009, 1011, 4400, 4401, 4409, 4429, 4500}
"""After these graphql-ws never comes back."""

INTERNAL_RETRIES = 10
"""So often a page asks again when the server says that it failed."""


def backoff(failures: int) -> float:
    """Full jitter, as of many clients whose server went away at the same moment."""
    return random.random() * min(2.0, 0.1 * 2.0 ** min(failures, 5))


class Follower:
    """One subscription that lasts. Its lifetime is an `async with`."""

    def __init__(self, person: Person, ports: Sequence[int]) -> None:
        self.person = person
        self.closes: list[int | None] = []
        """The codes with which servers closed on it."""
        self._ports = [person.port, *(port for port in ports if port != person.port)]
        self._stirred = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait until this is so; fails at once when the follower has failed."""
        assert self._task is not None
        waiting = asyncio.create_task(self._until(happened))
        try:
            await asyncio.wait((waiting, self._task), timeout=PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if self._task.done():
                self._task.result()
            if not (waiting.done() or happened()):
                raise AssertionError(f"{self} waited {PATIENCE_SECONDS} s in vain")
        finally:
            waiting.cancel()

    async def _until(self, happened: Callable[[], bool]) -> None:
        async with self._stirred:
            await self._stirred.wait_for(happened)

    async def _stir(self) -> None:
        async with self._stirred:
            self._stirred.notify_all()

    async def _run(self) -> None:
        failures = 0
        for port in chain.from_iterable(cycle([self._ports])):
            try:
                async with self.person.socket(port) as socket:
                    failures = 0
                    if await self._follow(socket):
                        break
            except (OSError, WebSocketException):  # refused, reset, or closed before the acknowledgement
                failures += 1
            await asyncio.sleep(backoff(failures))
        await self._stir()

    async def _follow(self, socket: Socket) -> bool:
        """Whether it is over, and need not be followed again."""
        raise NotImplementedError

    async def _heard(self, subscription: Subscription) -> dict[str, Any]:
        """The next protocol message; a close with a final code fails the test."""
        message = await subscription.received.get()
        if message["type"] == "closed":
            self.closes.append(message["code"])
            assert message["code"] not in FINAL_CODES, f"{self} was closed with {message['code']}, and gives up"
        return message


class Reader(Follower):
    """Follows a message."""

    def __init__(self, person: Person, ports: Sequence[int], message: str) -> None:
        super().__init__(person, ports)
        self.message = message
        self.frames: list[dict[str, Any]] = []
        self.gone = False
        """Whether the message was said to be deleted, or out of sight."""
        self._failed = 0

    def __str__(self) -> str:
        last = {**self.last, "content": len(self.last["content"])} if self.frames else None
        return f"{self.person.email} before {last}"

    @property
    def last(self) -> dict[str, Any]:
        return self.frames[-1]

    async def shown(self, characters: int) -> None:
        """Until so much of the text was seen."""
        await self.until(lambda: bool(self.frames) and len(self.last["content"]) >= characters)

    async def over(self) -> None:
        """Until the stream has ended as it should."""
        assert self._task is not None
        done, _ = await asyncio.wait((self._task,), timeout=PATIENCE_SECONDS)
        assert done, f"{self} still waits after {PATIENCE_SECONDS} s"
        self._task.result()

    async def _follow(self, socket: Socket) -> bool:
        subscription = await socket.stream(self.message)
        while (message := await self._heard(subscription))["type"] != "closed":
            match message:
                case {"type": "next", "payload": {"errors": errors}} | {"type": "error", "payload": errors}:
                    if self._is_gone(errors):
                        continue
                    return False
                case {"type": "next", "payload": {"data": {"messageStream": frame}}}:
                    assert not self.gone, f"a frame after the end: {frame}"
                    assert not self.frames or frame["revision"] >= self.last["revision"], f"{self} went back to {frame}"
                    self.frames.append(frame)
                    await self._stir()
                case {"type": "complete"}:
                    return self.gone or not self.last["streaming"]
        return False

    def _is_gone(self, errors: list[dict[str, Any]]) -> bool:
        code = errors[0]["extensions"]["code"]
        self.gone = code == "NOT_FOUND"
        if not self.gone:
            self._failed += 1
            assert code == "INTERNAL", errors
            assert self._failed <= INTERNAL_RETRIES, errors
        return self.gone


class Page(Follower):
    """Follows a chat on the sync track, as a page that shows it."""

    def __init__(self, person: Person, ports: Sequence[int], chat: str) -> None:
        super().__init__(person, ports)
        self.chat = chat
        self.revision = 0
        self.deleted = False

    def __str__(self) -> str:
        return f"{self.person.email} at revision {self.revision}{', deleted' if self.deleted else ''}"

    async def _follow(self, socket: Socket) -> bool:
        subscription = await socket.sync(self.chat)
        shown = 0
        while (message := await self._heard(subscription))["type"] == "next":
            if message["payload"].get("errors"):
                assert message["payload"]["errors"][0]["extensions"]["code"] == "INTERNAL", message
                return False
            event = message["payload"]["data"]["sync"]
            if event["deleted"]:
                self.deleted = True
            else:
                assert event["revision"] > shown, f"{self} heard {event} after {shown}"
                assert event["revision"] >= self.revision, f"{self} went back to {event}"
                shown = self.revision = event["revision"]
            await self._stir()
        return False
