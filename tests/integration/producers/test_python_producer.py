"""The Python package for producers, over servers that lose requests and answers."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from twotrack_producer import Finished, Refused, Server, Stopped, TakenOver, TooLong, Unreachable, reply
from twotrack_producer import server as requests

from tests.support.backends import Backend, fresh_backend
from tests.support.faults import UnreliableServers
from tests.support.people import Person
from tests.support.server import Running, serving

LEASE_SECONDS = 1.0
REPLY_BYTES = 20_000


@dataclass
class Scene:
    server: Running
    ann: Person
    agent: Person
    chat: str

    @asynccontextmanager
    async def agent_at_server(
        self,
        *,
        lost: float = 0.0,
        before: Callable[[httpx.Request], httpx.Response | None] = lambda request: None,
        patience: float = 20,
    ) -> AsyncIterator[Server]:
        transport = UnreliableServers([self.server.port], lost=lost, before=before)
        client = httpx.AsyncClient(transport=transport, timeout=20)
        async with Server(self.server.url, self.agent.token, patience=patience, client=client) as server:
            yield server


@pytest.fixture(params=["embedded"])
def backend(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> Iterator[Backend]:
    yield from fresh_backend(request, tmp_path, sqlite_template)


@pytest_asyncio.fixture
async def scene(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setattr(requests, "LONGEST_PAUSE_SECONDS", 0.05)
    async with serving(backend.settings(lease_seconds=LEASE_SECONDS, reply_bytes=REPLY_BYTES)) as server:
        ann, agent = await server.person("Ann"), await server.person("Agent")
        chat = await ann.create_chat()
        await ann.add(chat, agent)
        yield Scene(server, ann, agent, chat)


async def test_every_appended_token_is_in_the_text_once_whatever_is_lost(scene: Scene) -> None:
    meant = [f"token {number} 🙂 " for number in range(200)]
    async with scene.agent_at_server(lost=0.2) as server, reply(server, scene.chat, key="a", model="m") as text:
        text.think("hm")
        for token in meant:
            text.append(token)
            await asyncio.sleep(0.002)
        text.set(finish_reason="stop", input_tokens=1, output_tokens=200)
    row = await scene.server.row(text.id)
    assert (row.content, row.reasoning, row.status) == ("".join(meant), "hm", "COMPLETE")
    assert (row.model, row.finish_reason, row.output_tokens) == ("m", "stop", 200)
    assert text.content == row.content


async def test_tokens_leave_in_few_requests(scene: Scene) -> None:
    transport = UnreliableServers([scene.server.port])
    client = httpx.AsyncClient(transport=transport)
    async with (
        Server(scene.server.url, scene.agent.token, client=client) as server,
        reply(server, scene.chat, key="a") as text,
    ):
        for _ in range(1_000):
            text.append("x")
        await text.flush()
        assert len((await scene.server.row(text.id)).content) == 1_000
    assert transport.requests < 10


async def test_an_idle_producer_keeps_its_lease_and_one_that_dies_does_not(scene: Scene) -> None:
    async with scene.agent_at_server() as server, reply(server, scene.chat, key="a") as text:
        text.show("Thinking…")
        await text.flush()
        first = (await scene.server.row(text.id)).lease
        await scene.server.row_when(text.id, lambda row: row.lease > first + LEASE_SECONDS)
        assert (await scene.server.row(text.id)).activity == "Thinking…"
        assert text._sending is not None
        text._sending.cancel()
        row = await scene.server.row_when(text.id, lambda row: row.status == "FAILED")
        assert row.error_code == "INTERRUPTED"


async def test_a_stop_cancels_the_block(scene: Scene) -> None:
    async with scene.agent_at_server() as server:
        with pytest.raises(Stopped):
            async with reply(server, scene.chat, key="a") as text:
                text.append("kept")
                await text.flush()
                await scene.ann.act("stopMessage", text.id)
                await asyncio.Event().wait()
        with pytest.raises(Stopped):
            text.append("more")
        with pytest.raises(Stopped):
            async with reply(server, scene.chat, key="a"):
                pytest.fail("a stopped reply cannot be written")
    assert (await scene.server.row(text.id)).content == "kept"
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


async def test_a_producer_that_starts_again_takes_over_and_goes_on(scene: Scene) -> None:
    async with scene.agent_at_server() as server:
        with pytest.raises(TakenOver):
            async with reply(server, scene.chat, key="a") as former:
                former.append("one ")
                await former.flush()
                async with reply(server, scene.chat, key="a") as text:
                    assert text.content == "one "
                    text.append("two")
                former.append("lost")
                await former.flush()
        with pytest.raises(Finished):
            async with reply(server, scene.chat, key="a"):
                pytest.fail("a finished reply cannot be written")
    assert (await scene.server.row(text.id)).content == "one two"


async def test_an_exception_fails_the_reply_and_the_same_key_goes_on_with_it(scene: Scene) -> None:
    async with scene.agent_at_server() as server:
        with pytest.raises(ZeroDivisionError):
            async with reply(server, scene.chat, key="a") as text:
                text.append("half ")
                1 / 0  # noqa: B018
        row = await scene.server.row(text.id)
        assert (row.content, row.status, row.error_code) == ("half ", "FAILED", "INTERRUPTED")
        async with reply(server, scene.chat, key="a") as text:
            text.append("and half")
    row = await scene.server.row(text.id)
    assert (row.content, row.status) == ("half and half", "COMPLETE")


async def test_a_producer_whose_lease_ran_out_reopens_the_reply(scene: Scene) -> None:
    away = False
    unavailable = httpx.Response(503)
    async with (
        scene.agent_at_server(before=lambda _: unavailable if away else None) as server,
        reply(server, scene.chat, key="a") as text,
    ):
        text.append("one ")
        await text.flush()
        away = True
        text.append("two ")
        await scene.server.row_when(text.id, lambda row: row.status == "FAILED")
        away = False
        text.append("three")
    row = await scene.server.row(text.id)
    assert (row.content, row.status, row.error_code) == ("one two three", "COMPLETE", None)


async def test_a_producer_waits_as_long_as_the_server_asks(scene: Scene) -> None:
    asked = 0

    def slow_down(request: httpx.Request) -> httpx.Response | None:
        nonlocal asked
        asked += 1
        error = {"message": "slow down", "extensions": {"code": "RATE_LIMITED", "retryAfter": 0.01}}
        return httpx.Response(200, text=json.dumps({"data": None, "errors": [error]})) if asked < 4 else None

    async with scene.agent_at_server(before=slow_down) as server, reply(server, scene.chat, key="a") as text:
        text.append("a")
    assert (await scene.server.row(text.id)).content == "a"


async def test_too_long_a_text_ends_the_reply_with_what_was_accepted(scene: Scene) -> None:
    async with scene.agent_at_server() as server:
        with pytest.raises(TooLong):
            async with reply(server, scene.chat, key="a") as text:
                for _ in range(11):
                    text.append(REPLY_BYTES // 10 * "x")
                    await text.flush()
    row = await scene.server.row(text.id)
    assert (len(row.content), row.status, row.error_code) == (REPLY_BYTES, "FAILED", "TOO_LONG")


async def test_what_the_server_refuses_or_never_answers_is_raised(scene: Scene) -> None:
    async with scene.agent_at_server() as server:
        with pytest.raises(Refused) as refused:
            async with reply(server, scene.agent.user_id, key="a"):
                pytest.fail("there is no such chat")
    assert refused.value.code == "BAD_USER_INPUT"
    async with scene.agent_at_server(before=lambda _: httpx.Response(503), patience=0) as server:
        with pytest.raises(Unreachable):
            await server.execute("{ viewer { id } }")


async def test_changes_go_on_after_lost_connections(scene: Scene) -> None:
    async with scene.agent_at_server(lost=0.2) as server:
        changes = server.changes([scene.chat])
        async with asyncio.timeout(20):
            revision = (await anext(changes))["revision"]
            for _ in range(3):
                await scene.ann.send(scene.chat, reply=False)
                while (event := await anext(changes))["revision"] <= revision:
                    pass
                revision = event["revision"]
        await changes.aclose()


def test_the_package_needs_no_server() -> None:
    program = "import sys, twotrack_producer; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert not {"'api'", "'sqlalchemy'", "'strawberry'", "'pydantic'"} & set(loaded.strip("[]\n").split(", "))
