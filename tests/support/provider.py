"""A model's provider on the loopback interface: speaks as OpenAI does, and says what a test has scripted.

    async with Provider() as provider:
        provider.answers(Say("Hel"), Say("lo."), Finish())
        ...                                 # OPENAI_BASE_URL=provider.base_url, TWOTRACK_MODEL=openai:any-name
        call = await provider.call(1)       # the first request, as soon as it is there
        await call.left.wait()              # the client has closed it

Each request takes the next script, and the last one serves all that follow. A test that has no loop of its own runs it
in a thread: `with provider_in_thread() as (provider, wait)`, then `wait(provider.call(1))`.
"""

import asyncio
import contextlib
import json
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from tests.support.dialects import DIALECTS, Event

SECRET = "what-only-the-operator-may-read"
"""Stands in what a provider says of its failures; no test may ever find it in a chat."""


@dataclass(frozen=True)
class Say:
    """Words of the reply."""

    content: str


@dataclass(frozen=True)
class Think:
    """Words of the reasoning."""

    content: str


@dataclass(frozen=True)
class Decline:
    """Words by which the model refuses to answer."""

    content: str


@dataclass(frozen=True)
class Finish:
    """The proper end: a reason, the usage if it counts, and `[DONE]`."""

    reason: str = "stop"
    usage: tuple[int, int] | None = (11, 7)


@dataclass(frozen=True)
class Refuse:
    """An answer that is no stream; it stands alone in its script."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    code: str = "scripted"


@dataclass(frozen=True)
class Complain:
    """A failure inside the stream, after its 200."""

    code: str = "scripted"


@dataclass(frozen=True)
class Stall:
    """Silence on an open connection: until the client leaves, or until the event."""

    until: asyncio.Event | None = None


@dataclass(frozen=True)
class Drop:
    """The connection is gone: torn down, or ended politely, as by a proxy that has lost its upstream."""

    politely: bool = False


@dataclass(frozen=True)
class Dictate:
    """The rest is made up as it goes; it stands last in its script."""

    steps: "Callable[[Call], AsyncIterator[Step]]"


Step = Say | Think | Decline | Finish | Refuse | Complain | Stall | Drop | Dictate


@dataclass(frozen=True)
class Call:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    stalled: asyncio.Event = field(default_factory=asyncio.Event)
    """All before its `Stall` has been sent."""
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """The client has closed the connection before the script was through."""


class Provider:
    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.base_url = ""
        self._came = asyncio.Condition()
        self._scripts: deque[tuple[Step, ...]] = deque()
        self._connections: set[asyncio.Task[None]] = set()

    def answers(self, *steps: Step) -> None:
        """The script of the next request that has none yet."""
        self._scripts.append(steps)

    async def call(self, number: int) -> Call:
        """The first, second, … request, once it is there."""
        async with self._came:
            await self._came.wait_for(lambda: len(self.calls) >= number)
        return self.calls[number - 1]

    @property
    def connections(self) -> int:
        return len(self._connections)

    async def deserted(self) -> None:
        """Until nobody is connected."""
        await asyncio.gather(*self._connections)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)
        connection.add_done_callback(lambda _: writer.close())  # also if it was cancelled before its first step

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while call := await _read(reader):
                async with self._came:
                    self.calls.append(call)
                    self._came.notify_all()
                steps = self._scripts.popleft() if len(self._scripts) > 1 else self._scripts[0]
                if not await _through_unless_left(_play(steps, call, writer), reader):
                    call.left.set()
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Call | None:
    head = await reader.readuntil(b"\r\n\r\n")
    request, *lines = head.decode().rstrip().split("\r\n")
    path = request.split(" ")[1]
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Call(path, headers, json.loads(await reader.readexactly(int(headers["content-length"]))))


async def _through_unless_left(play: Coroutine[Any, Any, None], reader: asyncio.StreamReader) -> bool:
    playing = asyncio.create_task(play)
    leaving = asyncio.create_task(reader.read(1))
    try:
        await asyncio.wait((playing, leaving), return_when=asyncio.FIRST_COMPLETED)
        if playing.done():
            await playing
        return playing.done()
    finally:
        playing.cancel()
        leaving.cancel()
        await asyncio.gather(playing, leaving, return_exceptions=True)


async def _play(steps: tuple[Step, ...], call: Call, writer: asyncio.StreamWriter) -> None:
    if isinstance(steps[0], Refuse):
        _refuse(steps[0], writer)
        return
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    dialect = DIALECTS[call.path]()
    _send(writer, dialect.begin())
    async for step in _each(steps, call):
        match step:
            case Say(content):
                _send(writer, dialect.say(content))
            case Think(content):
                _send(writer, dialect.think(content))
            case Decline(content):
                _send(writer, dialect.decline(content))
            case Complain(code):
                _send(writer, dialect.complain(code, SECRET))
            case Finish(reason, usage):
                _send(writer, dialect.finish(reason, usage))
            case Stall(until):
                await writer.drain()
                call.stalled.set()
                await (until or asyncio.Event()).wait()
            case Drop(politely=False):
                await writer.drain()
                writer.transport.abort()
                raise ConnectionResetError
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def _each(steps: tuple[Step, ...], call: Call) -> AsyncIterator[Step]:
    for step in steps:
        if isinstance(step, Dictate):
            async for dictated in step.steps(call):
                yield dictated
        else:
            yield step


def _refuse(refusal: Refuse, writer: asyncio.StreamWriter) -> None:
    body = json.dumps({"error": {"message": SECRET, "code": refusal.code}}).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **refusal.headers}
    lines = [f"HTTP/1.1 {refusal.status} Refused", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def _send(writer: asyncio.StreamWriter, events: Iterable[Event]) -> None:
    for event in events:
        data = event if isinstance(event, str) else json.dumps(event)
        chunk = f"data: {data}\n\n".encode()
        writer.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")


Wait = Callable[[Coroutine[Any, Any, Any]], Any]


@contextlib.contextmanager
def provider_in_thread(wait_seconds: float = 30) -> Iterator[tuple[Provider, Wait]]:
    """For tests whose own loop is somebody else's, such as Playwright's; `wait` awaits in the provider's."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def wait(coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(wait_seconds)

    provider = Provider()
    wait(provider.__aenter__())
    try:
        yield provider, wait
    finally:
        wait(provider.__aexit__())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
