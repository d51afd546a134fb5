"""Who is compared: Twotrack as run at scale, the documented idiom, the bare write; all in processes of their own."""

import itertools
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bench import bare as bare_write
from bench import notes as note_product
from bench import publishing
from bench.load import FIELDS, Load
from bench.processes import Process, environment, running, two_cores
from bench.seats import MESSAGES, Seat, Subscription
from tests.support.services import Postgres, Redis, free_port

SERVER, REST = two_cores()

TWOTRACK = str(Path(sys.executable).with_name("twotrack"))

ANSWER_SECONDS = 30


@dataclass(frozen=True)
class Stage:
    """A server that is up, with messages that nobody writes yet."""

    server: Process
    port: int
    seats: list[Seat]
    greets: bool
    """Whether a reader is shown the message as it is as soon as it subscribes."""
    begin: Callable[[], Awaitable[None]]
    """Let the messages be written."""
    rows: Callable[[], Awaitable[list[dict[str, Any]]]]
    """The messages as they are now, in the readers' selection, as far as that is known."""
    subscription: Subscription = MESSAGES


Contestant = Callable[[Load], AbstractAsyncContextManager[Stage]]


@dataclass(frozen=True)
class Services:
    """What Twotrack needs beside itself: a real Redis, a real Postgres."""

    redis: Redis
    postgres: Postgres

    @asynccontextmanager
    async def twotrack(self, load: Load, *, guests: bool = False) -> AsyncIterator[Stage]:
        """`twotrack serve --no-replies`; `twotrack worker` begins to write when it is told to.

        The readers are two participants of each chat, each on many sockets; or `guests`, all with the one link to it.
        """
        with self.postgres.database(self.postgres.template("bench", migrate)) as database:
            env = {
                **self.environment(load, database),
                "TWOTRACK_MODEL": f"scripted?chars={load.chars}&rate={load.chars_per_second}",
            }
            port = free_port()
            async with AsyncExitStack() as stack:
                serve = [TWOTRACK, "serve", "--no-replies", "--port", str(port)]
                server = await stack.enter_async_context(running(serve, env, core=SERVER))
                await server.listens(port)
                people = [await stack.enter_async_context(person(port, name)) for name in ("Ann", "Ben")]
                replies = [await people[0].ask_for_reply(load.question(m), people[1]) for m in range(load.messages)]

                async def begin() -> None:
                    await stack.enter_async_context(running([TWOTRACK, "worker"], env, core=REST))

                async def rows() -> list[dict[str, Any]]:
                    return [await people[0].message(id) for id in replies]

                if guests:
                    by_link = [await people[0].link_to(id) for id in replies]
                    readers = itertools.cycle(zip(replies, by_link, strict=True))
                else:
                    readers = itertools.cycle((id, person.authorization) for person in people for id in replies)
                seats = [
                    Seat(id, f"{reader:036}", authorization)
                    for reader, (id, authorization) in zip(range(load.readers), readers, strict=False)
                ]
                yield Stage(server, port, seats, True, begin, rows)

    @asynccontextmanager
    async def notes(self, load: Load) -> AsyncIterator[Stage]:
        """The notes of `examples/notes`, served and written by processes of their own."""
        with self.postgres.database(self.postgres.template("bench", migrate)) as database:
            port = free_port()
            env = {**self.environment(load, database), "LOAD": load.to_json(), "PORT": str(port)}
            command = [sys.executable, "-m", "bench.notes"]
            async with AsyncExitStack() as stack:
                server = await stack.enter_async_context(running([*command, "serve"], env, core=SERVER))
                await server.listens(port)
                members = []
                for name in ("Ann", "Ben"):
                    client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=ANSWER_SECONDS)
                    members.append(note_product.Member(await stack.enter_async_context(client), name))
                    await members[-1].sign_up()
                notes = [await members[0].new_note(load.question(m), members[1]) for m in range(load.messages)]

                async def begin() -> None:
                    await stack.enter_async_context(running([*command, "work"], env, core=REST))

                async def rows() -> list[dict[str, Any]]:
                    return [await members[0].note(id) for id in notes]

                readers = itertools.cycle((id, member.authorization) for member in members for id in notes)
                seats = [
                    Seat(id, f"{reader:036}", authorization)
                    for reader, (id, authorization) in zip(range(load.readers), readers, strict=False)
                ]
                subscription = Subscription(note_product.SUBSCRIPTION, note_product.SELECTION)
                yield Stage(server, port, seats, True, begin, rows, subscription)

    def environment(self, load: Load, database: str) -> dict[str, str]:
        return {
            "TWOTRACK_DATABASE_URL": database,
            "TWOTRACK_BROADCAST_URL": self.redis.url,
            "TWOTRACK_SECRET_KEY": secrets.token_hex(32),
            "TWOTRACK_DEFLATE": str(int(load.deflate)),
            "TWOTRACK_CADENCE_SECONDS": str(1 / load.per_second),
            "TWOTRACK_QUEUE_SECONDS": "600",  # the worker comes only once all readers have sat down
            "TWOTRACK_GRACE_SECONDS": "5",
            "TWOTRACK_INVITATIONS_PER_MINUTE": "100000",
        }


def migrate(database: str) -> None:
    env = environment(TWOTRACK_DATABASE_URL=database, TWOTRACK_SECRET_KEY=secrets.token_hex(32))
    subprocess.run([TWOTRACK, "migrate"], env=env, check=True, timeout=ANSWER_SECONDS, stdout=subprocess.DEVNULL)


@asynccontextmanager
async def idiom(load: Load) -> AsyncIterator[Stage]:
    """strawberry, FastAPI and broadcaster, by uvicorn."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "uvicorn", "bench.idiom:app", "--port", str(port), "--loop", "uvloop"),
        *("--ws", "websockets-sansio", "--ws-per-message-deflate", str(load.deflate).lower()),
        *("--log-level", "warning", "--no-access-log"),
    ]
    async with rival(command, load, port, lambda reader: f"{reader:036}") as stage:
        yield stage


@asynccontextmanager
async def bare(load: Load) -> AsyncIterator[Stage]:
    """One finished frame, written to every socket."""
    port = free_port()
    async with rival([sys.executable, "-m", "bench.bare"], load, port, lambda _: bare_write.OPERATION) as stage:
        yield stage


@asynccontextmanager
async def rival(command: list[str], load: Load, port: int, operation: Callable[[int], str]) -> AsyncIterator[Stage]:
    """A server that publishes by itself once it is told to."""
    env = {"LOAD": load.to_json(), "PORT": str(port)}
    async with running(command, env, core=SERVER) as server:
        await server.listens(port)

        async def begin() -> None:
            server.signal(signal.SIGUSR1)

        async def rows() -> list[dict[str, Any]]:
            final = [
                publishing.snapshot(load, message, load.updates, publishing.text(load, message))
                for message in range(load.messages)
            ]
            return [{name: value for name, value in row.items() if name != "updatedAt"} for row in final]

        seats = [Seat(f"message {reader % load.messages}", operation(reader)) for reader in range(load.readers)]
        yield Stage(server, port, seats, False, begin, rows)


@asynccontextmanager
async def person(port: int, name: str) -> AsyncIterator["Person"]:
    """Somebody who has just signed up."""
    account = {"name": name, "email": f"{name.lower()}@example.com", "password": secrets.token_urlsafe(16)}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=ANSWER_SECONDS) as client:
        signing = Person(client, account["email"])
        mutation = "mutation ($input: SignUpInput!) { signUp(input: $input) { token } }"
        token = (await signing.ask(mutation, input=account))["token"]
        client.headers["authorization"] = f"Bearer {token}"
        yield signing


async def pages_of(people: Sequence["Person"], load: Load) -> list[Seat]:
    """Pages of these two, each of which shows one of their chats, where a reply waits to be written."""
    shown = []
    for number in range(load.messages):
        reply = await people[0].ask_for_reply(load.question(number), people[1])
        shown += [(reply, each.authorization, await each.page_of(reply)) for each in people]
    pages = zip(range(load.readers), itertools.cycle(shown), strict=False)
    return [Seat(reply, f"{number:036}", authorization, page) for number, (reply, authorization, page) in pages]


@dataclass(frozen=True)
class Person:
    """Somebody who uses Twotrack over HTTP."""

    client: httpx.AsyncClient
    email: str

    @property
    def authorization(self) -> str:
        return self.client.headers["authorization"]

    async def ask_for_reply(self, question: str, other: "Person") -> str:
        """The id of a reply that waits to be written, in a chat with the other."""
        chat = (await self.ask("mutation { createChat { chat { id } } }"))["chat"]["id"]
        add = "mutation ($input: ParticipantInput!) { addParticipant(input: $input) { chat { id } } }"
        await self.ask(add, input={"chatId": chat, "email": other.email})
        send = "mutation ($input: SendMessageInput!) { sendMessage(input: $input) { reply { id } } }"
        sent = await self.ask(send, input={"chatId": chat, "content": question, "idempotencyKey": question})
        reply: str = sent["reply"]["id"]
        return reply

    async def link_to(self, reply: str) -> str:
        """What guests with a link to the chat of this reply send as `Authorization`."""
        chat = (await self.ask("query ($id: ID!) { message(id: $id) { chatId } }", id=reply))["chatId"]
        create = "mutation ($input: CreateLinkInput!) { createLink(input: $input) { token } }"
        return f"Bearer {(await self.ask(create, input={'chatId': chat, 'role': 'READER'}))['token']}"

    async def page_of(self, reply: str) -> tuple[str, ...]:
        """What a page follows with `sync` that shows the chat of this reply."""
        chat: str = (await self.ask("query ($id: ID!) { message(id: $id) { chatId } }", id=reply))["chatId"]
        viewer: str = (await self.ask("{ viewer { id } }"))["id"]
        return viewer, chat

    async def message(self, id: str) -> dict[str, Any]:
        row: dict[str, Any] = await self.ask(f"query ($id: ID!) {{ message(id: $id) {{ {FIELDS} }} }}", id=id)
        return row

    async def ask(self, query: str, **variables: Any) -> Any:
        """The one root field's value."""
        answer = (await self.client.post("/graphql", json={"query": query, "variables": variables})).json()
        if answer.get("errors"):
            raise RuntimeError(f"{query}: {answer['errors']}")
        (value,) = answer["data"].values()
        return value
