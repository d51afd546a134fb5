"""What it costs to write replies: by agents through one server, and by Twotrack's own worker. Nobody reads them."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bench.contestants import REST, SERVER, TWOTRACK, Person, Services, migrate, person
from bench.load import BEGIN_SECONDS, END_SECONDS, Load
from bench.measure import Figures, percentile
from bench.processes import Process, Times, running
from bench.story import Unfaithful
from tests.support.services import free_port

PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Scene:
    server: Process
    port: int
    ann: Person
    stack: AsyncExitStack
    env: dict[str, str]

    async def chat(self) -> str:
        chat: str = (await self.ann.ask("mutation { createChat { chat { id } } }"))["chat"]["id"]
        return chat


@asynccontextmanager
async def scene(services: Services, load: Load, *, core: int) -> AsyncIterator[Scene]:
    """A server on this core, with somebody who has signed up."""
    with services.postgres.database(services.postgres.template("bench", migrate)) as database:
        env = {
            **services.environment(load, database),
            "TWOTRACK_MODEL": f"scripted?chars={load.chars}&rate={load.chars_per_second}",
        }
        port = free_port()
        async with AsyncExitStack() as stack:
            serve = [TWOTRACK, "serve", "--no-replies", "--port", str(port)]
            server = await stack.enter_async_context(running(serve, env, core=core))
            await server.listens(port)
            ann = await stack.enter_async_context(person(port, "Ann"))
            yield Scene(server, port, ann, stack, env)


async def by_worker(services: Services, load: Load) -> Figures:
    """The worker writes one reply in each chat, since those of one chat take turns."""
    async with scene(services, load, core=REST) as here:
        send = "mutation ($input: SendMessageInput!) { sendMessage(input: $input) { reply { id } } }"
        for number in range(load.messages):
            question = load.question(number)
            await here.ann.ask(
                send, input={"chatId": await here.chat(), "content": question, "idempotencyKey": question}
            )
        worker = await here.stack.enter_async_context(running([TWOTRACK, "worker"], here.env, core=SERVER))
        spent, seconds = await middle_of(worker, load)
        return figures(load, spent, seconds, [])


async def by_agents(services: Services, load: Load) -> Figures:
    """Each agent writes one reply in a chat of its own, and appends each token as it comes.

    The delays are those of the seconds in which the server's CPU is measured.
    """
    async with scene(services, load, core=SERVER) as here:
        chats = [await here.chat() for _ in range(load.messages)]
        agents = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.agents",
            env={
                **here.env, "PATH": "", "LOAD": load.to_json(), "CHATS": json.dumps(chats),
                "PYTHONPATH": ":".join(sys.path), "URL": f"http://127.0.0.1:{here.port}/graphql",
                "TOKEN": here.ann.authorization.removeprefix("Bearer "),
            },
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            spent, seconds = await middle_of(here.server, load)
            async with asyncio.timeout(PATIENCE_SECONDS):
                output, _ = await agents.communicate()
        finally:
            if agents.returncode is None:
                agents.kill()
                await agents.wait()
        delays: list[float] = json.loads(output)
        await verify(here.ann, chats, load)
        return figures(load, spent, seconds, delays)


async def verify(ann: Person, chats: list[str], load: Load) -> None:
    """Every reply has all its text."""
    page = "query ($id: ID!) { chat(id: $id) { messages(last: 1) { edges { node { status content } } } } }"
    for chat in chats:
        (edge,) = (await ann.ask(page, id=chat))["messages"]["edges"]
        if (edge["node"]["status"], len(edge["node"]["content"])) != ("COMPLETE", load.chars):
            raise Unfaithful("a reply lacks text")


async def middle_of(process: Process, load: Load) -> tuple[Times, float]:
    """What the process uses while all replies are written, and for how long."""
    await asyncio.sleep(BEGIN_SECONDS)
    begun, before = asyncio.get_running_loop().time(), process.times()
    await asyncio.sleep(load.seconds - BEGIN_SECONDS - END_SECONDS)
    after = process.times()
    spent = Times(after.ran - before.ran, after.waited - before.waited)
    return spent, asyncio.get_running_loop().time() - begun


def figures(load: Load, spent: Times, seconds: float, delays: list[float]) -> Figures:
    """`cpu_us` is for a reply and a second."""
    values: dict[str, Any] = dict.fromkeys(Figures.__dataclass_fields__, 0)
    values |= {
        "cpu_us": spent.ran / seconds / load.messages * 1e6,
        "p50_ms": percentile(delays, 0.50),
        "p99_ms": percentile(delays, 0.99),
        "delivered": load.messages,
        "core_share": spent.ran / seconds,
        "waited_share": spent.waited / seconds,
    }
    return Figures(**values)
