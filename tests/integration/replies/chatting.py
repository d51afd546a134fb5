"""A server whose worker asks the stand-in provider, for tests from the question to the row."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.integration.replies.formats import Chat
from tests.support.backends import Backend
from tests.support.people import Person
from tests.support.server import Running, serving

FIELDS = """id content reasoning status streaming model finishReason providerFinishReason activity
    usage { inputTokens outputTokens } error { code message }"""

MESSAGE = f"query ($id: ID!) {{ message(id: $id) {{ {FIELDS} }} }}"
STREAM = f"subscription ($id: ID!) {{ messageStream(id: $id) {{ {FIELDS} }} }}"


@asynccontextmanager
async def replying(backend: Backend, **changes: Any) -> AsyncIterator[Running]:
    """The server, which writes replies. It gives up those that have not ended when the test has."""
    settings = backend.settings(**{"model": Chat.name, "grace_seconds": 0.5, **changes})
    async with serving(settings, replies=True) as server:
        yield server


async def finished(person: Person, reply: str) -> dict[str, Any]:
    """The reply, once it is final."""
    async with person.socket() as socket:
        await (await socket.stream(reply)).rest()
    return await message(person, reply)


async def message(person: Person, id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await person.ask(MESSAGE, id=id))["message"]
    return found


async def answered(person: Person, chat: str, content: str = "How do tides work?") -> dict[str, Any]:
    """The final reply to this message."""
    return await finished(person, await person.prompt(chat, content))
