"""The requests and the program of docs/producers.md do what it says."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import pytest

from tests.support.executables import curl
from tests.support.paths import ROOT
from tests.support.people import Person
from tests.support.server import Running

DOCUMENT = (ROOT / "docs/producers.md").read_text()


def block(language: str) -> str:
    return DOCUMENT.partition(f"```{language}\n")[2].partition("```")[0]


async def run(server: Running, agent: Person, chat: str, *command: str) -> str:
    """What the program prints."""
    path = f"{Path(curl()).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "URL": server.url, "TOKEN": agent.token, "CHAT": chat, "PATH": path}
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(30):
        output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


async def contents(agent: Person, chat: str) -> list[tuple[str, str]]:
    page = "query ($c: ID!) { chat(id: $c) { messages { edges { node { status content } } } } }"
    edges = (await agent.ask(page, c=chat))["chat"]["messages"]["edges"]
    return [(edge["node"]["status"], edge["node"]["content"]) for edge in edges]


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
async def test_curl_prints_what_the_document_shows(server: Running) -> None:
    agent = await server.person("Agent")
    chat = await agent.create_chat()
    printed = await run(server, agent, chat, "bash", "-c", block("sh"))
    answers = [json.loads(line) for line in printed.replace("}{", "}\n{").splitlines()]
    shown = [json.loads(line) for line in block("text").splitlines()]
    assert [without_details(answer) for answer in answers] == [without_details(answer) for answer in shown]
    assert await contents(agent, chat) == [("COMPLETE", "Found it.")]


def without_details(answer: object) -> str:
    """The answer without its id, and without what an error says to people."""
    text = re.sub(r'"id": "[^"]*"', '"id": "…"', json.dumps(answer))
    text = re.sub(r'"message": "[^"]*"', '"message": "…"', text)
    return re.sub(r', "(locations|path)": \[.*?\](?=[,}])', "", text)


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
async def test_the_program_writes_its_reply(server: Running) -> None:
    agent = await server.person("Agent")
    chat = await agent.create_chat()
    await run(server, agent, chat, sys.executable, "-c", block("python"))
    assert await contents(agent, chat) == [("COMPLETE", "Agents may write here, too. ")]
