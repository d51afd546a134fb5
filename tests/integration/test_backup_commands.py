"""`twotrack backup`, `restore` and `restored` beside running servers."""

import asyncio
from pathlib import Path
from typing import Any

import httpx

from api.streaming.restoring import LARGEST
from tests.support.commands import run_command, server_process
from tests.support.files import opened, titles
from tests.support.fleet import Process
from tests.support.services import Redis

ANN = {"name": "Ann", "email": "ann@example.com", "password": "correct horse"}
SIGN_UP = "mutation ($i: SignUpInput!) { signUp(input: $i) { token } }"
CREATE = 'mutation { createChat(input: { title: "Tides" }) { chat { id } } }'
VIEWER = "{ viewer { email revision } }"


async def run(folder: Path, *arguments: str, **settings: str) -> str:
    """The output of a command that must succeed."""
    code, output, errors = await run_command(folder, *arguments, **settings)
    assert (code, errors) == (0, "")
    return output


async def refused(folder: Path, *arguments: str, **settings: str) -> str:
    """The one sentence with which a command refuses to do anything."""
    code, output, errors = await run_command(folder, *arguments, **settings)
    assert (code, output) == (2, ""), errors
    (line,) = errors.splitlines()
    assert line.startswith("twotrack: ")
    return line.removeprefix("twotrack: ")


async def signed_up(client: httpx.AsyncClient, url: str) -> str:
    return str((await asked(client, url, SIGN_UP, i=ANN))["signUp"]["token"])


async def asked(client: httpx.AsyncClient, url: str, query: str, token: str = "", /, **variables: Any) -> Any:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    answer = await client.post(f"{url}/graphql", json={"query": query, "variables": variables}, headers=headers)
    return answer.json()["data"]


async def test_a_running_server_is_backed_up_and_must_stop_for_a_restore(tmp_path: Path) -> None:
    async with server_process(tmp_path) as url, httpx.AsyncClient() as client:
        token = await signed_up(client, url)
        for number in (1, 2):
            await asked(client, url, CREATE, token)
            assert f"{number}.db.secret" in await run(tmp_path, "backup", f"{number}.db")
            assert titles(tmp_path / f"{number}.db") == ["Tides"] * number
        for command in (("restore", "1.db"), ("restored",)):
            assert "Stop every `twotrack serve`" in await refused(tmp_path, *command)
        assert (await asked(client, url, VIEWER, token))["viewer"]["revision"] == 3
    output = await run(tmp_path, "restore", "1.db")
    assert all(said in output for said in ("1.db", "twotrack.db.before-restore", "raised by 1,000,000"))
    assert titles(tmp_path / "twotrack.db") == ["Tides"]
    async with server_process(tmp_path) as url, httpx.AsyncClient() as client:
        assert (await asked(client, url, VIEWER, token))["viewer"]["revision"] == 1_000_002


async def test_a_restore_is_refused_while_servers_share_the_file(tmp_path: Path, redis_server: Redis) -> None:
    bus = {"BROADCAST_URL": redis_server.url}
    async with server_process(tmp_path, "--no-replies", **bus):
        await run(tmp_path, "backup", "backup.db")
        assert "Stop every `twotrack serve`" in await refused(tmp_path, "restore", "backup.db")
        async with server_process(tmp_path, **bus):
            pass  # it shares the file with the first one
        assert "BROADCAST_URL" in await refused(tmp_path, "serve")


async def test_a_restore_is_refused_while_a_worker_runs(tmp_path: Path, redis_server: Redis) -> None:
    database = {"database_url": f"sqlite+aiosqlite:///{tmp_path}/twotrack.db"}
    worker = Process({**database, "broadcast_url": redis_server.url}, "worker")
    try:
        await asyncio.to_thread(worker.start)
        await run(tmp_path, "backup", "backup.db")
        assert "`twotrack worker`" in await refused(tmp_path, "restore", "backup.db")
    finally:
        worker.end()
    await run(tmp_path, "restore", "backup.db")


async def test_tokens_stay_valid_on_another_machine(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    async with server_process(first) as url, httpx.AsyncClient() as client:
        token = await signed_up(client, url)
        await run(first, "backup", "../backup.db")
    assert "sign in again" not in await run(second, "restore", "../backup.db")
    async with server_process(second) as url, httpx.AsyncClient() as client:
        assert (await asked(client, url, VIEWER, token))["viewer"]["email"] == ANN["email"]
    (second / "twotrack.db.secret").unlink()
    (tmp_path / "backup.db.secret").unlink()
    assert "sign in again" in await run(second, "restore", "../backup.db")


async def test_a_server_serves_the_largest_revision_of_a_restore_and_raises_it(tmp_path: Path) -> None:
    async with server_process(tmp_path) as url, httpx.AsyncClient() as client:
        token = await signed_up(client, url)
    with opened(tmp_path / "twotrack.db") as database:
        database.execute("UPDATE users SET revision = ?", (LARGEST - 1_000_000,))
    await run(tmp_path, "restored")
    assert "--lower-revisions" in await refused(tmp_path, "restored")
    async with server_process(tmp_path) as url, httpx.AsyncClient() as client:
        await asked(client, url, CREATE, token)
        assert (await asked(client, url, VIEWER, token))["viewer"]["revision"] == LARGEST + 1
    assert "must reload" in await run(tmp_path, "restored", "--lower-revisions")
