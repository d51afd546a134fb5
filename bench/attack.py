"""What a stranger's and a user's worst requests cost the others: 50 follow a reply for a minute, undisturbed or not.

    make bench ONLY=attack

The attackers run in a process of their own, at the lowest priority, on the readers' core. So what slows the readers is
the server.
"""

import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.attackers import DOCUMENTS
from bench.audience import Audience
from bench.contestants import REST, Person, Services, person
from bench.load import Load
from bench.measure import Figures, fill, percentile, perform, quiet
from bench.processes import running

MESSAGES, MESSAGE_BYTES = 30, 90_000
"""Of the attacking user: their texts are asked for again and again."""

SEND = "mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }"


async def undisturbed(services: Services, load: Load) -> Figures:
    return await _measure(services, load, attacked=False)


async def attacked(services: Services, load: Load) -> Figures:
    return await _measure(services, load, attacked=True)


async def _measure(services: Services, load: Load, *, attacked: bool) -> Figures:
    async with (
        services.twotrack(load) as stage,
        Audience(stage.port, deflate=False, greeted=stage.greets) as audience,
        person(stage.port, "Mallory") as mallory,
    ):
        connection_kb = await fill(stage, audience)
        chat = await _texts(mallory)
        await _requests(mallory, chat)  # what each first loads is not charged to the attack
        await quiet(stage.server)
        before = stage.server.resident_kb()
        async with _attackers(stage.port, mallory, chat) if attacked else _nobody():
            spent = await perform(stage, audience, load)
        await quiet(stage.server)
        gc.collect()
        return Figures(
            cpu_us=spent.cpu_seconds / spent.delivered * 1e6,
            p50_ms=percentile(audience.delays, 0.50) * 1e3,
            p99_ms=percentile(audience.delays, 0.99) * 1e3,
            wire_bytes=audience.wire_bytes / max(1, audience.delivered),
            text_bytes=audience.payload_bytes / max(1, audience.delivered),
            delivered=audience.delivered,
            skipped=audience.committed - audience.delivered,
            connection_kb=connection_kb,
            core_share=spent.cpu_seconds / spent.seconds,
            waited_share=spent.waited_seconds / spent.seconds,
            reader_us=spent.own_seconds / spent.delivered * 1e6,
            grown_kb=stage.server.resident_kb() - before,
        )


async def _texts(mallory: Person) -> str:
    """A chat with long messages."""
    chat: str = (await mallory.ask("mutation { createChat { chat { id } } }"))["chat"]["id"]
    for number in range(MESSAGES):
        message = {"chatId": chat, "content": "x" * MESSAGE_BYTES, "idempotencyKey": str(number), "reply": False}
        await mallory.ask(SEND, input=message)
    return chat


async def _requests(mallory: Person, chat: str) -> None:
    for document in DOCUMENTS:
        await mallory.client.post("/graphql", json={"query": document, "variables": {"id": chat}})


@asynccontextmanager
async def _nobody() -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def _attackers(port: int, mallory: Person, chat: str) -> AsyncIterator[None]:
    command = ["nice", "-n", "19", sys.executable, "-m", "bench.attackers"]
    env = {"PYTHONPATH": ":".join(sys.path), "PORT": str(port), "CHAT": chat, "TOKEN": mallory.authorization}
    async with running(command, env, core=REST) as attackers:
        yield
        attackers.check()
