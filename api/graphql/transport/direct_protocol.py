"""uvicorn's WebSocket protocol, with a short way from a payload to the client's socket.

`TWOTRACK_DIRECT_WRITES=false` goes around it: then uvicorn's own protocol writes.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.server import ServerProtocol

from api.graphql.encoded_payload import FINAL_TEXT, EncodedPayload, frame_head
from api.graphql.transport.backpressure import BoundedSocket
from api.graphql.transport.close_codes import SERVICE_RESTART
from api.graphql.transport.deflate import SharedDeflate, SharedDeflateFactory

EXTENSION = "twotrack.direct"
"""Where an ASGI application finds the protocol in a scope's extensions."""


class SocketWriter:
    """What an update touches of a socket, and nothing else.

    Of a thousand sockets none is in the processor's caches when its turn comes, so what is read lies together.
    """

    __slots__ = ("deflates", "full", "open", "takeover", "transport", "window")

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.open = True
        self.full = False
        """Whether a frame would have to wait here, instead of going to the kernel now."""
        self.deflates = False
        self.takeover = False
        self.window: object = None
        """Stands for what the client's window ends with."""

    def write(self, envelope: bytes, payload: EncodedPayload) -> None:
        """Send envelope, the payload and a closing brace as one message. Does not wait."""
        transport = self.transport
        if not self.open or transport.is_closing():
            return
        if self.deflates:
            transport.write(payload.compressed(envelope, self.window))
            self.window = payload.token if self.takeover else None
        else:
            transport.writelines(payload.plain(envelope))


class DirectWebSocketProtocol(BoundedSocket):
    """uvicorn's WebSocket protocol, with a way past its queue of ASGI messages for the one thing that is sent often."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        extensions = [SharedDeflateFactory()] if config.ws_per_message_deflate else []
        log = logging.getLogger("uvicorn.error")
        self.conn = ServerProtocol(extensions=extensions, max_size=config.ws_max_size, logger=log)
        self.on_writable: Callable[[], None] = _nothing
        """Called when a full socket has room again."""
        self.on_stuck: Callable[[], None] = _nothing
        """Called when a full socket has taken nothing for too long."""
        self.writer: SocketWriter
        self._pong = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.writer = SocketWriter(self.transport)

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            cast(dict[str, Any], self.scope["extensions"])[EXTENSION] = self
            for extension in self.conn.extensions:
                if isinstance(extension, SharedDeflate):
                    self.writer.deflates = True
                    self.writer.takeover = not extension.local_no_context_takeover

    def detach(self) -> None:
        """Forget who serves this socket: the two hold each other, and would wait for the garbage collector."""
        self.on_writable = self.on_stuck = _nothing
        cast(dict[str, Any], self.scope["extensions"]).pop(EXTENSION, None)

    @property
    def closing(self) -> bool:
        """Whether nothing can be sent any more."""
        return self.close_sent or self.disconnected or self.transport.is_closing()

    async def room(self) -> None:
        """Wait until a message would go to the kernel, or nothing can be sent any more."""
        while self.writer.full and not self.closing:
            await self.writable.wait()

    def write_text(self, message: bytes) -> None:
        """Send one message as it is. Does not wait; check that the writer is not `full` before."""
        if not self.closing:
            self.transport.write(frame_head(FINAL_TEXT, len(message)) + message)

    def close(self, code: int, reason: str) -> None:
        """Close, even while the socket is full: then the client has some time to read the close frame."""
        if self.closing:
            return
        self.writer.open = False
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.close_timer = self.loop.call_later(self.closing_seconds, self.transport.abort)
        if self.read_paused:  # by a message that is not received any more; the client's close frame comes after it
            self.read_paused = False
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        self.writer.full = True
        super().pause_writing()

    def resume_writing(self) -> None:
        self.writer.full = False
        super().resume_writing()
        if self._pong:
            self.transport.write(self._pong)
            self._pong = b""
        self.on_writable()

    def stuck(self) -> None:
        """The client takes nothing."""
        self.on_stuck()

    def handle_ping(self) -> None:
        """While the socket is full, only the last pong waits: a client may send pings for ever and read nothing."""
        if pongs := b"".join(self.conn.data_to_send()):
            if self.writer.full:
                self._pong = pongs
            else:
                self.transport.write(pongs)

    def keepalive_timeout(self) -> None:
        """The connection is half-open. If the client is there after all, it reconnects."""
        self.pong_timer = None
        self.close(SERVICE_RESTART, "No answer to a ping; reconnect")
        self.queue.put_nowait({"type": "websocket.disconnect", "code": SERVICE_RESTART})


def _nothing() -> None:
    pass
