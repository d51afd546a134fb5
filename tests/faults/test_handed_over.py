"""With ON_LOST=continue, a reply whose writer is lost goes on from its text, and has no word twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select

from api.chats.models import Message, TokenUsage
from api.replies.prompt import CONTINUE
from api.replies.prose import markdown
from api.streaming.columns import Status
from api.streaming.writer import Writer
from tests.support.backends import Backend
from tests.support.conversation import conversation
from tests.support.fleet import Fleet, ServerProcess, frozen
from tests.support.scripted import ENDLESS, SHORT, WHOLE
from tests.support.server import Running, serving

REST = "".join(markdown(CONTINUE, SHORT))

CONTINUES: dict[str, Any] = {"on_lost": "continue"}


def goes_on_once(row: Message, prefix: int) -> bool:
    """Whether the text is one beginning, of so many characters or more, and one continuation."""
    begun = row.content.removesuffix(REST)
    whole = "".join(markdown("Hello", 60_000))
    return row.status == Status.COMPLETE and len(row.content) > len(begun) >= prefix and whole.startswith(begun)


@asynccontextmanager
async def continuing(fleet: Fleet) -> AsyncIterator[None]:
    """The fleet with other servers: any process may be the one that settles."""
    before, fleet.servers = fleet.servers, [ServerProcess(fleet.settings(**CONTINUES)) for _ in range(2)]
    try:
        for server in before:
            await asyncio.to_thread(server.stop)
        await fleet.mended()
        yield
    finally:
        fleet.end()
        fleet.servers = before


async def test_a_reply_whose_worker_is_frozen_or_killed_goes_on_at_another(fleet: Fleet) -> None:
    async with continuing(fleet), fleet.worker(ENDLESS, **CONTINUES) as worker, conversation(fleet) as talk:
        reply = await talk.ask()
        await talk.shown(reply, 100)
        with frozen(worker):
            async with fleet.worker(WHOLE, **CONTINUES):
                row = await talk.ended(reply)
        assert goes_on_once(row, 100), row.content
        assert (row.tries, row.error_code) == (2, None)
        second = await talk.ask()
        await talk.shown(second, 100)  # by the first worker, which is awake
        after = await fleet.row(reply)
        assert (after.revision, after.content) == (row.revision, row.content)
        worker.kill()
        async with fleet.worker(WHOLE, **CONTINUES):
            row = await talk.ended(second)
        assert goes_on_once(row, 100), row.content


async def test_a_worker_that_shuts_down_hands_its_replies_over_with_their_text(fleet: Fleet) -> None:
    async with fleet.worker(ENDLESS, grace_seconds=0.5, **CONTINUES) as worker, conversation(fleet) as talk:
        reply = await talk.ask()
        await talk.shown(reply, 100)
        async with fleet.worker(WHOLE, **CONTINUES):
            await worker.leaves()
            row = await talk.ended(reply)
    assert goes_on_once(row, 100), row.content
    assert row.tries == 2


async def test_the_text_is_stored_once_and_the_tokens_of_the_lost_writer_are_estimated(backend: Backend) -> None:
    settings = backend.settings(patience_seconds=3600, **CONTINUES)
    async with serving(settings) as server:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        revisions = [await lost_after(server, reply, "One "), await lost_after(server, reply, "two ")]
    async with serving(settings.model_copy(update={"model": WHOLE + "0"}), replies=True) as server:
        row = await server.row_when(reply, lambda row: not row.streaming)
        assert (row.status, row.content, row.tries) == (Status.COMPLETE, "One two " + REST, 3)
        assert [*revisions, row.revision] == sorted({*revisions, row.revision})
        async with server.runtime.database.reading() as session:
            tokens = await session.scalar(select(func.sum(TokenUsage.tokens)))
            assert tokens is not None
            assert tokens > len(REST) // 10


async def test_a_reply_that_loses_its_writers_again_and_again_fails_with_its_text(backend: Backend) -> None:
    async with serving(backend.settings(patience_seconds=3600, **CONTINUES)) as server:
        reply = await (await server.person("Ann")).prompt()
        for word in ("One ", "two ", "three"):
            await lost_after(server, reply, word)
        row = await server.row(reply)
        assert (row.status, row.error_code, row.content) == (Status.FAILED, "INTERRUPTED", "One two three")


async def lost_after(server: Running, reply: str, text: str) -> int:
    """A writer claims the reply, writes so much, dies, and is missed. Returns the revision."""
    row = await server.claim(reply, writer=uuid4())
    async with server.writer() as writer:
        writing = asyncio.ensure_future(write(writer, row, text))
        await server.row_when(reply, lambda row: row.content.endswith(text))
        writer._ticking.cancel()  # type: ignore[union-attr]  # it dies, and writes nothing more
        writer._drafts.clear()
        writing.cancel()
        await asyncio.wait([writing], timeout=0.1)
    await server.let_lease_run_out(reply)
    await server.runtime.sweep.once()
    revision: int = (await server.row(reply)).revision
    return revision


async def write(writer: Writer, row: Message, text: str) -> None:
    async with writer.stream(row) as draft:
        draft.append(text)
        await asyncio.Event().wait()
