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
from api.chats.quotas import count_tokens
from api.replies import prompt
from api.replies.metadata import count
from api.replies.prompt import Turn
from api.replies.reply_model import Event, Finished, Reasoning, ReplyModel, Text, Waiting
from api.streaming.draft import Draft
from api.streaming.store import Store

log = structlog.get_logger(__name__)

EVENTS_PER_TURN = 100
"""After this many events of a model, other tasks run. A model whose whole text has arrived never waits, and would keep
its own text from being written and Stop from being received."""

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb for English. https://platform.openai.com/tokenizer"""

RETRY_SECONDS = 0.25
"""Between two attempts to read from a database that does not answer."""


class ReplyProducer:
    """Produces the text of replies with one model."""

    def __init__(self, store: Store, model: ReplyModel, *, lease: float) -> None:
        self._store = store
        self._model = model
        self._lease = lease

    async def __call__(self, reply: Message, draft: Draft) -> None:
        writing = _Writing(reply, draft)
        draft.set(model=self._model.name)
        history = await self._history(reply)
        if reply.content and reply.tries > 1:  # the writer that died could not count what it had asked for
            await self._count(reply, estimated(history, len(reply.content) + len(reply.reasoning or "")))
        handed_over = False
        try:
            async with aclosing(self._model.reply_to(history, reply.content)) as events:
                received = 0
                async for event in events:
                    writing.apply(event)
                    received += 1
                    if not received % EVENTS_PER_TURN:
                        await asyncio.sleep(0)
        except asyncio.CancelledError:
            handed_over = draft.resumable and draft.written and not draft.cancelled
            raise
        finally:
            if not handed_over:  # else the next writer counts, as after a writer that was killed
                await self._count(reply, writing.tokens or estimated(history, writing.characters))

    async def _count(self, reply: Message, tokens: int) -> None:
        """Add the tokens to those of the user's day, however the reply ended. The reply does not fail with this."""
        if reply.requested_by_id is None:
            return
        try:
            await self._store.write(count_tokens(self._store.dialect, reply.requested_by_id, tokens))
        except (OSError, SQLAlchemyError) as error:
            log.warning("tokens not counted", id=str(reply.id), tokens=tokens, error=repr(error))

    async def _history(self, reply: Message) -> list[Turn]:
        """The final messages before this reply in its chat, the oldest first. The prompt limits them further."""
        recent = (
            select(
                Message.id,
                Message.position,
                Message.status,
                Message.role,
                Message.content,
                Message.author_id,
                User.name,
            )
            .outerjoin(User, User.id == Message.author_id)
            .where(
                Message.chat_id == reply.chat_id,
                Message.position < reply.position,
                ~Message.streaming,
                Message.content != "",
            )
            .order_by(Message.position.desc(), Message.id.desc())
            .limit(prompt.HISTORY_MESSAGES)
            .subquery()
        )
        length = func.length(recent.c.content)
        after = func.sum(length).over(order_by=(recent.c.position.desc(), recent.c.id.desc())) - length
        counted = select(recent, (after + length).label("size"), after.label("after")).subquery()
        rows = await self._read(
            select(counted)
            .where((counted.c.size <= prompt.HISTORY_CHARACTERS) | (counted.c.after == 0))
            .order_by(counted.c.position.desc(), counted.c.id.desc())
        )
        return [
            Turn("user" if row.role is MessageRole.USER else "assistant", row.content, row.name, row.author_id)
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


def estimated(history: Sequence[Turn], characters: int) -> int:
    """Tokens of a request whose provider counted none, for example because the reply was stopped."""
    return (sum(len(turn.content) for turn in history) + characters) // CHARACTERS_PER_TOKEN


class _Writing:
    """Applies the events of a model to the draft of a reply."""

    def __init__(self, reply: Message, draft: Draft) -> None:
        self._reply = reply
        self._draft = draft
        self._reasoning_gap = "\n\n" if reply.reasoning else ""
        self._has_activity = False
        self.characters = 0
        """Characters that the model has written."""
        self.tokens = 0
        """Tokens that the provider counted."""
        if reply.activity:  # of a worker that handed the reply back
            draft.show(activity="")

    def apply(self, event: Event) -> None:
        match event:
            case Text():
                self._write(event.delta, "content")
            case Reasoning():
                self._write(self._reasoning_gap + event.delta, "reasoning")
                self._reasoning_gap = ""
            case Waiting():
                self._has_activity = event.seconds > 0
                self._draft.show(activity=f"Waiting for the provider, {event.seconds} s" if self._has_activity else "")
            case Finished():
                self._finish(event)

    def _write(self, delta: str, column: str) -> None:
        if self._has_activity:
            self._has_activity = False
            self._draft.set(activity="")
        self.characters += len(delta)
        self._draft.append(delta, to=column)

    def _finish(self, event: Finished) -> None:
        self.tokens = (event.input_tokens or 0) + (event.output_tokens or 0)
        if event.failure is None or not self._reply.content:  # a continuation that failed can be continued again
            self._draft.set(finish_reason=event.reason, provider_finish_reason=event.provider_reason or "")
        self._draft.set(
            input_tokens=self._total(self._reply.input_tokens, event.input_tokens),
            output_tokens=self._total(self._reply.output_tokens, event.output_tokens),
        )
        if event.model:
            self._draft.set(model=event.model)

    def _total(self, before: int | None, now: int | None) -> int | None:
        """The tokens of a reply that was continued are those of all its requests whose provider counted them."""
        return count((before or 0) + now) if self._reply.content and now is not None else now
