"""Promise 1: a change travels on the track of the state that it starts from, and on no other."""

from tests.server import Running


async def test_a_message_being_written_and_its_end_cause_no_sync_event(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    reply = (await ann.send(chat))["reply"]
    async with ann.socket() as socket:
        sync = await socket.sync(chat, ann.viewer_id)
        before = {event["id"]: event["revision"] for event in (await sync.next(), await sync.next())}
        stream = await socket.stream(reply["id"])
        async with server.writing(reply["id"]) as text:
            text.append("Hi")
            await stream.until(content="Hi")
        await stream.until(status="COMPLETE")
        await ann.send(chat, reply=False)
        events = {event["id"]: event["revision"] for event in (await sync.next(), await sync.next())}
    assert events == {key: revision + 1 for key, revision in before.items()}
