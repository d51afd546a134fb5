"""The clocks of a server and of a worker are wrong by a minute: order, tokens, leases and texts are right."""

import asyncio
import sys
import time
from dataclasses import replace

from tests.support.conversation import conversation
from tests.support.deployment import Deployment
from tests.support.fleet import Fleet, Process, ServerProcess
from tests.support.people import Person
from tests.support.scripted import is_finished

MINUTE = 60

LEASE = 9
"""A worker on a busy machine keeps it, and a clock that is a minute ahead would find it run out."""

EDGES = "query ($id: ID!) { chat(id: $id) { messages { edges { node { content } } } } }"


def with_clock(process: Process, seconds: int) -> Process:
    """The same process on a machine whose clock is so many seconds ahead."""
    command = process._command
    process._command = lambda: [sys.executable, "-m", "tests.support.skewed", str(seconds), *command()[1:]]  # type: ignore[method-assign]
    return process


class Skewed(Deployment):
    """A server that is right and one whose clock is a minute ahead, on one database."""

    def __init__(self, fleet: Fleet, ahead: ServerProcess) -> None:
        super().__init__(fleet.database_url)
        self.ports_ = [fleet.servers[0].port, ahead.port]

    @property
    def ports(self) -> list[int]:
        return self.ports_


async def test_a_minute_between_the_clocks_of_servers_and_workers_changes_nothing(fleet: Fleet) -> None:
    ahead = ServerProcess(fleet.settings(lease_seconds=LEASE))
    behind = Process(fleet.settings(lease_seconds=LEASE, model="scripted?chars=900&rate=300"), "worker")
    try:
        processes = [with_clock(ahead, MINUTE), with_clock(behind, -MINUTE)]
        await asyncio.gather(*(asyncio.to_thread(process.start) for process in processes))
        skewed = Skewed(fleet, ahead)
        async with conversation(skewed) as talk:
            reply = await talk.ask("Is it late?")  # both servers sweep meanwhile
            row = await talk.ended(reply)
            assert is_finished(row, "Is it late?", chars=900)
            assert (row.tries, row.fence) == (1, 2)
            for number in range(4):
                await (talk.ann, talk.bob)[number % 2].send(talk.chat, str(number), reply=False)
            edges = (await talk.ann.ask(EDGES, id=talk.chat))["chat"]["messages"]["edges"]
            assert [edge["node"]["content"] for edge in edges][2:] == ["0", "1", "2", "3"]
        here, there = skewed.ports
        for number, (issuer, other) in enumerate(((here, there), (there, here))):
            await signed_up(talk.ann, issuer, other, number)
    finally:
        ahead.end()
        behind.end()


async def signed_up(person: Person, issuer: int, other: int, number: int) -> None:
    """A token of one server is good at the other."""
    stranger = replace(person, port=issuer, token="")
    account = {"name": "Cem", "email": f"cem.{number}.{time.time_ns()}@example.com", "password": "long enough"}
    token = (await stranger.mutate("signUp", **account))["token"]
    await replace(person, port=other, token=token).create_chat()
