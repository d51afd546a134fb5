"""A graphql-transport-ws connection, and the operations on it, message by message."""

import asyncio
import json
from itertools import count
from typing import Any, Self

from websockets.asyncio.client import ClientConnection

from tests.support.operations import STREAM, SYNC, Refused
from tests.support.until import PATIENCE_SECONDS


class Socket:
    """A connection and the operations on it."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.subscriptions: dict[str, Subscription] = {}
        self.reading = asyncio.create_task(self._read())
        self.closed = asyncio.Event()
        self._ids = count()

    async def _read(self) -> None:
        try:
            async for text in self.connection:
                message = json.loads(text)
                if (subscription := self.subscriptions.get(message.get("id"))) is not None:
                    subscription.received.put_nowait(message)
        finally:
            self.closed.set()
            for subscription in self.subscriptions.values():
                subscription.received.put_nowait({"type": "closed", "code": self.connection.close_code})

    async def subscribe(self, query: str, /, **variables: Any) -> "Subscription":
        subscription = Subscription(self, f"operation {next(self._ids)}")
        self.subscriptions[subscription.id] = subscription
        payload = {"query": query, "variables": variables}
        await self.connection.send(json.dumps({"id": subscription.id, "type": "subscribe", "payload": payload}))
        return subscription

    async def stream(self, message: str) -> "Subscription":
        """Follow a message; its frames are the messages themselves."""
        return await self.subscribe(STREAM, id=message)

    async def sync(self, *ids: str) -> "Subscription":
        """Follow revisions."""
        return await self.subscribe(SYNC, ids=list(ids))


class Subscription:
    """One operation on a socket, message by message."""

    def __init__(self, socket: Socket, id: str) -> None:
        self.socket = socket
        self.id = id
        self.received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def message(self) -> dict[str, Any]:
        """The next protocol message: `next`, `error`, `complete`, or `closed` with the socket's close code."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.received.get()

    async def next(self) -> dict[str, Any]:
        """The next frame's object: a message, or a sync event. Raises Refused for errors."""
        message = await self.message()
        assert message["type"] == "next", message
        if message["payload"].get("errors"):
            raise Refused(message["payload"]["errors"])
        value: dict[str, Any]
        (value,) = message["payload"]["data"].values()
        return value

    async def until(self, **wanted: Any) -> dict[str, Any]:
        """The first frame that has these values."""
        while True:
            frame = await self.next()
            if all(frame.get(name) == value for name, value in wanted.items()):
                return frame

    async def rest(self) -> list[dict[str, Any]]:
        """All frames until `complete`."""
        frames = []
        while (message := await self.message())["type"] == "next":
            assert not message["payload"].get("errors"), message
            frames.extend(message["payload"]["data"].values())
        assert message["type"] == "complete", message
        return frames

    async def refusal(self) -> dict[str, Any]:
        """The one error that ends this: `data: null` with it, then `complete`."""
        message = await self.message()
        assert message["type"] == "next", message
        assert message["payload"]["data"] is None, message
        error: dict[str, Any]
        (error,) = message["payload"]["errors"]
        assert (await self.message())["type"] == "complete"
        return error

    async def quiet_until(self, other: "Subscription", **wanted: Any) -> dict[str, Any]:
        """Assert that nothing arrived here by the time that `other`, on the same socket, has a frame like that."""
        frame = await other.until(**wanted)
        assert self.received.empty(), self.received.get_nowait()
        return frame

    async def complete(self) -> None:
        """Unsubscribe."""
        await self.socket.connection.send(json.dumps({"id": self.id, "type": "complete"}))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.complete()
