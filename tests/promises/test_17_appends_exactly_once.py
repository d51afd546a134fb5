"""Promise 17: appends are exactly once. Whatever a producer repeats, loses or reorders, the text is what it meant."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.support.agents import Outside, at, start
from tests.support.backends import Backend
from tests.support.people import Person
from tests.support.server import Running, serving

pytestmark = pytest.mark.parametrize("backend", ["embedded", "scaled"], indirect=True)

LONG_CADENCE = 3.0
"""An append waits so long for those before it: longer than they are on their way, also on a busy machine."""

GAP, TAKEN_OVER, STOPPED = "GAP", "TAKEN_OVER", "STOPPED"


@dataclass
class Scene:
    ann: Person
    agent: Person
    chat: str
    server: Running
    elsewhere: Running


@pytest_asyncio.fixture
async def scene(server: Running, elsewhere: Running) -> AsyncIterator[Scene]:
    """Ann, and an agent in her chat."""
    ann, agent = await server.person("Ann"), await server.person("Agent")
    chat = await ann.create_chat()
    await ann.add(chat, agent)
    yield Scene(ann, agent, chat, server, elsewhere)


async def test_a_reply_is_written_by_requests_and_streams_like_any_other(scene: Scene) -> None:
    reply = await start(scene.agent, scene.chat, model="a model")
    assert (reply.sequence, reply.message["status"], reply.message["role"]) == (0, "STREAMING", "ASSISTANT")
    async with scene.ann.socket(scene.elsewhere.port) as socket:
        stream = await socket.stream(reply.id)
        assert await reply.append(1, "Hello") == 1
        await stream.until(content="Hello")
        assert await reply.append(2, " world", reasoning="hm") == 2
        done = await reply.finish(3, finishReason="end_turn", usage={"inputTokens": 3, "outputTokens": 2})
        frames = await stream.rest()
    assert (done["content"], done["reasoning"], done["status"], done["finishReason"], done["model"]) == (
        "Hello world", "hm", "COMPLETE", "stop", "a model",
    )  # fmt: skip
    assert frames[-1]["content"] == "Hello world"
    assert frames[-1]["revision"] == done["revision"]


async def test_repeats_of_every_request_change_nothing_and_succeed(scene: Scene) -> None:
    reply = await start(scene.agent, scene.chat)
    for port in (scene.server.port, scene.elsewhere.port, scene.server.port):
        assert await reply.append(1, "a", port) == 1
    await reply.append(2, "b", scene.elsewhere.port)
    assert await reply.append(1, "a") == 2
    done = await reply.finish(3)
    assert (done["content"], done["status"]) == ("ab", "COMPLETE")
    assert await reply.append(2, "b", scene.elsewhere.port) >= 2
    again = await reply.finish(3, status="FAILED")
    assert (again["revision"], again["status"]) == (done["revision"], "COMPLETE")


async def test_the_same_append_at_both_servers_at_once_is_in_the_text_once(scene: Scene) -> None:
    reply = await start(scene.agent, scene.chat)
    ports = [scene.server.port, scene.elsewhere.port]
    for sequence in range(1, 6):
        await asyncio.gather(*(reply.append(sequence, f"{sequence}", port) for port in ports * 2))
    assert (await reply.finish(6))["content"] == "12345"


async def test_appends_that_overtake_each_other_are_in_order(backend: Backend) -> None:
    async with serving(backend.settings(cadence_seconds=LONG_CADENCE)) as server:
        agent = await server.person("Agent")
        reply = await start(agent, await agent.create_chat())
        await asyncio.gather(*(reply.append(sequence, f"{sequence}") for sequence in (3, 2, 1)))
        assert (await reply.finish(4))["content"] == "123"


async def test_a_gap_is_refused_with_the_last_accepted_sequence(scene: Scene) -> None:
    reply = await start(scene.agent, scene.chat)
    await reply.append(1, "a")
    for refused in (await reply.append_refused(3, "c"), await reply.finish_refused(4)):
        assert refused == {"code": "CONFLICT", "reason": GAP, "sequence": 1}
    assert await reply.append(2, "b") == 2


async def test_servers_take_turns_with_each_append(scene: Scene) -> None:
    reply = await start(scene.agent, scene.chat)
    ports = [scene.server.port, scene.elsewhere.port]
    for sequence in range(1, 9):
        assert await reply.append(sequence, f"{sequence}", ports[sequence % 2]) == sequence
    assert (await reply.finish(9))["content"] == "12345678"


async def test_stop_from_another_server_ends_the_next_append_and_keeps_the_text(scene: Scene) -> None:
    reply = await start(scene.agent, scene.chat)
    await reply.append(1, "kept")
    await at(scene.ann, scene.elsewhere.port).act("stopMessage", reply.id)
    refused = {"code": "CONFLICT", "reason": STOPPED, "sequence": 1}
    assert await reply.append_refused(2, "lost") == refused
    assert await reply.finish_refused(2) == refused
    assert (await start(scene.agent, scene.chat)).message["status"] == "STOPPED"
    row = await scene.server.row(reply.id)
    assert (row.content, row.status) == ("kept", "STOPPED")


async def test_a_deleted_reply_is_stopped_for_its_producer(scene: Scene) -> None:
    reply = await start(scene.agent, scene.chat)
    await reply.append(1, "a")
    await scene.agent.mutate("deleteMessage", messageId=reply.id)
    assert (await reply.append_refused(2, "b"))["reason"] == STOPPED
    refusal = await scene.agent.refusal("startReply", chatId=scene.chat, idempotencyKey="a key")
    assert refusal["extensions"]["reason"] == STOPPED


async def test_a_producer_that_comes_back_takes_over_and_fences_the_former_one(scene: Scene) -> None:
    former = await start(scene.agent, scene.chat)
    await former.append(1, "a")
    reply = await start(at(scene.agent, scene.elsewhere.port), scene.chat)
    assert (reply.id, reply.sequence, reply.message["content"]) == (former.id, 1, "a")
    assert reply.fence > former.fence
    assert await former.append_refused(2, "x") == {"code": "CONFLICT", "reason": TAKEN_OVER, "sequence": 1}
    assert (await former.finish_refused(2))["reason"] == TAKEN_OVER
    await reply.append(2, "b")
    assert (await reply.finish(3))["content"] == "ab"


async def test_a_producer_that_dies_is_settled_and_reopens_the_reply_with_its_text(scene: Scene) -> None:
    reply = await start(scene.agent, scene.chat)
    await reply.append(1, "half")
    await died(scene, reply)
    assert (await reply.append_refused(2, "x"))["reason"] == TAKEN_OVER
    again = await start(scene.agent, scene.chat)
    assert (again.id, again.sequence, again.message["status"]) == (reply.id, 1, "STREAMING")
    assert (again.message["content"], again.message["error"]) == ("half", None)
    await again.append(2, " and half")
    assert (await again.finish(3))["content"] == "half and half"


async def died(scene: Scene, reply: Outside) -> None:
    await scene.server.let_lease_run_out(reply.id)
    await scene.server.runtime.sweep.once()
    row = await scene.server.row(reply.id)
    assert (row.status, row.error_code) == ("FAILED", "INTERRUPTED")


async def test_a_blank_reply_is_neither_claimed_nor_started_again_by_a_worker(scene: Scene) -> None:
    reply = await start(scene.agent, scene.chat)
    asked = await scene.ann.prompt(scene.chat)
    assert (await scene.server.claim(asked)).writer  # it does not wait for the agent's
    assert (await scene.server.row(reply.id)).tries == 0
    await died(scene, reply)


async def test_empty_appends_renew_the_lease_and_raise_no_revision(scene: Scene) -> None:
    reply = await start(scene.agent, scene.chat)
    await reply.append(1, "a")
    before = await scene.server.row(reply.id)
    assert await reply.append(2) == 2
    assert await reply.append(2, port=scene.elsewhere.port) == 2
    after = await scene.server.row(reply.id)
    assert after.lease > before.lease
    assert after.revision == before.revision
    assert await reply.append(3, "b", scene.elsewhere.port) == 3


async def test_activity_is_shown_until_text_comes(scene: Scene) -> None:
    reply = await start(scene.agent, scene.chat)
    await reply.append(1, activity="Searching the web…")
    assert (await scene.server.row(reply.id)).activity == "Searching the web…"
    await reply.append(2)
    assert (await scene.server.row(reply.id)).activity == "Searching the web…"
    await reply.append(3, "Found it.")
    assert not (await scene.server.row(reply.id)).activity


async def test_many_appends_at_once_are_one_update(scene: Scene) -> None:
    reply = await start(scene.agent, scene.chat)
    await reply.append(1, "0")
    before = await scene.server.row(reply.id)
    async with asyncio.TaskGroup() as appends:
        for sequence in range(2, 52):
            appends.create_task(reply.append(sequence, "x"))
    after = await scene.server.row(reply.id)
    assert after.content == "0" + 50 * "x"
    assert after.revision - before.revision < 25
