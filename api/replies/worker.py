"""Takes waiting replies from the database and has them written: so many at once, each by a task of its own.

The bus says when something waits and when somebody else decided about a reply; the database is asked every second
in case the bus lost the word.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from uuid import UUID

import structlog
from sqlalchemy import select
from uuid_utils.compat import uuid7

from api.database import Database
from api.models import Message, MessageRole, User
from api.replies.model import Finished, Reasoning, ReplyModel, Text, Turn
from api.streaming import channels, leases
from api.streaming.bus import Bus
from api.streaming.draft import Draft
from api.streaming.writer import Writer

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
"""How long a waiting reply goes unnoticed at most when the bus lost the word."""

HISTORY_MESSAGES = 100
"""The most recent messages that a model is given: what fits most context windows many times over."""


class Worker:
    """Writes replies while it is open. Opened by `working`."""

    def __init__(
        self, database: Database, bus: Bus, writer: Writer, model: ReplyModel, *, lease: float, most: int
    ) -> None:
        self.id: UUID = uuid7()
        self._database = database
        self._bus = bus
        self._writer = writer
        self._model = model
        self._lease = lease
        self._most = most
        self._replies: set[asyncio.Task[None]] = set()
        self._called = asyncio.Event()

    @asynccontextmanager
    async def working(self, grace: float) -> AsyncIterator[None]:
        """Claim and write until left; then finish what can be within `grace` seconds, and part from the rest."""
        claiming = [
            asyncio.create_task(work, name="worker")
            for work in (self._claim(), self._hear_of_work(), self._hear_of_decisions())
        ]
        try:
            yield
        finally:
            for task in claiming[:2]:
                task.cancel()
            if self._replies:
                await asyncio.wait(self._replies, timeout=grace)
            for task in self._replies | {claiming[2]}:
                task.cancel()
            await asyncio.gather(*claiming, *self._replies, return_exceptions=True)

    async def _claim(self) -> None:
        while True:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._called.wait()
            except TimeoutError:
                pass
            self._called.clear()
            try:
                while room := self._most - len(self._replies):
                    claim = leases.claim(Message, self.id, limit=room, lease=self._lease)
                    rows = await self._database.write(claim)
                    for row in rows:
                        self._start(Message(**row._mapping))
                    if len(rows) < room:
                        break
            except Exception as error:
                log.warning("nothing claimed", error=repr(error))

    def _start(self, reply: Message) -> None:
        task = asyncio.create_task(self._write(reply), name=f"reply: {reply.id}")
        self._replies.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._replies.discard(task)
        self._called.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a reply's task failed", exc_info=error)

    async def _write(self, reply: Message) -> None:
        async with self._writer.stream(reply) as text:
            text.set(model=self._model.name)
            async with aclosing(self._model.reply_to(await self._history(reply))) as events:
                async for event in events:
                    _take(text, event)

    async def _history(self, reply: Message) -> list[Turn]:
        """What was said before in this chat and is final, the oldest first."""
        earlier = (
            select(Message.role, Message.content, User.name)
            .outerjoin(User, User.id == Message.author_id)
            .where(Message.chat_id == reply.chat_id, Message.id < reply.id, ~Message.streaming, Message.content != "")
            .order_by(Message.id.desc())
            .limit(HISTORY_MESSAGES)
        )
        rows = await self._database.read(earlier)
        return [
            Turn("user" if row.role is MessageRole.USER else "assistant", row.content, row.name)
            for row in reversed(rows)
        ]

    async def _hear_of_work(self) -> None:
        async with self._bus.subscribe(channels.WORK) as calls:
            log.info("working", worker=str(self.id), most=self._most)
            self._called.set()
            async for _ in calls:
                self._called.set()

    async def _hear_of_decisions(self) -> None:
        async with self._bus.subscribe(channels.writer(self.id)) as decisions:
            async for decision in decisions:
                key, fence = decision.split()
                self._writer.dismiss(UUID(hex=key), int(fence))


def _take(text: Draft, event: Text | Reasoning | Finished) -> None:
    match event:
        case Text():
            text.append(event.delta)
        case Reasoning():
            text.append(event.delta, to="reasoning")
        case Finished():
            text.set(
                finish_reason=event.reason and event.reason[:50],
                input_tokens=event.input_tokens,
                output_tokens=event.output_tokens,
            )
            if event.model:
                text.set(model=event.model[:200])
