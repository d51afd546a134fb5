"""A reply that reached its limit of length goes on in the same message."""

import asyncio
from typing import Any

import pytest

from api.replies.prompt import CONTINUE
from api.streaming.errors import ProducerError
from tests.integration.replies.chatting import answered, finished, message, replying
from tests.integration.replies.formats import Chat
from tests.integration.replies.provider import ABORT, STALL, Answer, Call, Provider
from tests.support.backends import Backend
from tests.support.people import Person
from tests.support.server import Running

CUT_OFF = Answer(Chat().think("Hm."), Chat().answer("The mo", reason="length", usage=Chat().usage(11, 7)))
REST = Answer(Chat().think("Well."), Chat().answer("on pulls.", usage=Chat().usage(20, 3)))


async def test_a_reply_that_was_cut_off_streams_on_from_its_text(backend: Backend, strict: Provider) -> None:
    strict.answers(CUT_OFF, REST)
    async with replying(backend) as server:
        ann = await server.person("Ann")
        cut_off = await answered(ann, await ann.create_chat())
        assert (cut_off["content"], cut_off["status"], cut_off["finishReason"]) == ("The mo", "COMPLETE", "length")
        going_on = await ann.act("continueMessage", cut_off["id"])
        assert (going_on["id"], going_on["content"], going_on["streaming"]) == (cut_off["id"], "The mo", True)
        assert going_on["finishReason"] is None
        whole = await finished(ann, cut_off["id"])
    assert (whole["content"], whole["status"], whole["finishReason"]) == ("The moon pulls.", "COMPLETE", "stop")
    assert whole["reasoning"] == "Hm.\n\nWell."
    assert whole["usage"] == {"inputTokens": 31, "outputTokens": 10}
    assert strict.calls[1].messages == [
        ("user", "How do tides work?"),
        ("assistant", "The mo"),
        ("user", CONTINUE),
    ]


async def test_the_request_to_continue_is_not_stored(backend: Backend, strict: Provider) -> None:
    strict.answers(CUT_OFF, REST)
    async with replying(backend) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        cut_off = await answered(ann, chat)
        await ann.act("continueMessage", cut_off["id"])
        await finished(ann, cut_off["id"])
        await answered(ann, chat, "Only the moon?")
    assert strict.calls[2].messages == [
        ("user", "How do tides work?"),
        ("assistant", "The moon pulls."),
        ("user", "Only the moon?"),
    ]


async def test_a_reader_sees_the_text_grow_from_where_it_was(backend: Backend, stand_in: Provider) -> None:
    stand_in.answers(CUT_OFF, REST)
    async with replying(backend) as server:
        ann = await server.person("Ann")
        cut_off = await answered(ann, await ann.create_chat())
        await ann.act("continueMessage", cut_off["id"])
        async with ann.socket() as socket:
            frames = await (await socket.stream(cut_off["id"])).rest()
    assert all(frame["content"].startswith("The mo") for frame in frames)
    assert frames[-1]["content"] == "The moon pulls."


async def test_a_reply_may_reach_its_limit_again_and_again(backend: Backend, strict: Provider) -> None:
    parts = [Answer(Chat().answer(text, reason="length")) for text in ("One ", "two ", "three ")]
    strict.answers(*parts, Answer(Chat().answer("four.")))
    async with replying(backend) as server:
        ann = await server.person("Ann")
        reply = await answered(ann, await ann.create_chat())
        for _ in range(3):
            assert reply["finishReason"] == "length"
            await ann.act("continueMessage", reply["id"])
            reply = await finished(ann, reply["id"])
    assert (reply["content"], reply["finishReason"]) == ("One two three four.", "stop")


@pytest.mark.parametrize("end", [ABORT, STALL], ids=["failed", "stopped"])
async def test_a_continuation_that_failed_or_was_stopped_keeps_its_text_and_can_be_continued(
    backend: Backend, strict: Provider, end: Any
) -> None:
    strict.answers(CUT_OFF, Answer(Chat().say("on"), end), Answer(Chat().answer(" pulls.")))
    async with replying(backend) as server:
        ann = await server.person("Ann")
        cut_off = await answered(ann, await ann.create_chat())
        await ann.act("continueMessage", cut_off["id"])
        async with ann.socket() as socket:
            stream = await socket.stream(cut_off["id"])
            if end is STALL:
                await stream.until(content="The moon")
                await ann.act("stopMessage", cut_off["id"])
            last = (await stream.rest())[-1]
        assert (last["content"], last["status"]) == ("The moon", "FAILED" if end is ABORT else "STOPPED")
        await ann.act("continueMessage", cut_off["id"])
        whole = await finished(ann, cut_off["id"])
    assert (whole["content"], whole["status"], whole["error"]) == ("The moon pulls.", "COMPLETE", None)


async def test_a_continuation_whose_provider_ends_with_an_error_can_be_continued(
    backend: Backend, strict: Provider
) -> None:
    strict.answers(CUT_OFF, Answer(Chat().answer("on", reason="network_error")), Answer(Chat().answer(" pulls.")))
    async with replying(backend) as server:
        ann = await server.person("Ann")
        cut_off = await answered(ann, await ann.create_chat())
        await ann.act("continueMessage", cut_off["id"])
        failed = await finished(ann, cut_off["id"])
        assert (failed["content"], failed["status"], failed["finishReason"]) == ("The moon", "FAILED", "length")
        await ann.act("continueMessage", cut_off["id"])
        assert (await finished(ann, cut_off["id"]))["content"] == "The moon pulls."


async def test_a_worker_that_leaves_before_the_first_new_word_keeps_the_text(backend: Backend, server: Running) -> None:
    """The row has text, so it is not handed back, and it can be continued by its participants."""
    ann = await server.person("Ann")
    reply = await cut_off_by_hand(server, ann)
    await ann.act("continueMessage", reply)
    with pytest.raises(asyncio.CancelledError):
        async with server.writing(reply):
            raise asyncio.CancelledError  # as if the worker were told to leave
    row = await message(ann, reply)
    assert (row["content"], row["status"], row["finishReason"]) == ("The mo", "FAILED", "length")
    await ann.act("continueMessage", reply)


async def test_any_participant_continues_a_reply_and_no_other_user(server: Running) -> None:
    ann, bob, eve = await server.person("Ann"), await server.person("Bob"), await server.person("Eve")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    reply = await cut_off_by_hand(server, ann, chat)
    error = await eve.refusal("continueMessage", messageId=reply)
    assert error["extensions"] == {"code": "NOT_FOUND"}
    assert (await bob.act("continueMessage", reply))["streaming"]


async def test_what_did_not_reach_its_limit_is_not_continued(server: Running) -> None:
    ann = await server.person("Ann")
    sent = await ann.send(await ann.create_chat())
    written, reply = sent["message"]["id"], sent["reply"]["id"]
    codes = [(await ann.refusal("continueMessage", messageId=id))["extensions"]["code"] for id in (written, reply)]
    async with server.writing(reply) as text:
        text.append("The moon.")
        text.set(finish_reason="stop")
    complete = await ann.refusal("continueMessage", messageId=reply)
    assert [*codes, complete["extensions"]["code"]] == ["FORBIDDEN", "CONFLICT", "CONFLICT"]
    assert "Regenerate this one" in complete["message"]


async def test_a_reply_without_text_is_not_continued(server: Running) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with server.writing(reply) as text:
        text.set(finish_reason="length")
        raise ProducerError("no word")
    assert (await ann.refusal("continueMessage", messageId=reply))["extensions"] == {"code": "CONFLICT"}


async def test_a_reply_that_is_regenerated_forgets_its_limit(server: Running) -> None:
    ann = await server.person("Ann")
    reply = await cut_off_by_hand(server, ann)
    await ann.act("regenerateMessage", reply)
    await ann.act("stopMessage", reply)
    assert (await ann.refusal("continueMessage", messageId=reply))["extensions"] == {"code": "CONFLICT"}
    assert (await message(ann, reply))["providerFinishReason"] is None


async def test_a_continued_reply_takes_its_turn(backend: Backend, strict: Provider) -> None:
    def choose(call: Call) -> Answer:
        last = call.messages[-1][1]
        if last == CONTINUE:
            return REST
        return CUT_OFF if last == "How do tides work?" else Answer(Chat().answer("Yes."))

    strict.choose = choose
    async with replying(backend) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        cut_off = await answered(ann, chat)
        await ann.act("continueMessage", cut_off["id"])
        later = await answered(ann, chat, "Only the moon?")
        assert later["content"] == "Yes."
    assert ("assistant", "The moon pulls.") in strict.calls[-1].messages


async def cut_off_by_hand(server: Running, person: Person, chat: str | None = None) -> str:
    reply = await person.prompt(chat)
    async with server.writing(reply) as text:
        text.append("The mo")
        text.set(finish_reason="length", provider_finish_reason="length")
    return reply
