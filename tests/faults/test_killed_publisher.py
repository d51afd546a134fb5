"""A process dies between commit and publish: what it committed shows everywhere within a sweep, on both tracks."""

import asyncio
import signal
import sys
from functools import partial

from api.graphql import relay
from tests.support.conversation import conversation
from tests.support.fleet import Fleet
from tests.support.readers import Reader


def shows(reader: Reader, text: str) -> bool:
    return bool(reader.frames) and text in reader.last["content"]


async def killed_after_commit(fleet: Fleet, kind: str, id: str) -> None:
    module = "tests.faults.killed_publisher"
    command = (sys.executable, "-m", module, fleet.database_url, kind, str(relay.key_of(kind, id)))
    process = await asyncio.create_subprocess_exec(*command)
    assert await process.wait() == -signal.SIGKILL


async def test_text_that_was_committed_but_never_published_shows_and_the_reply_ends(fleet: Fleet) -> None:
    async with conversation(fleet) as talk:
        reply = await talk.ask()
        await killed_after_commit(fleet, "Message", reply)
        for reader in talk.readers[reply]:
            await reader.until(partial(shows, reader, "announced to nobody"))
        row = await talk.ended(reply)
        assert (row.status, row.content) == ("FAILED", "Committed, and announced to nobody.")


async def test_a_change_that_was_committed_but_never_published_reaches_every_page(fleet: Fleet) -> None:
    async with conversation(fleet) as talk:
        await talk.level()
        before = talk.pages[0].revision
        await killed_after_commit(fleet, "Chat", talk.chat)
        await talk.level()
        assert talk.pages[0].revision == before + 1
