"""The cheapest answer to a WebSocket handshake: it is accepted, and closed in the same packet with "busy; retry".

An HTTP status would be cheaper by nothing, and browsers hide it: a page could not tell a busy server from a proxy that
blocks WebSockets.
"""

import base64
import binascii
from collections.abc import Iterable

from websockets.utils import accept_key

from api.graphql.transport.close_codes import TRY_AGAIN_LATER

BUSY = "The server is busy; retry"

KEY_BYTES = 16
"""Of the random number in a handshake (RFC 6455, 4.1)."""

VERSION = b"13"

_PAYLOAD = TRY_AGAIN_LATER.to_bytes(2) + BUSY.encode()

CLOSE_FRAME = bytes((0x88, len(_PAYLOAD))) + _PAYLOAD


def busy_answer(method: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The whole answer to a handshake with these headers, whose names are in lower case. None if it is not valid."""
    found = dict(headers)
    key = found.get(b"sec-websocket-key", b"")
    if method != b"GET" or found.get(b"sec-websocket-version") != VERSION or not _is_key(key):
        return None
    lines = [
        b"HTTP/1.1 101 Switching Protocols",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: " + accept_key(key.decode()).encode(),
    ]
    if protocols := found.get(b"sec-websocket-protocol"):
        # Browsers take an answer without one of theirs for a failure.
        lines.append(b"Sec-WebSocket-Protocol: " + protocols.partition(b",")[0].strip())
    return b"\r\n".join(lines) + b"\r\n\r\n" + CLOSE_FRAME


def _is_key(key: bytes) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == KEY_BYTES
    except binascii.Error:
        return False
