"""A database is restored while pages are open: they come to the restored state by themselves."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from api.streaming.restoring import RAISE
from tests.e2e.site import running
from tests.support.backends import SECRET
from tests.support.commands import run_command
from tests.support.conversation import conversation
from tests.support.deployment import Deployment
from tests.support.executables import postgres_binaries
from tests.support.fleet import Fleet
from tests.support.readers import Page
from tests.support.services import Postgres

SLOW = "scripted?chars=6000&rate=100"
"""A reply that is still being written when the server stops."""

Step = Callable[[], Coroutine[Any, Any, None]]


@dataclass
class Operator:
    """A deployment, and what its operator does to it."""

    deployment: Deployment
    back_up: Step
    restore: Step
    """Stop every process, restore the backup, and start again."""


async def run(folder: Path, *arguments: str, **settings: str) -> None:
    code, _, errors = await run_command(folder, *arguments, **settings)
    assert code == 0, errors


@asynccontextmanager
async def of_a_file() -> AsyncIterator[Operator]:
    async with running(model=SLOW, lease_seconds=60) as site:
        settings = {"DATABASE_URL": site.database_url}

        async def back_up() -> None:
            await run(site.directory, "backup", "backup.db", **settings)

        async def restore() -> None:
            await asyncio.to_thread(site.kill)
            await run(site.directory, "restore", "backup.db", **settings)
            await asyncio.to_thread(site.start)

        yield Operator(site, back_up, restore)


@asynccontextmanager
async def of_postgres(fleet: Fleet, folder: Path) -> AsyncIterator[Operator]:
    """As docs/operations.md has it: restored into a new database, which then gets the name of the former one."""
    name = make_url(fleet.database_url).database
    dump = str(folder / "twotrack.dump")

    async with fleet.worker(SLOW, lease_seconds=60, model_timeout_seconds=300) as worker:

        async def back_up() -> None:
            await postgres(fleet.postgres, "pg_dump", "--format=custom", f"--file={dump}", f"--dbname={name}")

        async def restore() -> None:
            for process in (worker, *fleet.servers):
                await asyncio.to_thread(process.kill)
            fleet.postgres.execute(f"CREATE DATABASE {name}_restored")
            arguments = ("--no-owner", "--exit-on-error", f"--dbname={name}_restored", dump)
            await postgres(fleet.postgres, "pg_restore", *arguments)
            settings = {"DATABASE_URL": f"{fleet.database_url}_restored", "SECRET_KEY": SECRET}
            await run(folder, "restored", **settings, BROADCAST_URL=fleet.redis.url)
            fleet.postgres.execute(
                f"DROP DATABASE {name} WITH (FORCE)", f"ALTER DATABASE {name}_restored RENAME TO {name}"
            )
            await fleet.mended()

        yield Operator(fleet, back_up, restore)


async def postgres(server: Postgres, program: str, *arguments: str) -> None:
    """Run one of Postgres' programs to its end."""
    command = [str(postgres_binaries() / program), "--host=127.0.0.1", f"--port={server.port}", "--username=postgres"]
    process = await asyncio.create_subprocess_exec(*command, *arguments, stderr=subprocess.PIPE)
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()


@pytest.fixture(params=["sqlite", "postgres"])
def operator(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Any]:
    if request.param == "sqlite":
        return of_a_file
    fleet = request.getfixturevalue("fleet")
    return lambda: of_postgres(fleet, tmp_path)


async def test_open_pages_and_streams_come_to_the_restored_state(operator: Callable[[], Any]) -> None:
    async with operator() as operates, conversation(operates.deployment) as talk:
        begun = await talk.ask("Begun before the backup")
        await talk.shown(begun, 50)
        await operates.back_up()
        backed_up = await talk.ann.ask(PAGE, id=talk.chat)
        await talk.ann.mutate("renameChat", chatId=talk.chat, title="Renamed after the backup")
        lost = await talk.ask("Asked after the backup")
        shown = len(talk.readers[begun][0].last["content"])
        await talk.shown(begun, shown + 50)
        await talk.level()
        before = [page.revision for page in talk.pages]

        await operates.restore()

        for page, revision in zip(talk.pages, before, strict=True):
            await page.until(partial(shows_more_than, page, revision))
        row = await talk.ended(begun)
        assert (row.status, row.error_code) == ("FAILED", "INTERRUPTED")
        assert 50 <= len(row.content) < shown + 50
        assert await talk.over(lost) is None
        assert all(reader.gone for reader in talk.readers[lost])
        restored = await talk.ann.ask(PAGE, id=talk.chat)
        assert titled(restored) == titled(backed_up) == ("A chat", ["Begun before the backup"])
        assert restored["node"]["messages"]["revision"] == talk.pages[0].revision > RAISE


def shows_more_than(page: Page, revision: int) -> bool:
    return page.revision > revision


PAGE = """query ($id: ID!) { node(id: $id) { ... on Chat {
  title messages(last: 10) { revision edges { node { role content } } } } } }"""


def titled(page: dict[str, Any]) -> tuple[str, list[str]]:
    """The title of a chat, and what its participants wrote."""
    messages = [edge["node"] for edge in page["node"]["messages"]["edges"]]
    return page["node"]["title"], [message["content"] for message in messages if message["role"] == "USER"]
