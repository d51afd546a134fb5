"""Who may write a reply from outside, and what becomes of it when its producer's account ends."""

import pytest

from tests.support.accounts import PASSWORD, account, program
from tests.support.agents import Outside, start
from tests.support.server import Running


async def test_only_its_producer_writes_a_reply(server: Running) -> None:
    ann, bob, eve = [await server.person(name) for name in ("Ann", "Bob", "Eve")]
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    reply = await start(bob, chat)
    for other, code in ((ann, "FORBIDDEN"), (eve, "NOT_FOUND")):
        stolen = Outside(other, reply.id, reply.fence, reply.sequence, reply.message)
        assert (await stolen.append_refused(1, "mine"))["code"] == code
        assert (await stolen.finish_refused(1, status="COMPLETE"))["code"] == code
    assert await reply.append(1, "Bob's") == 1
    assert (await reply.finish(2, status="COMPLETE"))["content"] == "Bob's"


@pytest.mark.parametrize("mutation", ["regenerateMessage", "continueMessage"])
async def test_our_worker_writes_no_reply_from_outside(server: Running, mutation: str) -> None:
    ann = await server.person("Ann")
    reply = await start(ann, await ann.create_chat())
    await reply.append(1, "Half a")
    await reply.finish(2, status="COMPLETE", finishReason="length")
    assert (await ann.refusal(mutation, messageId=reply.id))["extensions"]["code"] == "FORBIDDEN"
    assert (await server.row(reply.id)).content == "Half a"


async def test_a_program_with_an_api_token_writes_a_reply(server: Running) -> None:
    ann = await account(server)
    reply = await start(await program(server, ann), await ann.create_chat())
    await reply.append(1, "By a program")
    assert (await reply.finish(2, status="COMPLETE"))["status"] == "COMPLETE"


async def test_a_deleted_account_stops_the_replies_that_it_was_writing(server: Running) -> None:
    ann, bob = await account(server), await account(server, "Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    reply = await start(await program(server, bob), chat)
    await reply.append(1, "Bob's")
    await bob.mutate("deleteAccount", password=PASSWORD)
    row = await server.row(reply.id)
    assert (row.status, row.content) == ("STOPPED", "Bob's")
    assert (await reply.writer.refusal("{ viewer { id } }"))["extensions"]["code"] == "UNAUTHENTICATED"
