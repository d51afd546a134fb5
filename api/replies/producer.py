"""Produces a reply: reads the history of its chat, asks the model, and appends its text to the draft."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import structlog
from sqlalchemy import Executable, Row, func, select
from sqlalchemy.exc import SQLAlchemyError

from api.accounts.models import User
from api.chats.models import Message, MessageRole
from api.replies.reply_model import Finished, Reasoning, ReplyModel, Text, Turn
from api.streaming.draft import Draft
from api.streaming.store import Store

log = structlog.get_logger(__name__)

EVENTS_PER_TURN = 100
"""After this many events of a model, other tasks run. A model whose whole text has arrived never waits, and would keep
its own text from being written and Stop from being received."""

RETRY_SECONDS = 0.25
"""Between two attempts to read from a database that does not answer."""

HISTORY_MESSAGES = 100
HISTORY_CHARACTERS = 1_000_000
"""Limits of the history that a model receives. It holds more than most context windows, and 200 replies at once hold it
in memory. The last message is always part of it."""


class ReplyProducer:
    """Produces the text of replies with one model."""

    def __init__(self, store: Store, model: ReplyModel, *, lease: float) -> None:
        self._store = store
        self._model = model
        self._lease = lease

    async def __call__(self, reply: Message, draft: Draft) -> None:
        draft.set(model=self._model.name)
        async with aclosing(self._model.reply_to(await self._history(reply))) as events:
            received = 0
            async for event in events:
                _apply(event, draft)
                received += 1
                if not received % EVENTS_PER_TURN:
                    await asyncio.sleep(0)

    async def _history(self, reply: Message) -> list[Turn]:
        """The final messages before this reply in its chat, the oldest first."""
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
        rows = await self._read(
            select(counted).where(counted.c.after < HISTORY_CHARACTERS).order_by(counted.c.id.desc())
        )
        return [
            Turn("user" if row.role is MessageRole.USER else "assistant", row.content, row.name)
            for row in reversed(rows)
        ]

    async def _read(self, query: Executable) -> Sequence[Row[Any]]:
        """Read. If the database does not answer, retry for the length of a lease: until then the reply is ours."""
        until = asyncio.get_running_loop().time() + self._lease
        while True:
            try:
                return await self._store.read(query)
            except (OSError, SQLAlchemyError) as error:
                if asyncio.get_running_loop().time() > until:
                    raise
                log.warning("database does not answer", error=repr(error))
            await asyncio.sleep(RETRY_SECONDS)


def _apply(event: Text | Reasoning | Finished, draft: Draft) -> None:
    match event:
        case Text():
            draft.append(event.delta)
        case Reasoning():
            draft.append(event.delta, to="reasoning")
        case Finished():
            draft.set(
                finish_reason=event.reason and event.reason[:50],
                input_tokens=event.input_tokens,
                output_tokens=event.output_tokens,
            )
            if event.model:
                draft.set(model=event.model[:200])
