"""One reader's share of the updates of one message: from the hub straight to the wire, the newest whenever it fits."""

from collections.abc import Callable
from uuid import UUID

from api.schema.shared import Rendering
from api.schema.wire import Envelope, Wire
from api.streaming.hub import Hub, gone
from api.streaming.topic import Reader, Topic


class Relay(Reader):
    """Told by the hub of each piece of news. While the socket is full it keeps nothing but its place in line.

    `tell` is what an update costs for each of its readers: it calls little and looks nothing up.
    """

    def __init__(
        self,
        viewer: UUID,
        rendering: Rendering,
        wire: Wire,
        envelope: Envelope,
        *,
        on_full: Callable[["Relay"], None],
        on_sent: Callable[[], None],
    ) -> None:
        super().__init__(viewer)
        self._rendering = rendering
        self._wire = wire
        self._envelope = envelope
        self._on_full = on_full
        self._on_sent = on_sent
        self._topic: Topic | None = None
        self._shown = 0
        self._ended = False
        self._failure: Exception | None = None

    async def run(self, hub: Hub) -> None:
        """Until the final update is written. Raises NotFound, or NeedsMore when graphql-core must take over."""
        rendering = self._rendering
        async with hub.reading(self, [(rendering.model, rendering.key)], streams=True) as (topic,):
            await hub.look(self, topic)
            self._topic = topic
            self.tell(topic)
            while not self._ended:
                await self.stirred()
                while self.doubts and not self._ended:
                    await hub.look(self, topic)
                    self.tell(topic)
        if self._failure is not None:
            raise self._failure

    def tell(self, topic: Topic) -> None:
        """Write the newest snapshot, if it was not shown yet, may be, and there is room for it."""
        news = topic.newest
        if news.revision <= self._shown or self.doubts or self._topic is None or self._ended:
            return
        if self._wire.full:
            self._on_full(self)
            return
        try:
            if news.deleted:
                raise gone(topic.model)
            self._wire.write_update(self._envelope, self._rendering.update(news.row))
        except Exception as failure:  # it is this reader's, and must not keep the others from their update
            self._failure = failure
            self._end()
            return
        self._shown = news.revision
        self._on_sent()
        if news.final:
            self._end()

    def resume(self) -> None:
        """There is room again."""
        if self._topic is not None:
            self.tell(self._topic)

    def _end(self) -> None:
        self._ended = True
        self.stir()
