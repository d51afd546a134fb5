"""Agents that write replies through the Python package, one process for all of them: `python -m bench.agents`.

Prints the delays from an append to its receipt, in milliseconds, as JSON: of the appends while all of them write.
"""

import asyncio
import gc
import json
import os
import time

import httpx
import uvloop
from twotrack_producer import Reply, Server, reply

from bench.load import BEGIN_SECONDS, END_SECONDS, Load
from bench.publishing import whole_text

CHARACTERS_PER_TOKEN = 5

TOKENS_AT_ONCE = 4
"""Providers send several tokens in one event or one packet."""

TOKENS_PER_SAMPLE = 29
"""Every half a second, the delay of one token is taken."""


class OneConnection(httpx.AsyncBaseTransport):
    """HTTP/1.1 over one connection, request by request: httpx's own takes more of a core than the server does."""

    def __init__(self) -> None:
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._streams is None:
            self._streams = await asyncio.open_connection(request.url.host, request.url.port)
        reader, writer = self._streams
        head = b"".join(b"%b: %b\r\n" % header for header in request.headers.raw)
        writer.write(b"POST %b HTTP/1.1\r\n%b\r\n%b" % (request.url.raw_path, head, await request.aread()))
        status, *headers = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        length = next(
            int(header.partition(":")[2]) for header in headers if header.lower().startswith("content-length")
        )
        return httpx.Response(int(status.split()[1]), content=await reader.readexactly(length))

    async def aclose(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


async def main(load: Load, url: str, token: str, chats: list[str]) -> list[float]:
    begin = time.monotonic()
    delays: list[tuple[float, float]] = []
    async with asyncio.TaskGroup() as agents:
        for number, chat in enumerate(chats):
            agents.create_task(write(url, token, chat, load, number, delays))
        gc.freeze()
    return [delay for at, delay in delays if BEGIN_SECONDS <= at - begin <= load.seconds - END_SECONDS]


async def write(url: str, token: str, chat: str, load: Load, number: int, delays: list[tuple[float, float]]) -> None:
    """One agent, with a connection of its own."""
    text, loop = whole_text(load.question(number), load.chars), asyncio.get_running_loop()
    pause = CHARACTERS_PER_TOKEN / load.chars_per_second
    await asyncio.sleep(number / load.messages)  # agents begin at different moments
    client = httpx.AsyncClient(transport=OneConnection())
    async with (
        Server(url, token, client=client) as server,
        reply(server, chat, key=f"reply {number}") as draft,
        asyncio.TaskGroup() as samples,
    ):
        begun = loop.time()
        for count, at in enumerate(range(0, len(text), CHARACTERS_PER_TOKEN), 1):
            draft.append(text[at : at + CHARACTERS_PER_TOKEN])
            if not count % TOKENS_PER_SAMPLE:
                samples.create_task(sample(draft, delays))
            if not count % TOKENS_AT_ONCE:
                await asyncio.sleep(begun + count * pause - loop.time())


async def sample(draft: Reply, delays: list[tuple[float, float]]) -> None:
    appended = time.monotonic()
    await draft.flush()
    delays.append((appended, (time.monotonic() - appended) * 1e3))


if __name__ == "__main__":
    given = os.environ
    load, chats = Load.from_json(given["LOAD"]), json.loads(given["CHATS"])
    print(json.dumps(uvloop.run(main(load, given["URL"], given["TOKEN"], chats))))
