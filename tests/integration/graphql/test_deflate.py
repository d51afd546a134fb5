"""What goes over a socket is compressed once for all readers, and each client's own permessage-deflate decodes it."""

import json
import zlib
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import pytest
import uvloop
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from api.graphql import encoded_payload
from api.graphql.transport.socket_messages import ID_CHARACTERS
from tests.support.backends import Backend
from tests.support.decoders import Decoder, browser, conversing, node, python, subscribe
from tests.support.operations import STREAM
from tests.support.server import serving
from tests.support.sockets import Subscription
from tests.support.texts import noise, story
from tests.support.wiretap import wiretap

LOOPS = {"uvloop": uvloop.new_event_loop}
"""As in production."""

DECODERS = {"python": python, "node": node, "browser": browser}

only_embedded = pytest.mark.parametrize("backend", ["embedded"], indirect=True)
"""Which database and bus there are makes no difference here."""

every_decoder = pytest.mark.parametrize("decoder", DECODERS.values(), ids=DECODERS)

PING = 9


def pieces(text: str, *ends: int) -> list[str]:
    """The text in pieces that end there."""
    return [text[start:end] for start, end in zip((0, *ends), ends, strict=False)]


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
        async with decoder(tap.port) as connection, conversing(ann, connection) as socket:
            async with (
                server.writing(reply := await ann.prompt()) as writing,
                server.writing(other := await ann.prompt()) as writing_other,
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
        reply = await ann.prompt()
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
        reply = await ann.prompt()
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
        reply = await ann.prompt()
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

    monkeypatch.setattr(encoded_payload, "zlib", Counting())
    async with serving(backend.settings()) as server, AsyncExitStack() as stack:
        ann = await server.person("Ann")
        reply = await ann.prompt()
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
        reply = await ann.prompt()
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
