"""A process that dies between commit and publish: `python -m tests.faults.killed_publisher URL Message|Chat ID`.

It commits what a writer or a mutation would commit, and is gone before the bus has heard a word.
"""

import asyncio
import os
import signal
import sys
from uuid import UUID

from api.chats.models import Chat, Message
from api.database import Database
from api.streaming import leases
from api.streaming.publisher import Publisher
from api.streaming.writer import Writer

LEASE = 2.0


async def die(messages: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def write(database: Database, publisher: Publisher, reply: UUID) -> None:
    """The first words of a reply."""
    (row,) = await database.write(leases.claim(Message, reply, limit=1, lease=LEASE))
    async with (
        Writer(database, publisher, cadence=0, lease=LEASE, wait=60, limit=1_000_000) as writer,
        writer.stream(Message(**row._mapping)) as text,
    ):
        text.append("Committed, and announced to nobody.")
        await asyncio.Event().wait()


async def rename(database: Database, chat: UUID) -> None:
    async with database.transaction() as session:
        (await session.get_one(Chat, chat)).title = "Committed, and announced to nobody"
    await asyncio.Event().wait()


async def main(url: str, kind: str, key: str) -> None:
    async with Publisher(die) as publisher:
        database = Database(url, publisher)
        await (write(database, publisher, UUID(key)) if kind == "Message" else rename(database, UUID(key)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
