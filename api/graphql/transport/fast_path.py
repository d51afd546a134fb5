"""The fast path of one subscription: from the hub straight to the client's socket, the latest whenever it fits."""

import asyncio
from collections.abc import Callable
from typing import Any

from api.graphql.context import Services
from api.graphql.execution.projection import NotLoaded
from api.graphql.execution.shared import SharedOperation
from api.graphql.transport.direct_protocol import SocketWriter
from api.identity import Identity
from api.streaming.subscriber import PushSubscriber


class FastPathSubscriber(PushSubscriber):
    """Writes each snapshot as soon as it is delivered. While the socket is full it buffers nothing."""

    __slots__ = ("_envelope", "_model", "_on_full", "_operation", "_services", "_writer")

    def __init__(
        self,
        reader: Identity,
        operation: SharedOperation,
        writer: SocketWriter,
        envelope: bytes,
        services: Services,
        *,
        on_full: Callable[["FastPathSubscriber"], None],
    ) -> None:
        super().__init__(reader.id, shares=reader.is_guest)
        self._operation = operation
        self._writer = writer
        self._envelope = envelope
        self._services = services
        self._on_full = on_full
        self._model = operation.model.__name__

    async def follow(self) -> None:
        """Until the final update is written. Raises Gone, or NotShareable if graphql-core must take over."""
        hub, operation = self._services.hub, self._operation
        async with hub.joined(self, [(operation.model, operation.key)], streams=True) as (topic,):
            await self.run(hub, topic)

    def send(self, row: Any) -> bool:
        if self._writer.full:
            self._on_full(self)
            return False
        try:
            payload = self._operation.payload(row)
        except NotLoaded as missing:
            self._operation.load(missing, self._services.database).add_done_callback(self._loaded)
            return False
        self._writer.write(self._envelope, payload)
        self._services.metrics.updated_stream(self._model)
        return True

    def _loaded(self, task: "asyncio.Task[None]") -> None:
        self.resume()
