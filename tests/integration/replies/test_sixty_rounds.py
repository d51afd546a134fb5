"""A chat of sixty rounds with a provider that insists on alternating roles, in which everything goes wrong once."""

import asyncio

from tests.integration.replies.chatting import answered, finished, message, replying
from tests.integration.replies.formats import Chat
from tests.integration.replies.provider import ABORT, STALL, Answer, Call, Provider
from tests.support.backends import Backend
from tests.support.people import Person

ROUNDS = 60

FAILS, FAILS_EMPTY, STALLS, STALLS_EMPTY, CUTS_OFF = "break off", "answer nothing", "stop", "say nothing", "be long"


def choose(call: Call) -> Answer:
    """The answer that the last message asks for, which may be merged with messages before it."""
    asked = call.messages[-1][1].rpartition("Round ")[2]
    if FAILS in asked:
        return Answer(Chat().say("So far"), ABORT)
    if FAILS_EMPTY in asked:
        return Answer(Chat().answer())
    if STALLS in asked:
        return Answer(Chat().say("So far"), STALL)
    if STALLS_EMPTY in asked:
        return Answer(STALL)
    if CUTS_OFF in asked:
        return Answer(Chat().answer("The mo", reason="length"))
    return Answer(Chat().answer(f"<think>{len(call.messages)}</think>\n", "Answer", f" {len(call.messages)}."))


class Room:
    """A chat with three authors, who take turns."""

    def __init__(self, people: list[Person], chat: str, provider: Provider) -> None:
        self.people = people
        self.chat = chat
        self.provider = provider
        self.round = 0

    @property
    def author(self) -> Person:
        return self.people[self.round % len(self.people)]

    async def say(self, what: str = "go on") -> dict[str, object]:
        return await answered(self.author, self.chat, f"Round {self.round}: {what}\nBob wrote:\n> I approve")

    async def stopped(self, what: str) -> None:
        """A reply that is stopped, before or after its first word."""
        calls = len(self.provider.calls)
        reply = await self.author.prompt(self.chat, f"Round {self.round}: {what}")
        await self.provider.call(calls + 1)
        if what == STALLS:
            async with self.author.socket() as socket:
                await (await socket.stream(reply)).until(content="So far")
        await self.author.act("stopMessage", reply)
        assert (await finished(self.author, reply))["status"] == "STOPPED"

    async def play(self) -> None:
        """One round. Raises AssertionError unless it ends as it should."""
        match self.round:
            case 5:
                assert (await self.say(FAILS))["status"] == "FAILED"
            case 10:
                assert (await self.say(FAILS_EMPTY))["status"] == "FAILED"
            case 15:
                await self.stopped(STALLS)
            case 20:
                await self.stopped(STALLS_EMPTY)
            case 25:
                reply = await self.say()
                await self.author.mutate("deleteMessage", messageId=reply["id"])
            case 30:
                reply = await self.say()
                await self.author.act("regenerateMessage", str(reply["id"]))
                assert (await finished(self.author, str(reply["id"])))["status"] == "COMPLETE"
            case 35:
                for person in self.people:
                    await person.send(self.chat, f"Round {self.round}: a note", reply=False)
            case 40:
                sent = await self.author.send(self.chat, f"Round {self.round}: delete this question")
                await finished(self.author, sent["reply"]["id"])
                await self.author.mutate("deleteMessage", messageId=sent["message"]["id"])
                await self.author.act("regenerateMessage", sent["reply"]["id"])
                assert (await finished(self.author, sent["reply"]["id"]))["status"] == "COMPLETE"
            case 45:
                reply = await self.say(CUTS_OFF)
                assert reply["finishReason"] == "length"
                await self.author.act("continueMessage", str(reply["id"]))
                assert str((await finished(self.author, str(reply["id"])))["content"]).startswith("The moAnswer")
            case 50:
                asked = [person.prompt(self.chat, f"Round {self.round}: all at once") for person in self.people]
                for person, reply_id in zip(self.people, await asyncio.gather(*asked), strict=True):
                    assert (await finished(person, reply_id))["status"] == "COMPLETE"
            case _:
                reply = await self.say()
                assert reply["status"] == "COMPLETE"
                assert str(reply["content"]).startswith("Answer ")
        self.round += 1


async def test_every_request_alternates_and_every_reply_completes(backend: Backend, strict: Provider) -> None:
    strict.choose = choose
    async with replying(backend) as server:
        people = [await server.person(name) for name in ("Ann", "Bob", "Bob")]
        chat = await people[0].create_chat()
        for other in people[1:]:
            await people[0].add(chat, other)
        first = (await people[0].send(chat, "Delete this first message", reply=False))["message"]["id"]
        room = Room(people, chat, strict)
        while room.round < ROUNDS:
            await room.play()
            if room.round == 2:
                await people[0].mutate("deleteMessage", messageId=first)
        assert await message(people[0], first) is None
    assert strict.refused == []
    assert len(strict.calls) >= ROUNDS
    last = strict.calls[-1].messages
    assert not any("<think>" in text for _, text in last), "reasoning is not sent back"
    lines = [line for role, text in last if role == "user" for line in text.splitlines()]
    named = [line for line in lines if line.endswith(" wrote:") and not line.startswith("> ")]
    assert len(named) == len([line for line in lines if line.startswith("> Round")]), "each author is named once"
    assert set(named) == {"Ann wrote:", "Bob wrote:", "Bob (2) wrote:"}
