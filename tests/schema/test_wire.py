"""What goes over a socket is compressed once for all readers, and each client's own permessage-deflate decodes it."""

import ast
import asyncio
import base64
import inspect
import json
import random
import socket
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import pytest
import uvicorn
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    PerMessageDeflate,
    ServerPerMessageDeflateFactory,
)
from websockets.server import ServerProtocol

from api.schema import bounded, wire
from api.schema.bounded import SEND_TIMEOUT
from api.schema.socket import ID_CHARACTERS
from api.schema.wire import Update, Wire
from tests.conftest import Backend
from tests.schema.decoders import Decoder, browser, conversing, node, python, subscribe
from tests.schema.wiretap import wiretap
from tests.server import STREAM, Subscription, serving

LOOPS = {"uvloop": uvloop.new_event_loop}
"""As in production."""

DECODERS = {"python": python, "node": node, "browser": browser}

only_embedded = pytest.mark.parametrize("backend", ["embedded"], indirect=True)
"""Which database and bus there are makes no difference here."""

every_decoder = pytest.mark.parametrize("decoder", DECODERS.values(), ids=DECODERS)

PING = 9

WORDS = [
    "the",
    "a",
    "stream",
    "grows",
    "naïve",
    "çédille",
    "漢字",
    "かな",
    "🧵",
    "👩‍👩‍👧",
    "“quoted”",
    '"',
    "\\",
    "</b>",
    "\u2028",
]


def story(characters: int, seed: int = 1) -> str:
    """Text as models write it, no two the same."""
    chosen = random.Random(seed)
    words = [f"{chosen.choice(WORDS)}{chosen.randrange(1_000)}" for _ in range(characters // 2)]
    return " ".join(words)[:characters]


def noise(characters: int) -> str:
    """Text in which there is nothing to compress but its alphabet."""
    return base64.b64encode(random.Random(1).randbytes(characters)).decode()[:characters]


def pieces(text: str, *ends: int) -> list[str]:
    """The text in pieces that end there."""
    return [text[start:end] for start, end in zip((0, *ends), ends, strict=False)]


# Real clients, whole streams.


async def shown(stream: Subscription, text: str, until: str) -> list[dict[str, Any]]:
    """The frames until one shows that much; each shows a beginning of the text."""
    frames: list[dict[str, Any]] = []
    while not frames or frames[-1]["content"] != until:
        frames.append(await stream.next())
        assert text.startswith(frames[-1]["content"])
    return frames


async def ended(stream: Subscription, text: str) -> None:
    """The last frame is the whole text, and nothing comes after."""
    frames = await stream.rest()
    assert (frames[-1]["content"], frames[-1]["status"]) == (text, "COMPLETE")


@only_embedded
@every_decoder
async def test_several_streams_on_one_socket_are_decoded_whatever_comes_between(
    backend: Backend, decoder: Decoder
) -> None:
    text, other_text = story(40_000, seed=1), story(9_000, seed=2)
    parts = pieces(text, 1_000, 2_500, 2_501, 10_000, 31_000, 33_500, 40_000)
    other_parts = pieces(other_text, 10, 500, 1_000, 2_000, 4_000, 6_000, 9_000)
    # Pings all the time: control frames between the compressed ones.
    async with serving(backend.settings(), ws_ping_interval=0.02) as server, wiretap(server.port) as tap:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        async with decoder(tap.port) as connection, conversing(ann, connection) as socket:
            async with (
                server.writing(reply := (await ann.send(chat))["reply"]["id"]) as writing,
                server.writing(other := (await ann.send(chat))["reply"]["id"]) as writing_other,
            ):
                streams = [await subscribe(socket, "i" * size, STREAM, id=reply) for size in (1, 36, 300)]
                others = [await subscribe(socket, id, STREAM, id=other) for id in ("2", "zweite Öperation")]
                for count, (part, other_part) in enumerate(zip(parts, other_parts, strict=True), 1):
                    writing.append(part)
                    question = await socket.subscribe("{ viewer { email } }")
                    writing_other.append(other_part)
                    assert await question.rest() == [{"email": ann.email}]
                    for stream in streams:
                        await shown(stream, text, until="".join(parts[:count]))
                    for stream in others:
                        await shown(stream, other_text, until="".join(other_parts[:count]))
            for stream in streams:
                await ended(stream, text)
            for stream in others:
                await ended(stream, other_text)
    assert any(frame.compressed for frame in tap.frames)
    assert any(frame.is_text and not frame.compressed for frame in tap.frames)
    assert any(frame.opcode == PING for frame in tap.frames)


@only_embedded
@every_decoder
async def test_a_reader_that_paused_gets_the_newest_and_decodes_on(backend: Backend, decoder: Decoder) -> None:
    """Its window ends with another snapshot than everybody else's; and from 32 kB on, no window holds a whole one."""
    text = noise(300_000)
    ends = [1_000, 31_000, 32_700, 33_000, *range(60_000, 160_000, 10_000), 161_000, 299_000, 300_000]
    paused = slice(4, 14)
    parts = pieces(text, *ends)
    async with serving(backend.settings()) as server, wiretap(server.port) as tap:
        ann = await server.person("Ann")
        reply = (await ann.send(await ann.create_chat()))["reply"]["id"]
        async with (
            decoder(tap.port) as connection,
            conversing(ann, connection) as socket,
            ann.socket() as other_socket,
        ):
            streams = [await subscribe(socket, id, STREAM, id=reply) for id in ("1", "22", "1 too")]
            other = await other_socket.stream(reply)
            async with server.writing(reply) as writing:
                for count, part in enumerate(parts):
                    if count == paused.start:
                        tap.pause()
                    writing.append(part)
                    await shown(other, text, until="".join(parts[: count + 1]))
                    if count < paused.start or count > paused.stop:
                        for stream in streams:
                            await shown(stream, text, until="".join(parts[: count + 1]))
                    elif count == paused.stop:
                        tap.resume()
                        for stream in streams:
                            caught_up = await shown(stream, text, until="".join(parts[: count + 1]))
                            assert len(caught_up) < len(parts[paused]) / 2, "it got the queue, not the newest"
            for stream in (*streams, other):
                await ended(stream, text)


WINDOW = ClientPerMessageDeflateFactory

OFFERS: dict[str, tuple[Callable[[int], Any], str | None]] = {
    "python, none": (partial(python, compression=None), None),
    "python, its own": (python, "client_no_context_takeover"),
    "python, no server takeover": (
        partial(python, extensions=[WINDOW(server_no_context_takeover=True)], compression=None),
        "server_no_context_takeover",
    ),
    "python, no client takeover": (
        partial(python, extensions=[WINDOW(client_no_context_takeover=True)], compression=None),
        "client_no_context_takeover",
    ),
    "python, the whole window": (
        partial(python, extensions=[WINDOW(server_max_window_bits=15)], compression=None),
        "server_max_window_bits=15",
    ),
    "python, a smaller window": (
        partial(python, extensions=[WINDOW(server_max_window_bits=10)], compression=None),
        None,
    ),
    "python, a smaller window, else a whole one": (
        partial(python, extensions=[WINDOW(server_max_window_bits=10), WINDOW()], compression=None),
        "client_no_context_takeover",
    ),
    "python, a smaller window of its own": (
        partial(python, extensions=[WINDOW(client_max_window_bits=9)], compression=None),
        "client_no_context_takeover",
    ),
    "node, none": (partial(node, offer=False), None),
    "node, no server takeover": (partial(node, offer={"serverNoContextTakeover": True}), "server_no_context_takeover"),
    "node, no client takeover": (partial(node, offer={"clientNoContextTakeover": True}), "client_no_context_takeover"),
    "node, a smaller window": (partial(node, offer={"serverMaxWindowBits": 10}), None),
    "node, a smaller window of its own": (
        partial(node, offer={"clientMaxWindowBits": 9}),
        "client_no_context_takeover",
    ),
}


@only_embedded
@pytest.mark.parametrize(("decoder", "agreed"), OFFERS.values(), ids=OFFERS)
async def test_a_client_gets_what_it_offered_to_understand(
    backend: Backend, decoder: Decoder, agreed: str | None
) -> None:
    text = story(60_000)
    parts = pieces(text, 5_000, 20_000, 20_100, 60_000)
    async with serving(backend.settings()) as server, wiretap(server.port) as tap:
        ann = await server.person("Ann")
        reply = (await ann.send(await ann.create_chat()))["reply"]["id"]
        async with decoder(tap.port) as connection, conversing(ann, connection) as socket:
            stream = await socket.stream(reply)
            async with server.writing(reply) as writing:
                for count, part in enumerate(parts, 1):
                    writing.append(part)
                    await shown(stream, text, until="".join(parts[:count]))
                    # Long enough for the client to compress it, with or without what it sent before.
                    question = await socket.subscribe(f"{{ viewer {{ email }} }} # {story(3_000, seed=count // 2)}")
                    assert await question.rest() == [{"email": ann.email}]
            await ended(stream, text)
    assert (agreed is None) == (b"permessage-deflate" not in tap.handshake.lower())
    assert agreed is None or agreed in tap.handshake.decode()
    assert any(frame.compressed for frame in tap.frames) == (agreed is not None)


@only_embedded
async def test_an_update_is_little_more_than_its_new_text(backend: Backend) -> None:
    text = story(15_000)
    ends = range(1_000, 15_001, 350)
    async with serving(backend.settings()) as server, wiretap(server.port) as tap:
        ann = await server.person("Ann")
        reply = (await ann.send(await ann.create_chat()))["reply"]["id"]
        async with ann.socket(tap.port) as socket:
            stream = await socket.stream(reply)
            await stream.next()
            tap.frames.clear()
            plain, content = 0, ""
            async with server.writing(reply) as writing:
                for part in pieces(text, *ends):
                    writing.append(part)
                    frames = await shown(stream, text, until=(content := content + part))
                    plain += sum(len(json.dumps(frame, ensure_ascii=False).encode()) for frame in frames)
    assert sum(frame.size for frame in tap.frames if frame.compressed) < 0.05 * plain


@only_embedded
async def test_an_update_is_compressed_once_for_each_length_of_envelope(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    compressions = 0

    class Counting:
        def __getattr__(self, name: str) -> Any:
            return getattr(zlib, name)

        def compressobj(self, *arguments: Any) -> Any:
            nonlocal compressions
            compressions += 1
            return zlib.compressobj(*arguments)

    monkeypatch.setattr(wire, "zlib", Counting())
    async with serving(backend.settings()) as server, AsyncExitStack() as stack:
        ann = await server.person("Ann")
        reply = (await ann.send(await ann.create_chat()))["reply"]["id"]
        sockets = [await stack.enter_async_context(ann.socket()) for _ in range(6)]
        streams = [
            await subscribe(socket, id, STREAM, id=reply)
            for socket, id in zip(sockets, ("a", "b", "c", "id", "ie", "ab"), strict=True)
        ]
        for stream in streams:
            await stream.next()
        assert compressions == 1  # the whole one, as nobody had anything before
        async with server.writing(reply) as writing:
            for count in range(1, 5):
                writing.append("more")
                for stream in streams:
                    await stream.until(content="more" * count)
                assert compressions == 1 + 2 * count
            async with ann.socket() as late:
                await (await subscribe(late, "whatever", STREAM, id=reply)).until(content="more" * 4)
                assert compressions == 1 + 2 * 4 + 1


@only_embedded
@pytest.mark.parametrize("changes", [{"deflate": False}, {"direct_writes": False}], ids=["no deflate", "plain path"])
async def test_without_deflate_or_on_the_plain_path_nothing_is_compressed(
    backend: Backend, changes: dict[str, Any]
) -> None:
    text = story(20_000)
    async with serving(backend.settings(**changes)) as server, wiretap(server.port) as tap:
        ann = await server.person("Ann")
        reply = (await ann.send(await ann.create_chat()))["reply"]["id"]
        async with ann.socket(tap.port) as socket:
            stream = await socket.stream(reply)
            async with server.writing(reply) as writing:
                for part in pieces(text, 1_000, 20_000):
                    writing.append(part)
                await shown(stream, text, until=text)
            await ended(stream, text)
    assert b"permessage-deflate" not in tap.handshake.lower()
    assert not any(frame.compressed for frame in tap.frames)


@only_embedded
async def test_an_operation_id_is_as_long_as_an_envelope_can_be(backend: Backend) -> None:
    async with serving(backend.settings()) as server:
        ann = await server.person("Ann")
        message = (await ann.send(await ann.create_chat(), reply=False))["message"]["id"]
        for character in ("i", "\u0001", "漢"):
            async with ann.socket() as socket:
                stream = await subscribe(socket, character * ID_CHARACTERS, STREAM, id=message)
                assert [frame["content"] for frame in await stream.rest()] == ["Hello"]
        async with ann.socket() as socket:
            stream = await subscribe(socket, "i" * (ID_CHARACTERS + 1), STREAM, id=message)
            assert await stream.message() == {"type": "closed", "code": 4400}


# Without clients and networks: any schedule.


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
async def opened(*offers: str) -> AsyncIterator[list[tuple[Wire, Kept]]]:
    """Sockets whose clients offered that, right after the handshake."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await asyncio.Event().wait()

    config = uvicorn.Config(app, ws=Wire, ws_per_message_deflate=True, ws_ping_interval=None, log_config=None)
    config.load()
    state = ServerState()
    wires = []
    with socket.socket() as own:
        for offer in offers:
            transport, one = Kept(own), Wire(config, state, {SEND_TIMEOUT: 10.0})
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


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(st.sampled_from(sorted(TAKEOVERS)), min_size=3, max_size=3), envelopes, steps)
async def test_any_order_of_updates_envelopes_and_answers_is_decoded(
    offers: list[str], texts: list[bytes], schedule: list[Any]
) -> None:
    clients = [Client(takeover=TAKEOVERS[offer]) for offer in offers]
    text, update = "", Update(b'""')
    async with opened(*offers) as wires:
        for step in schedule:
            match step:
                case ("update", more):
                    text += more
                    update = Update(json.dumps(text, ensure_ascii=False).encode(), update)
                case ("send", reader, which):
                    one, transport = wires[reader]
                    one.line.write(texts[which], update)
                    assert clients[reader].read(transport.written.pop()) == texts[which] + update.payload + b"}"
                case ("answer", reader):
                    one, transport = wires[reader]
                    one.write_text(b"an answer")
                    assert clients[reader].read(transport.written.pop()) == b"an answer"


# What is leaned on.

UVICORN = {
    *("app_state", "close_sent", "close_timer", "conn", "disconnected", "loop", "pong_timer", "queue", "read_paused"),
    *("transport", "writable"),
    *("connection_lost", "connection_made", "handle_connect", "handle_ping", "keepalive_timeout", "pause_writing"),
    *("resume_writing",),
}
"""What Wire and Bounded use, or replace, of uvicorn's WebSocket protocol."""

WEBSOCKETS: list[tuple[Any, set[str]]] = [
    (ServerProtocol(), {"data_to_send", "extensions", "send_close"}),
    (
        PerMessageDeflate(False, False, 15, 15),
        {"encode", "encoder", "local_max_window_bits", "local_no_context_takeover"},
    ),
    (ServerPerMessageDeflateFactory(), {"process_request_params"}),
]


def test_the_insides_of_uvicorn_and_websockets_that_the_wire_leans_on_are_still_there() -> None:
    protocol = uvicorn_protocol()
    gone = {f"uvicorn's WebSocketsSansIOProtocol.{name}" for name in UVICORN if not hasattr(protocol, name)}
    for owner, names in WEBSOCKETS:
        gone |= {f"websockets' {type(owner).__name__}.{name}" for name in names if not hasattr(owner, name)}
    assert not gone, f"api/schema/wire.py and bounded.py must be mended: there is no longer {', '.join(sorted(gone))}"


def test_the_wire_leans_on_nothing_else_of_uvicorns() -> None:
    protocol = uvicorn_protocol()
    used = {
        node.attr if isinstance(node, ast.Attribute) else node.name
        for module in (wire, bounded)
        for kind in ast.parse(inspect.getsource(module)).body
        if isinstance(kind, ast.ClassDef) and kind.name in ("Bounded", "BoundedSocket", "Wire")
        for node in ast.walk(kind)
        if (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self")
        or (isinstance(node, ast.FunctionDef) and node.name != "__init__")
    }
    assert {name for name in used if hasattr(protocol, name)} == UVICORN


def uvicorn_protocol() -> WebSocketsSansIOProtocol:
    """As uvicorn makes it; a handshake adds the scope."""
    config = uvicorn.Config(lambda scope: None, log_config=None)
    config.load()
    loop = asyncio.new_event_loop()
    try:
        protocol = WebSocketsSansIOProtocol(config, ServerState(), {}, loop)
    finally:
        loop.close()
    assert "scope" in WebSocketsSansIOProtocol.handle_connect.__code__.co_names
    return protocol
