"""The example agents answer, and neither a restart of all servers nor their own death changes a word."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.support.fleet import Fleet
from tests.support.network import Network
from tests.support.paths import ROOT
from tests.support.people import Person
from tests.support.until import becomes

BUILT = "examples/agents/dist/agent.js"

QUESTION = " ".join(f"word{number}" for number in range(400))
"""Its answer takes eight seconds."""


class Agent:
    """An agent's process."""

    def __init__(self, command: list[str], url: str, chat: str, token: str, log: Path) -> None:
        self._command, self._arguments = command, [url, chat]
        self._environment = {**os.environ, "TWOTRACK_TOKEN": token}
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, *self._arguments, cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )

    async def kill(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    @property
    def log(self) -> str:
        return self._log.read_text()


def python_agent() -> list[str]:
    return [sys.executable, "examples/agents/agent.py"]


def typescript_agent() -> list[str]:
    command = ["make", "--old-file=client/node_modules/.installed", BUILT]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return ["node", BUILT]


@asynccontextmanager
async def agent_in_chat(fleet: Fleet, command: list[str], log: Path) -> AsyncIterator[tuple[Person, str, Agent]]:
    """Ann, her chat, and a running agent that participates in it, behind a load balancer."""
    ann, helper = await fleet.people("Ann", "Helper")
    chat = await ann.create_chat()
    await ann.add(chat, helper)
    async with Network(*fleet.ports) as network:
        agent = Agent(command, f"{network.url}/graphql", chat, helper.token, log)
        await agent.start()
        try:
            yield ann, chat, agent
        finally:
            await agent.kill()


async def reply_to(ann: Person, chat: str, question: str) -> str | None:
    page = "query ($c: ID!) { chat(id: $c) { messages(last: 9) { edges { node { id replyTo activity } } } } }"
    edges = (await ann.ask(page, c=chat))["chat"]["messages"]["edges"]
    return next((edge["node"]["id"] for edge in edges if edge["node"]["replyTo"] == question), None)


def expected() -> str:
    lines = [f"{number}. {word}\n" for number, word in enumerate(QUESTION.split(), 1)]
    return f"You wrote {len(lines)} words.\n\n" + "".join(lines)


@pytest.mark.parametrize("command", [python_agent, typescript_agent])
async def test_an_agent_answers_through_a_restart_of_all_servers_and_its_own_death(
    fleet: Fleet, command: Callable[[], list[str]], tmp_path: Path
) -> None:
    program = await asyncio.to_thread(command)
    async with agent_in_chat(fleet, program, tmp_path / "log") as (ann, chat, agent):
        asked = (await ann.send(chat, QUESTION, reply=False))["message"]["id"]
        reply = await becomes(lambda: reply_to(ann, chat, asked), lambda found: found is not None)
        assert reply is not None
        await fleet.row_when(reply, lambda row: row.activity or row.content)
        await fleet.row_when(reply, lambda row: len(row.content) > 500)
        first, second = fleet.servers
        await first.leaves()
        before = await fleet.row(reply)
        await agent.kill()
        await asyncio.gather(asyncio.to_thread(first.start), agent.start())
        await second.leaves()
        await asyncio.to_thread(second.start)
        row = await fleet.row_when(reply, lambda row: row.status != "STREAMING" and row.error_code != "INTERRUPTED")
    assert before.status == "STREAMING"
    assert (row.status, row.content) == ("COMPLETE", expected()), agent.log
