"""A stand-in for any provider, on the loopback interface. It sends responses byte by byte as a test describes them.

    provider.answers(Answer(chat.begin(), chat.say("Hel"), HOLD))
    events = await ask("openai-chat:stand-in")
    await provider.calls[0].left.wait()             # the client has closed the connection

Each request takes the next answer, and the last one serves all that follow. With `strict` it refuses what servers with
strict templates refuse: roles that do not alternate from `user` to `user`.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Self

from tests.integration.replies.formats import Anthropic, Chat, Format, Gemini, Responses

COMMENT_SECONDS = 0.01
"""Between two comments on a connection that is held open."""


class Step(Enum):
    HOLD = "send comments until the client leaves"
    STALL = "send nothing until the client leaves"
    ABORT = "reset the connection"


HOLD, STALL, ABORT = Step


@dataclass(frozen=True)
class Answer:
    """One response. Each piece leaves by itself."""

    pieces: tuple[bytes | Step, ...]
    status: int
    headers: Mapping[str, str]

    def __init__(self, *pieces: bytes | Step, status: int = 200, **headers: str) -> None:
        kind = {"content-type": "text/event-stream"}
        object.__setattr__(self, "pieces", pieces)
        object.__setattr__(self, "status", status)
        object.__setattr__(self, "headers", kind | {name.replace("_", "-"): value for name, value in headers.items()})


def in_json(body: object, status: int = 200, **headers: str) -> Answer:
    return Answer(json.dumps(body).encode(), status=status, **{"content_type": "application/json", **headers})


@dataclass(frozen=True)
class Call:
    """One request."""

    path: str
    body: Mapping[str, Any]
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """The client has closed the connection before the answer was complete."""

    @property
    def format(self) -> type[Format]:
        kinds = {"/chat/completions": Chat, "/responses": Responses, "/messages": Anthropic}
        return next((kind for end, kind in kinds.items() if self.path.endswith(end)), Gemini)

    @property
    def messages(self) -> list[tuple[str, str]]:
        """The roles and texts of the request."""
        return self.format().roles(self.body)


class Provider:
    def __init__(self, *, strict: bool = False) -> None:
        self.calls: list[Call] = []
        self.url = ""
        self.choose: Callable[[Call], Answer] | None = None
        """Chooses the answer to a request, instead of `answers`."""
        self._strict = strict
        self._answers: deque[Answer] = deque()
        self._came = asyncio.Condition()
        self._connections: set[asyncio.Task[None]] = set()

    def answers(self, *answers: Answer) -> None:
        """The answers to the next requests, instead of those that were left."""
        self._answers = deque(answers)

    async def call(self, number: int) -> Call:
        """The first, second, … request, once it is there."""
        async with self._came:
            await self._came.wait_for(lambda: len(self.calls) >= number)
        return self.calls[number - 1]

    @property
    def refused(self) -> list[Call]:
        return [call for call in self.calls if not alternates(call.messages)]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
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
        connection.add_done_callback(lambda _: writer.close())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while call := await _read(reader):
                async with self._came:
                    self.calls.append(call)
                    self._came.notify_all()
                if not await _sent_to_its_end(self._answer_to(call), reader, writer):
                    call.left.set()
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            return

    def _answer_to(self, call: Call) -> Answer:
        if self._strict and not alternates(call.messages):
            return in_json({"error": {"message": "roles must alternate user/assistant/user/…"}}, status=400)
        if self.choose is not None:
            return self.choose(call)
        return self._answers.popleft() if len(self._answers) > 1 else self._answers[0]


def alternates(messages: list[tuple[str, str]]) -> bool:
    """Whether a request is one that every provider accepts."""
    roles = [role for role, _ in messages]
    expected = ["user", "assistant"] * len(roles)
    return len(roles) % 2 == 1 and roles == expected[: len(roles)] and all(text.strip() for _, text in messages)


async def _read(reader: asyncio.StreamReader) -> Call:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    request, *lines = head.rstrip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = json.loads(await reader.readexactly(int(headers["content-length"])))
    return Call(request.split(" ")[1].partition("?")[0].removesuffix(":streamGenerateContent"), body)


async def _sent_to_its_end(answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Send the answer. False if the client has left before."""
    sending = asyncio.create_task(_send(answer, writer))
    leaving = asyncio.create_task(reader.read(1))
    try:
        await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            await sending
        return sending.done()
    finally:
        sending.cancel()
        leaving.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)


async def _send(answer: Answer, writer: asyncio.StreamWriter) -> None:
    headers = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    writer.write(f"HTTP/1.1 {answer.status} -\r\n{headers}transfer-encoding: chunked\r\n\r\n".encode())
    for piece in answer.pieces:
        match piece:
            case Step.HOLD:
                while True:
                    _chunk(b": keep-alive\n\n", writer)
                    await asyncio.sleep(COMMENT_SECONDS)
            case Step.STALL:
                await asyncio.Event().wait()
            case Step.ABORT:
                await writer.drain()
                writer.transport.abort()
                raise ConnectionResetError
            case bytes() if piece:
                _chunk(piece, writer)
                await writer.drain()
                await asyncio.sleep(0)  # so that the client reads it as a piece of its own
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def _chunk(piece: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
