"""The shortest way from a payload to a client's socket that uvicorn allows, and permessage-deflate done once for all.

This file alone leans on the insides of uvicorn and websockets, whose versions are pinned; tests/schema/test_wire.py
fails when they change. `TWOTRACK_DIRECT_WRITES=false` goes around it: then uvicorn's own protocol writes.

Compressing once: with context takeover, a client decompresses each message with the last 32 kB of what it has
decompressed before as its dictionary (RFC 7692). So a snapshot compressed against its predecessor is right for every
socket whose window ends with that predecessor, and it is little more than the new text. What differs by socket, the
envelope before the payload, goes in front as a stored block; to keep distances right it is stood in for by as many
NULs, which no JSON holds, so that nothing ever refers to them. A socket whose window ends otherwise gets the snapshot
compressed by itself, which is right everywhere. All other messages go uncompressed and so leave the windows alone.
"""

import asyncio
import logging
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.exceptions import NegotiationError
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.frames import Frame
from websockets.server import ServerProtocol
from websockets.typing import ExtensionParameter

from api.schema.bounded import LAST_WORD_SECONDS, Bounded

EXTENSION = "twotrack.wire"
"""Where an ASGI application finds the wire in a scope's extensions."""

COMPRESSION_LEVEL = 4
"""Finds the predecessor's text as well as the slower levels do."""

WINDOW_BYTES = 32_768

SERVICE_RESTART = 1012
"""A client comes back after it; it takes the 1011 that uvicorn would send for final."""

FINAL_TEXT = 0x81
COMPRESSED = 0x40
END = b"}"
SYNC = b"\x00\x00\xff\xff"


class Update:
    """One payload for many sockets, framed and compressed at most once for each way in which they differ.

    An envelope is what stands before the payload in the message: one reader's own.
    """

    __slots__ = ("_before", "_body", "_deltas", "_heads", "_whole", "_wholes", "follows", "payload", "token")

    def __init__(self, payload: bytes, previous: "Update | None" = None) -> None:
        self.payload = payload
        self.token = object()
        """Stands for this payload at the end of a client's window."""
        self.follows = previous.token if previous is not None else None
        self._before = previous.payload[-WINDOW_BYTES:] if previous is not None else b""
        self._body = payload + END
        self._whole: bytes | None = None
        # By the size of the envelope, which is all that the rest of a frame knows of its reader.
        self._heads: dict[int, bytes] = {}
        self._deltas: dict[int, tuple[bytes, bytes]] = {}
        self._wholes: dict[int, tuple[bytes, bytes]] = {}

    def plain(self, envelope: bytes) -> tuple[bytes, bytes]:
        """The finished frame, what differs by reader first: so the payload is not copied for each of them."""
        size = len(envelope)
        head = self._heads.get(size)
        if head is None:
            head = self._heads[size] = _head(FINAL_TEXT, size + len(self._body))
        return head + envelope, self._body

    def compressed(self, envelope: bytes, window: object) -> bytes:
        """The finished frame for a client whose window ends with what `window` stands for."""
        size = len(envelope)
        if window is self.follows and window is not None:
            framed = self._deltas.get(size)
            if framed is None:
                framed = self._deltas[size] = _stored(size, self._deflated(self._before + END + bytes(size)))
        else:
            framed = self._wholes.get(size)
            if framed is None:
                if self._whole is None:
                    self._whole = self._deflated(b"")
                framed = self._wholes[size] = _stored(size, self._whole)
        head, body = framed
        return b"".join((head, envelope, body))

    def _deflated(self, dictionary: bytes) -> bytes:
        dictionary = dictionary[-WINDOW_BYTES:]
        wbits = -zlib.MAX_WBITS
        deflate = zlib.compressobj(COMPRESSION_LEVEL, zlib.DEFLATED, wbits, 9, zlib.Z_DEFAULT_STRATEGY, dictionary)
        body = deflate.compress(self._body) + deflate.flush(zlib.Z_SYNC_FLUSH)
        return body[: -len(SYNC)]


def _stored(size: int, body: bytes) -> tuple[bytes, bytes]:
    """What stands before and after an envelope of this size, which becomes a stored block (RFC 1951, 3.2.4)."""
    block = struct.pack("<BHH", 0, size, size ^ 0xFFFF)
    return _head(FINAL_TEXT | COMPRESSED, len(block) + size + len(body)) + block, body


def _head(first: int, size: int) -> bytes:
    """A server's frame header (RFC 6455, 5.2): no mask."""
    if size < 126:
        return struct.pack("!BB", first, size)
    if size < 65_536:
        return struct.pack("!BBH", first, 126, size)
    return struct.pack("!BBQ", first, 127, size)


class SharedDeflate(PerMessageDeflate):
    """Decompresses what the client compressed; compresses nothing, since `Update` does it for all."""

    def encode(self, frame: Frame) -> Frame:
        return frame


class SharedDeflateFactory(ServerPerMessageDeflateFactory):
    """Accepts an offer whose window is whole, and asks clients to start each of their messages afresh.

    Then no decompressor has to be kept for each of them.
    """

    def __init__(self) -> None:
        super().__init__(client_no_context_takeover=True)

    def process_request_params(
        self, params: Sequence[ExtensionParameter], accepted_extensions: Sequence[Extension]
    ) -> tuple[list[ExtensionParameter], PerMessageDeflate]:
        answer, agreed = super().process_request_params(params, accepted_extensions)
        if agreed.local_max_window_bits < zlib.MAX_WBITS:
            raise NegotiationError("a smaller window than ours")
        shared = SharedDeflate.__new__(SharedDeflate)
        shared.__dict__.update(agreed.__dict__)
        shared.__dict__.pop("encoder", None)
        return answer, shared


class Line:
    """What an update touches of a socket, and nothing else.

    Of a thousand sockets none is in the processor's caches when its turn comes: what is looked up here lies together.
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

    def write(self, envelope: bytes, update: Update) -> None:
        """Send envelope, the update's payload and a closing brace as one message. Does not wait."""
        transport = self.transport
        if not self.open or transport.is_closing():
            return
        if self.deflates:
            transport.write(update.compressed(envelope, self.window))
            self.window = update.token if self.takeover else None
        else:
            transport.writelines(update.plain(envelope))


class Wire(Bounded, WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol, with a way past its queue of ASGI messages for the one thing that is sent often."""

    parting_seconds = LAST_WORD_SECONDS

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
        self.line: Line
        self._pong = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.line = Line(self.transport)

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            cast(dict[str, Any], self.scope["extensions"])[EXTENSION] = self
            for extension in self.conn.extensions:
                if isinstance(extension, SharedDeflate):
                    self.line.deflates = True
                    self.line.takeover = not extension.local_no_context_takeover

    @property
    def closing(self) -> bool:
        """Whether nothing can be sent any more."""
        return self.close_sent or self.disconnected or self.transport.is_closing()

    async def room(self) -> None:
        """Wait until a message would go to the kernel, or nothing can be sent any more."""
        while self.line.full and not self.closing:
            await self.writable.wait()

    def write_text(self, message: bytes) -> None:
        """Send one message as it is. Does not wait; see that the line is not `full` before."""
        if not self.closing:
            self.transport.write(_head(FINAL_TEXT, len(message)) + message)

    def part(self, code: int, reason: str) -> None:
        """Close, even while the socket is full: the peer gets some time to read that it is over, then is cut off."""
        if self.closing:
            return
        self.line.open = False
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.close_timer = self.loop.call_later(self.parting_seconds, self.transport.abort)
        if self.read_paused:  # by a message that nobody receives any more; the peer's answer comes after it
            self.read_paused = False
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        self.line.full = True
        super().pause_writing()

    def resume_writing(self) -> None:
        self.line.full = False
        super().resume_writing()
        if self._pong:
            self.transport.write(self._pong)
            self._pong = b""
        self.on_writable()

    def stuck(self) -> None:
        """Whoever serves this socket is to part from it."""
        self.on_stuck()

    def handle_ping(self) -> None:
        """While the socket is full, only the last answer waits: a peer may send pings for ever and read nothing."""
        if pongs := b"".join(self.conn.data_to_send()):
            if self.line.full:
                self._pong = pongs
            else:
                self.transport.write(pongs)

    def keepalive_timeout(self) -> None:
        """A half-open connection. Its client, should it be there after all, is to come back."""
        self.pong_timer = None
        self.part(SERVICE_RESTART, "no answer to a ping")
        self.queue.put_nowait({"type": "websocket.disconnect", "code": SERVICE_RESTART})


def _nothing() -> None:
    pass
