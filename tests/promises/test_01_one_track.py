"""Promise 1: a change travels on the track of the state that it starts from, and on no other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from api.replies.errors import ProviderFailed
from tests.support.operations import Refused
from tests.support.people import Person
from tests.support.server import Running
from tests.support.sockets import Socket, Subscription

pytestmark = pytest.mark.parametrize("backend", ["embedded", "scaled"], indirect=True)
"""How a server writes to its sockets makes no difference here."""


class Page:
    """Somebody who follows a chat and their own list of chats, and counts."""

    def __init__(self, sync: Subscription, person: Person, chat: str) -> None:
        self.sync, self.person, self.chat = sync, person, chat
        self.revisions: dict[str, int] = {}

    @classmethod
    async def open(cls, socket: Socket, person: Person, chat: str) -> "Page":
        page = cls(await socket.sync(chat, person.viewer_id), person, chat)
        await page.hear()
        return page

    async def hear(self) -> None:
        """One event of the chat, and one of the list."""
        events = [await self.sync.next(), await self.sync.next()]
        self.revisions = {event["id"]: event["revision"] for event in events}
        assert self.revisions.keys() == {self.chat, self.person.viewer_id}

    async def heard(self, times: int) -> None:
        """Assert that there were so many changes on this track, the last of which is still to be heard."""
        before = self.revisions
        await self.hear()
        assert self.revisions == {key: revision + times for key, revision in before.items()}

    async def heard_nothing(self) -> None:
        """Assert that nothing happened on this track: the next thing that does is the next revision."""
        await self.person.mutate("renameChat", chatId=self.chat, title="renamed")
        await self.heard(1)


@asynccontextmanager
async def following_a_reply(server: Running) -> AsyncIterator[tuple[str, Page, Subscription]]:
    """Somebody on a chat's page, and on the stream of its reply, which waits to be written."""
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    reply = await ann.prompt(chat)
    async with ann.socket() as socket:
        yield reply, await Page.open(socket, ann, chat), await socket.stream(reply)


async def test_a_message_being_written_and_its_end_cause_no_sync_event(server: Running) -> None:
    async with following_a_reply(server) as (reply, page, stream):
        async with server.writing(reply) as text:
            for word in ("Hi ", "there"):
                text.append(word)
                await stream.until(content=f"{'Hi ' if word == 'there' else ''}{word}")
        await stream.until(status="COMPLETE")
        await page.heard_nothing()


async def test_a_message_that_fails_causes_no_sync_event(server: Running) -> None:
    async with following_a_reply(server) as (reply, page, stream):
        async with server.writing(reply):
            raise ProviderFailed("It broke off.")
        await stream.until(status="FAILED")
        await page.heard_nothing()


async def test_a_stop_causes_no_sync_event(server: Running) -> None:
    async with following_a_reply(server) as (reply, page, stream):
        await stream.next()
        await page.person.act("stopMessage", reply)
        assert [frame["status"] for frame in await stream.rest()] == ["STOPPED"]
        await page.heard_nothing()


async def test_a_stop_of_what_is_finished_changes_nothing_on_either_track(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    reply = await ann.prompt(chat)
    stopped = await ann.act("stopMessage", reply)
    async with ann.socket() as socket:
        page = await Page.open(socket, ann, chat)
        assert await ann.act("stopMessage", reply) == stopped
        await page.heard_nothing()


async def test_a_reply_that_nobody_takes_causes_no_sync_event(server: Running) -> None:
    async with following_a_reply(server) as (reply, page, stream):
        await server.let_lease_run_out(reply)
        assert (await stream.until(status="FAILED"))["error"]["code"] == "TIMEOUT"
        await page.heard_nothing()


async def test_a_message_and_its_reply_are_made_on_the_sync_track_of_everybody(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    async with ann.socket() as anns, bob.socket() as bobs:
        pages = [await Page.open(anns, ann, chat), await Page.open(bobs, bob, chat)]
        assert (await ann.send(chat))["reply"]["streaming"]
        for page in pages:
            await page.heard(1)


async def test_an_edit_is_on_the_sync_track_alone(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    sent = await ann.send(chat)
    async with ann.socket() as socket:
        page, stream = await Page.open(socket, ann, chat), await socket.stream(sent["reply"]["id"])
        await stream.next()
        await ann.mutate("editMessage", messageId=sent["message"]["id"], content="Better")
        await page.heard(1)
        await ann.act("stopMessage", sent["reply"]["id"])
        assert [frame["status"] for frame in await stream.rest()] == ["STOPPED"]


async def test_a_regeneration_is_on_the_sync_track_and_what_follows_on_the_stream(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    reply = await ann.prompt(chat)
    async with server.writing(reply) as text:
        text.append("first")
    async with ann.socket() as socket:
        page = await Page.open(socket, ann, chat)
        again = await ann.act("regenerateMessage", reply)
        await page.heard(1)
        stream = await socket.stream(reply)
        first = await stream.next()
        assert (first["revision"], first["content"], first["status"]) == (again["revision"], "", "STREAMING")
        async with server.writing(reply) as text:
            text.append("second")
        assert (await stream.rest())[-1]["content"] == "second"
        await page.heard_nothing()


async def test_a_deletion_in_mid_stream_is_on_the_sync_track_and_ends_the_stream_not_found(server: Running) -> None:
    async with following_a_reply(server) as (reply, page, stream):
        async with server.writing(reply) as text:
            text.append("Hi")
            await stream.until(content="Hi")
            await page.person.mutate("deleteMessage", messageId=reply)
            await page.heard(1)
            assert (await stream.refusal())["extensions"]["code"] == "NOT_FOUND"
            text.append(" there")  # its writer hears of it by its next update
        await page.heard_nothing()


async def test_a_deletion_of_what_is_finished_is_on_the_sync_track(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    sent = await ann.send(chat, reply=False)
    async with ann.socket() as socket:
        page = await Page.open(socket, ann, chat)
        await ann.mutate("deleteMessage", messageId=sent["message"]["id"])
        await page.heard(1)


@pytest.mark.parametrize("mutation", ["editMessage", "regenerateMessage"])
async def test_what_is_refused_because_it_streams_changes_nothing_on_either_track(
    server: Running, mutation: str
) -> None:
    async with following_a_reply(server) as (reply, page, stream):
        first = await stream.next()
        content = {"content": "mine"} if mutation == "editMessage" else {}
        with pytest.raises(Refused) as refused:
            await page.person.mutate(mutation, messageId=reply, **content)
        assert refused.value.code == "CONFLICT"
        await page.heard_nothing()
        await page.person.act("stopMessage", reply)
        assert [frame["revision"] for frame in await stream.rest()] == [first["revision"] + 1]
