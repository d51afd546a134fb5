"""One payload for many WebSockets: framed, and compressed by permessage-deflate, at most once for all of them.

With context takeover, a client decompresses each message with the last 32 kB of what it has decompressed before as its
dictionary (RFC 7692). So a snapshot that is compressed against its predecessor is right for every socket whose window
ends with that predecessor, and it is little more than the new text. What differs by socket, the envelope before the
payload, goes in front as a stored block. To keep distances right, as many NULs stand in for it in the dictionary: JSON
never contains NUL, so nothing refers to them. A socket whose window ends otherwise gets the snapshot compressed by
itself, which is right everywhere. All other messages are sent uncompressed, and so leave the windows alone.
"""

import struct
import zlib

COMPRESSION_LEVEL = 4
"""Finds the predecessor's text as well as the slower levels do."""

WINDOW_BYTES = 32_768

FINAL_TEXT = 0x81
COMPRESSED = 0x40
END = b"}"
SYNC = b"\x00\x00\xff\xff"


class EncodedPayload:
    """One payload. An envelope is what stands before it in a message, and differs by subscriber."""

    __slots__ = ("_before", "_body", "_deltas", "_heads", "_whole", "_wholes", "follows", "payload", "token")

    def __init__(self, payload: bytes, previous: "EncodedPayload | None" = None) -> None:
        self.payload = payload
        self.token = object()
        """Stands for this payload at the end of a client's window."""
        self.follows = previous.token if previous is not None else None
        self._before = previous.payload[-WINDOW_BYTES:] if previous is not None else b""
        self._body = payload + END
        self._whole: bytes | None = None
        # By the size of the envelope: nothing else of a subscriber changes the rest of the frame.
        self._heads: dict[int, bytes] = {}
        self._deltas: dict[int, tuple[bytes, bytes]] = {}
        self._wholes: dict[int, tuple[bytes, bytes]] = {}

    def plain(self, envelope: bytes) -> tuple[bytes, bytes]:
        """The finished frame, what differs by subscriber first, so that the payload is not copied for each."""
        size = len(envelope)
        head = self._heads.get(size)
        if head is None:
            head = self._heads[size] = frame_head(FINAL_TEXT, size + len(self._body))
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
    """Before and after an envelope of this size, which becomes a stored block (RFC 1951, 3.2.4)."""
    block = struct.pack("<BHH", 0, size, size ^ 0xFFFF)
    return frame_head(FINAL_TEXT | COMPRESSED, len(block) + size + len(body)) + block, body


def frame_head(first: int, size: int) -> bytes:
    """A server's frame header (RFC 6455, 5.2): no mask."""
    if size < 126:
        return struct.pack("!BB", first, size)
    if size < 65_536:
        return struct.pack("!BBH", first, 126, size)
    return struct.pack("!BBQ", first, 127, size)
