"""People who write and follow the notes of `examples/notes`, over real sockets.

async with serving(backend.settings(), NOTES) as server:
    ann = await author(server, "Ann")
    note = await ann.create("Tides")
    async with ann.socket() as socket, server.writing(note) as text:
        stream = await follow(socket, note)
        text.append("The Moon pulls.")
        await stream.until(body="The Moon pulls.")
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from api.settings import Settings
from tests.support.fleet import ServerProcess
from tests.support.people import Person
from tests.support.server import Running
from tests.support.sockets import Socket, Subscription

ROOT = Path(__file__).parents[2]

PASSWORD = "ten letters or more"

NOTE = "id revision status streaming title body error { code message }"
NOTE_STREAM = f"subscription ($id: ID!) {{ noteStream(id: $id) {{ {NOTE} }} }}"


class Author(Person):
    """Somebody with notes."""

    async def create(self, title: str = "Tides") -> str:
        """A note that waits to be written; its id."""
        data = await self.ask("mutation ($t: String!) { createNote(title: $t) { id } }", t=title)
        return str(data["createNote"]["id"])

    async def change(self, mutation: str, note: str, **arguments: str) -> dict[str, Any]:
        """One mutation of a note; the note as it is after. Raises Refused when there are errors."""
        declared = "".join(f", ${name}: String!" for name in arguments)
        passed = "".join(f", {name}: ${name}" for name in arguments)
        query = f"mutation ($id: ID!{declared}) {{ {mutation}(id: $id{passed}) {{ {NOTE} }} }}"
        return (await self.ask(query, id=note, **arguments))[mutation]  # type: ignore[no-any-return]

    async def delete(self, note: str) -> None:
        await self.ask("mutation ($id: ID!) { deleteNote(id: $id) }", id=note)

    async def note(self, id: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = (await self.ask(f"query ($id: ID!) {{ note(id: $id) {{ {NOTE} }} }}", id=id))[
            "note"
        ]
        return found

    def at(self, server: Running) -> "Author":
        """The same person with a tab on another server."""
        return Author(**{**vars(self), "port": server.port})


async def author(server: Running, name: str) -> Author:
    """Somebody with an account of their own."""
    return Author(**vars(await server.person(name)))


async def follow(socket: Socket, note: str) -> Subscription:
    """The stream of a note; its frames are the notes themselves."""
    return await socket.subscribe(NOTE_STREAM, id=note)


class NotesProcess(ServerProcess):
    """`python -m examples.notes` in a process of its own, which serves and writes notes."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.model_dump(include=settings.model_fields_set))

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "examples.notes"]

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {"PORT": str(self.port), "PYTHONPATH": str(ROOT)}

    async def author(self, name: str) -> Author:
        """Somebody who signs up here."""
        new = Author(self.port, "", f"{name.lower()}@example.com", "", "")
        query = "mutation ($n: String!, $e: String!, $p: String!) { signUp(name: $n, email: $e, password: $p) }"
        new.token = (await new.ask(query, n=name, e=new.email, p=PASSWORD))["signUp"]
        new.viewer_id = (await new.ask("{ viewer { id } }"))["viewer"]["id"]
        return new


@asynccontextmanager
async def notes_process(settings: Settings) -> AsyncIterator[NotesProcess]:
    """A running process, which the test may kill and start again on the same port."""
    process = NotesProcess(settings)
    try:
        await asyncio.to_thread(process.start)
        yield process
    finally:
        await asyncio.to_thread(process.end)
