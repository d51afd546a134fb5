"""One reader's share of the updates of one message: from the hub straight to the wire, the newest whenever it fits."""

from collections.abc import Callable
from typing import Any

from api.schema.shared import Rendering
from api.schema.wire import Wire
from api.streaming.hub import Watch, gone
from api.streaming.tracks import streaming


class Relay:
    """Called by the hub with each piece of news. While the socket is full it keeps nothing but its place in line."""

    def __init__(
        self,
        watch: Watch[Any],
        rendering: Rendering,
        wire: Wire,
        envelope: bytes,
        *,
        on_full: Callable[["Relay"], None],
        on_sent: Callable[[], None],
    ) -> None:
        self._watch = watch
        self._rendering = rendering
        self._wire = wire
        self._envelope = envelope
        self._on_full = on_full
        self._on_sent = on_sent
        self._shown = 0
        self._ended = False
        self._failure: Exception | None = None

    async def run(self) -> None:
        """Until the final update is written. Raises NotFound, or NeedsMore when graphql-core must take over."""
        await self._watch.look()
        self._watch.call(self.deliver)
        self.deliver()
        while not self._ended:
            await self._watch.nudged()
            while self._watch.in_doubt:
                await self._watch.look()
                self.deliver()
        if self._failure is not None:
            raise self._failure

    def deliver(self) -> None:
        """Write the newest snapshot, if it was not shown yet and there is room for it."""
        news = self._watch.newest
        if self._ended or news.revision <= self._shown or self._watch.in_doubt:
            return
        if not self._wire.has_room:
            self._on_full(self)
            return
        try:
            if news.deleted:
                raise gone(self._rendering.model)
            self._wire.write_update(self._envelope, self._rendering.update(news.row))
        except Exception as failure:  # it is this reader's, and must not keep the others from their update
            self._failure = failure
            self._end()
            return
        self._shown = news.revision
        self._on_sent()
        if not streaming(news.row):
            self._end()

    def _end(self) -> None:
        self._ended = True
        self._watch.nudge()
