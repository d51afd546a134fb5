"""Takes waiting replies from the database and has them written: so many at once, each by a task of its own.

The bus says when something waits and when somebody else decided about a reply; the database is asked every second
in case the bus lost the word.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Executable, Row, func, select
from sqlalchemy.exc import SQLAlchemyError
from uuid_utils.compat import uuid7

from api.database import Database
from api.models import Message, MessageRole, User
from api.replies.model import Finished, Reasoning, ReplyModel, Text, Turn
from api.streaming import channels, leases
from api.streaming.bus import Bus, as_good_as_lost
from api.streaming.draft import Draft
from api.streaming.store import unforeseen
from api.streaming.writer import Writer

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
"""How long a waiting reply goes unnoticed at most when the bus lost the word."""

GIVE_WAY_EVENTS = 100
"""From a model, before all else gets its turn: one that never waits, as where all has come already, would keep even its
own text from being written, and Stop from being heard."""

RETRY_SECONDS = 0.25
"""How long to wait before a database that is away is asked again."""

HISTORY_MESSAGES = 100
HISTORY_CHARACTERS = 1_000_000
"""The most recent messages that a model is given: what fits most context windows many times over, and what 200 replies
at once can hold in memory. The last one is always among them."""


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
        self._open = False

    @asynccontextmanager
    async def working(self, grace: float) -> AsyncIterator[None]:
        """Claim and write until left; then finish what can be within `grace` seconds, and part from the rest."""
        self._open = True
        claiming = asyncio.create_task(self._claim(), name="worker: claiming")
        hearing = [
            asyncio.create_task(hear, name="worker: hearing")
            for hear in (self._hear_of_work(), self._hear_of_decisions())
        ]
        try:
            yield
        finally:
            self._open = False
            self._called.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await claiming  # a claim that is under way takes replies, which must then be written
                    await self._finish()
            parting = [claiming, *hearing, *self._replies]
            for task in parting:
                task.cancel()
            await asyncio.gather(*parting, return_exceptions=True)

    async def _finish(self) -> None:
        if self._replies:
            log.info("finishing", replies=len(self._replies))
            await asyncio.wait(self._replies)

    async def _claim(self) -> None:
        while self._open:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._called.wait()
            except TimeoutError:
                pass
            self._called.clear()
            try:
                while self._open and (room := self._most - len(self._replies)):
                    claim = leases.claim(Message, self.id, limit=room, lease=self._lease)
                    rows = await self._database.write(claim)
                    for row in rows:
                        self._start(Message(**row._mapping))
                    if len(rows) < room:
                        break
            except Exception as error:
                log.warning("nothing claimed", error=repr(error), exc_info=unforeseen(error))

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
                heard = 0
                async for event in events:
                    _take(text, event)
                    heard += 1
                    if not heard % GIVE_WAY_EVENTS:
                        await asyncio.sleep(0)

    async def _history(self, reply: Message) -> list[Turn]:
        """What was said before in this chat and is final, the oldest first."""
        recent = (
            select(Message.id, Message.role, Message.content, User.name)
            .outerjoin(User, User.id == Message.author_id)
            .where(Message.chat_id == reply.chat_id, Message.id < reply.id, ~Message.streaming, Message.content != "")
            .order_by(Message.id.desc())
            .limit(HISTORY_MESSAGES)
            .subquery()
        )
        length = func.length(recent.c.content)
        after = func.sum(length).over(order_by=recent.c.id.desc()) - length
        counted = select(recent, after.label("after")).subquery()
        rows = await self._patiently(
            select(counted).where(counted.c.after < HISTORY_CHARACTERS).order_by(counted.c.id.desc())
        )
        return [
            Turn("user" if row.role is MessageRole.USER else "assistant", row.content, row.name)
            for row in reversed(rows)
        ]

    async def _patiently(self, query: Executable) -> Sequence[Row[Any]]:
        """Read, should the database be away, as soon as it is back: for a lease, while the reply is ours."""
        until = asyncio.get_running_loop().time() + self._lease
        while True:
            try:
                return await self._database.read(query)
            except (OSError, SQLAlchemyError) as error:
                if asyncio.get_running_loop().time() > until:
                    raise
                log.warning("not read", error=repr(error))
            await asyncio.sleep(RETRY_SECONDS)

    async def _hear_of_work(self) -> None:
        async with self._bus.subscribe(channels.WORK) as calls:
            log.info("working", worker=str(self.id), most=self._most)
            self._called.set()
            async for _ in calls:
                self._called.set()

    async def _hear_of_decisions(self) -> None:
        async with self._bus.subscribe(channels.writer(self.id)) as decisions:
            async for decision in decisions:
                with as_good_as_lost(channels.writer(self.id)):
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
