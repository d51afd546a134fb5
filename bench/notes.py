"""The notes of `examples/notes` as a contestant: a second model on the same mechanism, with the texts of the bench.

python -m bench.notes serve     serves them on PORT, and writes none
python -m bench.notes work      writes those that wait
"""

import asyncio
import os
import secrets
import signal
import sys
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import httpx
import uvloop

from api import logs
from api.server import Product, create_app
from api.server.metrics import Metrics
from api.server.process import running
from api.server.serve import prepare_process, run
from api.settings import Settings
from api.streaming import Draft
from bench.load import Load
from bench.publishing import whole_text
from examples.notes.models import Note
from examples.notes.product import NOTES

SELECTION = ("id", "content", "owner", "status", "streaming", "revision", "title")
"""What a page shows of a note, in the order of a message's fields."""

FIELDS = " ".join(SELECTION).replace("content", "content: body")

SUBSCRIPTION = f"subscription NoteStream($id: ID!) {{ noteStream(id: $id) {{ {FIELDS} }} }}"

PIECES_PER_SECOND = 20


def product(load: Load) -> Product:
    """The notes, with a producer that writes the text of this load at its pace."""

    async def write(note: Note, draft: Draft) -> None:
        text, step = whole_text(note.title, load.chars), max(1, load.chars_per_second // PIECES_PER_SECOND)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for piece, at in enumerate(range(0, len(text), step), 1):
            await asyncio.sleep(begun + piece / PIECES_PER_SECOND - loop.time())
            draft.append(text[at : at + step])

    return replace(NOTES, streams={Note: lambda settings, database: nullcontext(write)})


async def work(settings: Settings, notes: Product) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with running(settings, notes, Metrics(notes.streams), replies=True):
        await stopping.wait()


class Member:
    """A user of the notes over HTTP."""

    def __init__(self, client: httpx.AsyncClient, name: str) -> None:
        self._client = client
        self.email = f"{name.lower()}@example.com"

    @property
    def authorization(self) -> str:
        return self._client.headers["authorization"]

    async def sign_up(self) -> None:
        arguments = f'name: "A member", email: "{self.email}", password: "{secrets.token_urlsafe(16)}"'
        token = await self.ask(f"mutation {{ signUp({arguments}) }}")
        self._client.headers["authorization"] = f"Bearer {token}"

    async def new_note(self, title: str, other: "Member") -> str:
        """The id of a note that waits to be written, shared with the other member."""
        note: str = (await self.ask("mutation ($t: String!) { createNote(title: $t) { id } }", t=title))["id"]
        share = "mutation ($id: ID!, $email: String!) { shareNote(id: $id, email: $email) { id } }"
        await self.ask(share, id=note, email=other.email)
        return note

    async def note(self, id: str) -> dict[str, Any]:
        row: dict[str, Any] = await self.ask(f"query ($id: ID!) {{ note(id: $id) {{ {FIELDS} }} }}", id=id)
        return row

    async def ask(self, query: str, **variables: Any) -> Any:
        """The value of the one root field."""
        answer = (await self._client.post("/graphql", json={"query": query, "variables": variables})).json()
        if answer.get("errors"):
            raise RuntimeError(f"{query}: {answer['errors']}")
        (value,) = answer["data"].values()
        return value


if __name__ == "__main__":
    settings, notes = Settings.load(), product(Load.from_json(os.environ["LOAD"]))
    logs.configure("WARNING")
    if sys.argv[1] == "serve":
        app = create_app(settings, notes, replies=False)
        prepare_process()
        run(app, settings, host="127.0.0.1", port=int(os.environ["PORT"]))
    else:
        uvloop.run(work(settings, notes))
