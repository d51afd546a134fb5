"""Two people in one chat, each at another server, who must both see the end of everything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from api.chats.models import Message
from tests.support.deployment import Deployment
from tests.support.people import Person
from tests.support.readers import Page, Reader


@dataclass
class Conversation:
    """A chat, who is in it, and all that they follow."""

    deployment: Deployment
    ann: Person
    bob: Person
    chat: str
    pages: list[Page]
    readers: dict[str, list[Reader]] = field(default_factory=dict)
    """Who follows each reply now."""
    reopened: set[str] = field(default_factory=set)
    """Replies that were regenerated or deleted: whoever had come to their end by then saw another one."""
    _former: list[Reader] = field(default_factory=list)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def ask(self, content: str = "Hello") -> str:
        """Ann asks; the id of the reply, which both follow from now on."""
        reply = await self.ann.prompt(self.chat, content)
        await self.follow(reply)
        return reply

    async def follow(self, reply: str) -> None:
        """Both follow a message, once more if they did before."""
        self._former += self.readers.get(reply, ())
        self.readers[reply] = [
            await self._stack.enter_async_context(Reader(person, self.deployment.ports, reply))
            for person in (self.ann, self.bob)
        ]

    async def shown(self, reply: str, characters: int) -> None:
        """Until both have seen so much of a reply."""
        await asyncio.gather(*(reader.shown(characters) for reader in self.readers[reply]))

    async def ended(self, reply: str) -> Message:
        """The row of the reply, once it has ended for both on a last frame that equals the row."""
        row = await self.over(reply)
        assert row is not None, "the reply was deleted"
        return row

    async def over(self, reply: str) -> Message | None:
        """The same for a reply that may have been deleted: None then."""
        readers = self.readers[reply]
        await asyncio.gather(*(reader.over() for reader in readers))
        row = await self.deployment.row_or_none(reply)
        for reader in readers:
            if reader.gone:
                continue
            assert not reader.last["streaming"], reader
            if reply not in self.reopened:
                assert row is not None, f"{reader} was not told that the message is deleted"
                equal(reader, row)
        return row

    async def all_ended(self) -> None:
        """Until everything that was ever followed has ended."""
        for reply in self.readers:
            await self.over(reply)
        for reader in self._former:
            await reader.over()

    async def level(self) -> None:
        """Until both pages stand where the chat stands."""
        revision = await self.deployment.chat_revision(self.chat)
        for page in self.pages:
            if revision is None:
                await page.until(partial(is_deleted, page))
            elif not page.deleted:
                await page.until(partial(is_at, page, revision))


def is_deleted(page: Page) -> bool:
    return page.deleted


def is_at(page: Page, revision: int) -> bool:
    return page.revision == revision


def equal(reader: Reader, row: Message) -> None:
    """What a reader saw last is what is stored, in every word."""
    last = reader.last
    error = None if row.error_code is None else {"code": row.error_code, "message": row.error_message}
    seen = (last["content"], last["reasoning"], last["status"], last["revision"], last["finishReason"], last["error"])
    assert seen == (row.content, row.reasoning, row.status, row.revision, row.finish_reason, error), str(reader)


@asynccontextmanager
async def conversation(deployment: Deployment) -> AsyncIterator[Conversation]:
    """Ann and Bob in a chat. Left: whatever they follow has ended for both, and their pages are current."""
    ann, bob = await deployment.people("Ann", "Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    async with AsyncExitStack() as stack:
        pages = [await stack.enter_async_context(Page(person, deployment.ports, chat)) for person in (ann, bob)]
        talk = Conversation(deployment, ann, bob, chat, pages, _stack=stack)
        yield talk
        await talk.all_ended()
        await talk.level()


@asynccontextmanager
async def conversations(deployment: Deployment, number: int) -> AsyncIterator[list[Conversation]]:
    """So many of them: the replies of one chat take turns, those of several are written at once."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(conversation(deployment)) for _ in range(number)]
