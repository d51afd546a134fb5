"""Unread messages: counted on the server, so that reading on one device clears the others."""

from tests.support.people import Person
from tests.support.server import Running

UNREAD = "{ viewer { revision chats { revision edges { unreadCount replying node { id revision } } } } }"


async def unread(person: Person) -> dict[str, int]:
    edges = (await person.ask(UNREAD))["viewer"]["chats"]["edges"]
    return {edge["node"]["id"]: edge["unreadCount"] for edge in edges}


async def replying(person: Person) -> dict[str, bool]:
    edges = (await person.ask(UNREAD))["viewer"]["chats"]["edges"]
    return {edge["node"]["id"]: edge["replying"] for edge in edges}


async def test_others_messages_and_finished_replies_are_unread_until_they_are_marked(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat, quiet = await ann.create_chat(), await ann.create_chat()
    await ann.add(chat, bob)
    sent = await ann.send(chat)
    reply = sent["reply"]["id"]
    assert await unread(ann) == {chat: 0, quiet: 0}  # her own message, and a reply that is being written
    assert await unread(bob) == {chat: 1}
    assert await replying(bob) == {chat: True}
    async with server.writing(reply) as text:
        text.append("Hi")
    assert (await unread(ann))[chat] == 1
    assert await unread(bob) == {chat: 2}
    assert await replying(ann) == {chat: False, quiet: False}

    async with bob.socket() as other_device, ann.socket() as socket:
        events = await other_device.sync(bob.viewer_id)
        hers = await socket.sync(ann.viewer_id, chat)
        before = [await events.next(), await hers.next(), await hers.next()]
        marked = await bob.mutate("markRead", chatId=chat, messageId=reply)
        assert marked == {"chat": {"id": chat}, "unreadCount": 0}
        assert (await events.next())["revision"] == before[0]["revision"] + 1
        await bob.mutate("markRead", chatId=chat, messageId=sent["message"]["id"])  # a mark does not move back
        assert await unread(bob) == {chat: 0}
        await ann.mutate("renameChat", chatId=quiet, title="The next event of Ann is this")
        assert (await hers.next())["revision"] == before[1]["revision"] + 1
    assert (await unread(ann))[chat] == 1


async def test_only_messages_of_the_chat_can_be_marked_and_only_by_participants(server: Running) -> None:
    ann, eve = await server.person("Ann"), await server.person("Eve")
    chat, other = await ann.create_chat(), await ann.create_chat()
    message = (await ann.send(chat, reply=False))["message"]["id"]
    for person, where in ((ann, other), (eve, chat)):
        error = await person.refusal("markRead", chatId=where, messageId=message)
        assert error["extensions"]["code"] == "NOT_FOUND"


async def test_a_chat_with_marks_can_be_deleted(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    message = (await ann.send(chat, reply=False))["message"]["id"]
    await ann.mutate("markRead", chatId=chat, messageId=message)
    assert (await ann.mutate("deleteChat", chatId=chat))["deletedId"] == chat
