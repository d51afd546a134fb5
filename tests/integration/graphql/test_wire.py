"""A client decodes what the direct protocol writes, in whatever order updates, envelopes and answers come."""

import asyncio
import json
import socket
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from api.graphql.encoded_payload import EncodedPayload
from api.graphql.transport.backpressure import SEND_TIMEOUT
from api.graphql.transport.direct_protocol import DirectWebSocketProtocol
from tests.support.texts import noise, story

LOOPS = {"uvloop": uvloop.new_event_loop}
"""As in production."""


class Kept(asyncio.Transport):
    """Keeps what is written to it."""

    def __init__(self, own: socket.socket) -> None:
        super().__init__({"socket": own})
        self.written: list[bytes] = []
        self.answered = asyncio.Event()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))
        self.answered.set()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def is_closing(self) -> bool:
        return False

    def close(self) -> None: ...

    def pause_reading(self) -> None: ...


@asynccontextmanager
async def opened(*offers: str) -> AsyncIterator[list[tuple[DirectWebSocketProtocol, Kept]]]:
    """Sockets whose clients offered that, right after the handshake."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await asyncio.Event().wait()

    config = uvicorn.Config(
        app, ws=DirectWebSocketProtocol, ws_per_message_deflate=True, ws_ping_interval=None, log_config=None
    )
    config.load()
    state = ServerState()
    wires = []
    with socket.socket() as own:
        for offer in offers:
            transport, one = Kept(own), DirectWebSocketProtocol(config, state, {SEND_TIMEOUT: 10.0})
            one.connection_made(transport)
            one.data_received(HANDSHAKE % offer.encode())
            wires.append((one, transport))
        for _, transport in wires:
            await transport.answered.wait()
            assert transport.written.pop().startswith(b"HTTP/1.1 101")
        try:
            yield wires
        finally:
            for task in (tasks := list(state.tasks)):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


HANDSHAKE = b"""GET /graphql HTTP/1.1\r
Host: example.com\r
Connection: Upgrade\r
Upgrade: websocket\r
Sec-WebSocket-Version: 13\r
Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r
Sec-WebSocket-Extensions: permessage-deflate%b\r
\r
"""


class Client:
    """A client's end: RFC 7692 to the letter, and nothing else."""

    def __init__(self, *, takeover: bool) -> None:
        self._takeover = takeover
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)

    def read(self, frame: bytes) -> bytes:
        header = 2 if frame[1] < 126 else 4 if frame[1] == 126 else 10
        size = frame[1] if header == 2 else int.from_bytes(frame[2:header])
        assert len(frame) == header + size
        if not frame[0] & 0x40:
            return frame[header:]
        if not self._takeover:
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        return self._inflate.decompress(frame[header:] + b"\x00\x00\xff\xff")


TAKEOVERS = {"": True, "; server_no_context_takeover": False}

more_text = st.builds(
    lambda kind, characters: kind(characters),
    st.sampled_from([story, noise, "a".__mul__]),
    st.sampled_from([0, 1, 100, 5_000, 32_700, 32_768, 70_000]) | st.integers(0, 40_000),
)
a_reader = st.integers(0, 2)
steps = st.lists(
    st.tuples(st.just("update"), more_text)
    | st.tuples(st.just("update"), more_text)
    | st.tuples(st.just("send"), a_reader, st.integers(0, 3))
    | st.tuples(st.just("send"), a_reader, st.integers(0, 3))
    | st.tuples(st.just("answer"), a_reader),
    max_size=25,
)
envelopes = st.lists(st.text(max_size=200).map(str.encode), min_size=4, max_size=4)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(st.sampled_from(sorted(TAKEOVERS)), min_size=3, max_size=3), envelopes, steps)
async def test_any_order_of_updates_envelopes_and_answers_is_decoded(
    offers: list[str], texts: list[bytes], schedule: list[Any]
) -> None:
    clients = [Client(takeover=TAKEOVERS[offer]) for offer in offers]
    text, update = "", EncodedPayload(b'""')
    async with opened(*offers) as wires:
        for step in schedule:
            match step:
                case ("update", more):
                    text += more
                    update = EncodedPayload(json.dumps(text, ensure_ascii=False).encode(), update)
                case ("send", reader, which):
                    one, transport = wires[reader]
                    one.writer.write(texts[which], update)
                    assert clients[reader].read(transport.written.pop()) == texts[which] + update.payload + b"}"
                case ("answer", reader):
                    one, transport = wires[reader]
                    one.write_text(b"an answer")
                    assert clients[reader].read(transport.written.pop()) == b"an answer"
