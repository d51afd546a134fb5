"""Agents: participants that write replies by requests, without a helper, so that a test can repeat and reorder them.

agent = await an_agent(server, ann, chat)
reply = await agent.start(chat, "key")
await reply.append(1, "Hello")
await reply.finish(2)
"""

from dataclasses import dataclass
from typing import Any

from tests.support.people import Person


def at(person: Person, port: int) -> Person:
    """The same person at another server."""
    return Person(port, person.token, person.email, person.user_id, person.viewer_id)


@dataclass
class Outside:
    """A reply as its producer holds it."""

    writer: Person
    id: str
    fence: int
    sequence: int
    message: dict[str, Any]

    def _input(self, sequence: int, more: dict[str, Any]) -> dict[str, Any]:
        return {"messageId": self.id, "fence": self.fence, "sequence": sequence, **more}

    async def append(self, sequence: int, content: str | None = None, port: int | None = None, **more: Any) -> int:
        """Append; the last accepted sequence. Raises Refused."""
        writer = at(self.writer, port or self.writer.port)
        input = self._input(sequence, {"content": content, **more})
        return int((await writer.mutate("appendToReply", **input))["sequence"])

    async def append_refused(self, sequence: int, content: str | None = None, **more: Any) -> dict[str, Any]:
        """The extensions of the error that an append is answered with."""
        refusal = await self.writer.refusal("appendToReply", **self._input(sequence, {"content": content, **more}))
        extensions: dict[str, Any] = refusal["extensions"]
        return extensions

    async def finish(self, sequence: int, **more: Any) -> dict[str, Any]:
        """Finish; the message as it is then. Raises Refused."""
        message: dict[str, Any] = (await self.writer.mutate("finishReply", **self._input(sequence, more)))["message"]
        return message

    async def finish_refused(self, sequence: int, **more: Any) -> dict[str, Any]:
        refusal = await self.writer.refusal("finishReply", **self._input(sequence, more))
        extensions: dict[str, Any] = refusal["extensions"]
        return extensions


async def start(writer: Person, chat: str, key: str = "a key", **more: Any) -> Outside:
    """Start a reply, or take it over."""
    started = await writer.mutate("startReply", chatId=chat, idempotencyKey=key, **more)
    message = started["message"]
    return Outside(writer, message["id"], started["fence"], started["sequence"], message)
