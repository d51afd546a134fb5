"""What the rivals publish, each in its own process: the text that Twotrack's worker writes, in the same steps."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from api.replies.prose import markdown
from bench.load import Load

AUTHOR = {"id": "assistant", "name": "Assistant"}

Publish = Callable[[int, dict[str, Any]], Awaitable[None]]


def publish_when_told(load: Load, publish: Publish) -> None:
    """Publish the load's messages once this process gets SIGUSR1, when all readers have sat down."""
    loop = asyncio.get_running_loop()
    running: set[asyncio.Task[None]] = set()
    loop.add_signal_handler(signal.SIGUSR1, lambda: running.add(loop.create_task(publish_all(load, publish))))


async def publish_all(load: Load, publish: Publish) -> None:
    """Each update when it is due. All messages grow in step, as they do in a worker that writes what is due at once."""
    texts = [text(load, message) for message in range(load.messages)]
    begun = time.monotonic()
    for update in range(1, load.updates + 1):
        await asyncio.sleep(max(0.0, begun + update / load.per_second - time.monotonic()))
        for message, whole in enumerate(texts):
            await publish(message, {**snapshot(load, message, update, whole), "updatedAt": now()})


def text(load: Load, message: int) -> str:
    """The whole of a message."""
    return whole_text(load.question(message), load.chars)


def whole_text(question: str, chars: int) -> str:
    return "".join(markdown(question, chars))


def snapshot(load: Load, message: int, update: int, whole: str) -> dict[str, Any]:
    """A message as it is after so many updates."""
    last = update == load.updates
    return {
        "id": f"message {message}",
        "chatId": "chat",
        "role": "ASSISTANT",
        "content": whole[: len(whole) * update // load.updates],
        "status": "COMPLETE" if last else "STREAMING",
        "streaming": not last,
        "revision": update,
        "createdAt": "2026-01-01T00:00:00.000000Z",
        "updatedAt": "",
        "author": AUTHOR,
    }


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
