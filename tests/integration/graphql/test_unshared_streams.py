"""A stream that selects a field which depends on the viewer is executed for its subscriber, and reaches its end."""

from tests.support.server import Running


async def test_a_stream_that_selects_its_chat_is_executed_for_itself_and_arrives_to_its_end(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat("Before")
    reply = (await ann.send(chat))["reply"]
    query = "subscription ($id: ID!) { messageStream(id: $id) { content status chat { title participants { id } } } }"
    async with ann.socket() as socket:
        stream = await socket.subscribe(query, id=reply["id"])
        assert (await stream.next())["chat"] == {"title": "Before", "participants": [{"id": ann.user_id}]}
        async with server.writing(reply["id"]) as text:
            text.append("Hi")
            await stream.until(content="Hi")
            await ann.mutate("renameChat", chatId=chat, title="After")
            text.append(" there")
            assert (await stream.until(content="Hi there"))["chat"]["title"] == "After"
        assert (await stream.rest())[-1] == {
            "content": "Hi there",
            "status": "COMPLETE",
            "chat": {"title": "After", "participants": [{"id": ann.user_id}]},
        }


async def test_who_wrote_a_message_is_read_for_each_reader_and_nobody_for_the_assistants(server: Running) -> None:
    ann = await server.person("Ann")
    sent = await ann.send(await ann.create_chat())
    query = "subscription ($id: ID!) { messageStream(id: $id) { content author { id name } } }"
    async with ann.socket() as socket:
        own = await socket.subscribe(query, id=sent["message"]["id"])
        assert await own.rest() == [{"content": "Hello", "author": {"id": ann.user_id, "name": "Ann"}}]
        stream = await socket.subscribe(query, id=sent["reply"]["id"])
        async with server.writing(sent["reply"]["id"]) as text:
            text.append("Hi")
        assert (await stream.rest())[-1] == {"content": "Hi", "author": None}
