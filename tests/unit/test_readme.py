"""The commands of the README, as a newcomer types them."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

from tests.support.backends import Backend
from tests.support.server import serving

README = (Path(__file__).parents[2] / "README.md").read_text()

ID = re.compile(r'"(?:id|token)":"([^"]+)"')


async def test_a_terminal_gets_to_a_streaming_reply_by_the_commands_of_the_readme(backend: Backend) -> None:
    lines = re.findall(r"^\$ ((?:ask\(\)|TOKEN=|ask) ?.*)$", README, re.MULTILINE)
    define, sign_up, token, create, send, follow = lines
    async with serving(backend.settings(model="scripted?chars=200&rate=2000"), replies=True) as server:
        define = define.replace("http://127.0.0.1:8000/graphql", server.url)
        token = token.partition("#")[0].replace("…", found(await said(define, sign_up)))
        chat = found(await said(define, token, create))
        reply = found(await said(define, token, send.replace("…", chat)))
        frames = [
            json.loads(line.removeprefix("data: "))
            for line in (await said(define, token, follow.replace("…", reply))).splitlines()
            if line.startswith("data: {")
        ]
    last: dict[str, Any] = frames[-1]["data"]["messageStream"]
    assert last["status"] == "COMPLETE"
    assert last["content"]


async def said(*commands: str) -> str:
    shell = await asyncio.create_subprocess_exec("bash", "-c", "\n".join(commands), stdout=asyncio.subprocess.PIPE)
    output, _ = await asyncio.wait_for(shell.communicate(), 20)
    return output.decode()


def found(answer: str) -> str:
    match = ID.search(answer)
    assert match is not None, answer
    return match[1]
