"""Promise 2: a subscriber gets the current full message at once, however late it joins."""

import asyncio

from tests.support.server import Running


async def test_who_comes_before_the_first_word_gets_the_empty_message(server: Running) -> None:
    ann = await server.person("Ann")
    reply = (await ann.send(await ann.create_chat()))["reply"]
    async with ann.socket() as socket:
        assert await (await socket.stream(reply["id"])).next() == reply


async def test_who_comes_in_the_middle_gets_everything_so_far_and_then_the_rest(
    server: Running, elsewhere: Running
) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with ann.socket() as near, ann.socket(elsewhere.port) as far:
        first = await near.stream(reply)
        async with server.writing(reply) as text:
            text.append("thinking", to="reasoning")
            text.append("so far")
            await first.until(content="so far")
            for socket in (near, far):
                late = await socket.stream(reply)
                frame = await late.next()
                assert (frame["content"], frame["reasoning"], frame["status"]) == ("so far", "thinking", "STREAMING")
            text.append(", so good")
        assert (await late.rest())[-1]["content"] == "so far, so good"


async def test_who_comes_after_the_end_gets_the_final_message_and_complete(server: Running, elsewhere: Running) -> None:
    ann = await server.person("Ann")
    sent = await ann.send(await ann.create_chat(), "Hello")
    async with server.writing(sent["reply"]["id"]) as text:
        text.append("all of it")
    async with ann.socket() as near, ann.socket(elsewhere.port) as far:
        for socket in (near, far):
            (frame,) = await (await socket.stream(sent["reply"]["id"])).rest()
            assert (frame["content"], frame["status"]) == ("all of it", "COMPLETE")
            assert await (await socket.stream(sent["message"]["id"])).rest() == [sent["message"]]


async def test_whoever_comes_at_any_moment_misses_nothing(server: Running, elsewhere: Running) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with ann.socket() as near, ann.socket(elsewhere.port) as far:
        streams = []
        async with server.writing(reply) as text:
            for number in range(40):
                text.append(f"{number} ")
                there = (await server.row(reply)).revision
                streams.append((there, await (near, far)[number % 2].stream(reply)))
                await asyncio.sleep(0.005)  # an update or two fall between
        for there, stream in streams:
            frames = await stream.rest()
            assert frames[0]["revision"] >= there
            assert frames[-1]["content"] == "".join(f"{number} " for number in range(40))
