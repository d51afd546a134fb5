"""One reader's share of the updates of one message: from the hub straight to the wire, the newest whenever it fits."""

from collections.abc import Callable
from uuid import UUID

from api.errors import gone
from api.schema.context import Watch
from api.schema.shared import Rendering
from api.schema.wire import Line
from api.streaming.hub import Hub
from api.streaming.topic import Reader, Topic


class DirectReader(Reader):
    """Told by the hub of each piece of news. While the socket is full it keeps nothing but its place in line.

    `tell` is what an update costs for each of its readers: it calls little and looks nothing up.
    """

    __slots__ = (
        "_ended",
        "_envelope",
        "_failure",
        "_line",
        "_on_full",
        "_open",
        "_rendering",
        "_shown",
        "_topic",
        "_watch",
    )

    def __init__(
        self,
        viewer: UUID,
        rendering: Rendering,
        line: Line,
        envelope: bytes,
        *,
        on_full: Callable[["DirectReader"], None],
        watch: Watch,
    ) -> None:
        super().__init__(viewer)
        self._rendering = rendering
        self._line = line
        self._envelope = envelope
        self._on_full = on_full
        self._watch = watch
        self._topic: Topic | None = None
        self._open = False
        """Whether it may be given anything: it was authorized, is not in doubt and has not ended."""
        self._shown = 0
        self._ended = False
        self._failure: Exception | None = None

    async def run(self, hub: Hub) -> None:
        """Until the final update is written. Raises NotFound, or NeedsMore when graphql-core must take over."""
        rendering = self._rendering
        async with hub.reading(self, [(rendering.model, rendering.key)], streams=True) as (topic,):
            self._topic = topic
            while not self._ended:
                if not self._open:
                    await hub.look(self, topic)
                    self._open = not self.doubts
                    self.tell(topic)
                else:
                    await self.stirred()
        if self._failure is not None:
            raise self._failure

    def tell(self, topic: Topic) -> None:
        """Write the newest snapshot, if it was not shown yet, may be, and there is room for it."""
        news = topic.newest
        if not self._open or news.revision <= self._shown:
            return
        if self._line.full:
            self._on_full(self)
            return
        try:
            if news.deleted:
                raise gone(topic.model)
            self._line.write(self._envelope, self._rendering.update(news.row))
        except Exception as failure:  # it is this reader's, and must not keep the others from their update
            self._failure = failure
            self._end()
            return
        self._shown = news.revision
        self._watch.updated_stream()
        if news.final:
            self._end()

    def doubt(self, topic: Topic, epoch: int) -> None:
        super().doubt(topic, epoch)
        self._open = self._open and not self.doubts

    def resume(self) -> None:
        """There is room again."""
        if self._topic is not None:
            self.tell(self._topic)

    def _end(self) -> None:
        self._open = False
        self._ended = True
        self.stir()
