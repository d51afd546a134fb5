"""Python's own GraphQL client, as client/README.md shows it."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from gql.transport.exceptions import TransportQueryError

from tests.support.network import Network
from tests.support.server import Running
from tests.support.until import PATIENCE_SECONDS

README = Path(__file__).parents[3] / "client" / "README.md"

Follow = Callable[[str, str, str], AsyncIterator[dict[str, Any]]]


@pytest.fixture
def follow() -> Follow:
    """The README's snippet: what we show is what we run."""
    snippet = re.search(r"^```py follow\.py\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)
    assert snippet is not None
    names: dict[str, Any] = {}
    exec(snippet[1], names)
    return names["follow"]  # type: ignore[no-any-return]


async def test_gql_follows_a_reply_to_its_end_over_a_socket_that_is_cut(server: Running, follow: Follow) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with Network(server.port) as network, asyncio.timeout(PATIENCE_SECONDS):
        messages = follow(f"{network.url}/graphql", ann.token, reply)
        async with server.writing(reply) as text:
            assert (await anext(messages))["streaming"]
            network.cut()
            network.restore()
            text.append("The Moon pulls.")
            while (message := await anext(messages))["content"] != "The Moon pulls.":
                assert message["streaming"]
        rest = [message async for message in messages]
    assert (rest[-1]["status"], rest[-1]["content"]) == ("COMPLETE", "The Moon pulls.")


async def test_gql_is_told_that_a_message_is_not_there(server: Running, follow: Follow) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    reply = await ann.prompt()
    with pytest.raises(TransportQueryError, match="NOT_FOUND"):
        await anext(follow(server.url, bob.token, reply))
