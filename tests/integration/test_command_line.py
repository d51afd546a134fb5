"""The command line as an operator uses it: processes, exit codes, and sentences without tracebacks."""

import socket
import sqlite3
import sys
from pathlib import Path

import httpx
import pytest

from tests.integration.schema.test_schema import PRINTED
from tests.support.backends import SECRET
from tests.support.commands import run_command, server_process
from tests.support.files import write_private
from tests.support.services import Postgres, Redis, throw_away


async def refused(directory: Path, *arguments: str, **settings: str) -> str:
    """The one sentence with which a command refuses to start."""
    code, output, errors = await run_command(directory, *arguments, **settings)
    assert (code, output) == (2, ""), errors
    (sentence,) = errors.splitlines()
    assert sentence.startswith("twotrack: ")
    return sentence.removeprefix("twotrack: ")


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"CADENCE_SECONDS": "soon"}, "TWOTRACK_CADENCE_SECONDS"),
        ({"DATABASE_URL": "mysql://localhost/twotrack"}, "TWOTRACK_DATABASE_URL"),
        ({"DATABASE_URL": "sqlite+aiosqlite:///nowhere/twotrack.db"}, "TWOTRACK_DATABASE_URL"),
        ({"DATABASE_URL": "sqlite+aiosqlite:///text.db"}, "TWOTRACK_DATABASE_URL"),
        (
            {"DATABASE_URL": "postgresql+asyncpg://u:p@127.0.0.1:1/twotrack", "SECRET_KEY": SECRET},
            "TWOTRACK_DATABASE_URL",
        ),
        ({"BROADCAST_URL": "postgres://localhost/twotrack"}, "TWOTRACK_BROADCAST_URL"),
        ({"PATIENCE_SECOND": "5"}, "TWOTRACK_PATIENCE_SECONDS"),
        ({"MODEL": "scripted?speed=300"}, "TWOTRACK_MODEL"),
        ({"MODEL": "parrot"}, "TWOTRACK_MODEL"),
        ({"MODEL": "openai:gpt-5"}, "TWOTRACK_MODEL"),
        ({"MODEL": "openai:gpt-5", "OPENAI_BASE_URL": "localhost:11434"}, "OPENAI_BASE_URL"),
    ],
    ids=str,
)
async def test_a_wrong_setting_stops_the_start(tmp_path: Path, settings: dict[str, str], named: str) -> None:
    write_private(tmp_path / "text.db", "This is no database. " * 1_000)
    assert named in await refused(tmp_path, "serve", **settings)


@pytest.mark.parametrize("command", ["serve", "worker"])
async def test_a_bus_address_that_cannot_be_used_stops_every_command(tmp_path: Path, command: str) -> None:
    sentence = await refused(tmp_path, command, BROADCAST_URL="redis://user:hush@localhost:port")
    assert sentence.startswith("TWOTRACK_BROADCAST_URL: ")
    assert "hush" not in sentence


async def test_a_damaged_key_stops_the_start(tmp_path: Path) -> None:
    write_private(tmp_path / "twotrack.db.secret", "short")
    assert "twotrack.db.secret is damaged" in await refused(tmp_path, "serve")


WITHOUT_ACCESS_RULES = """
from api import __main__, product
from api.streaming import access
access._rules.clear()
__main__.main()
"""


@pytest.mark.parametrize(("command", "exit_code"), [("serve", 3), ("worker", 2)])
async def test_a_model_without_an_access_rule_stops_the_start(
    tmp_path: Path, redis_server: Redis, command: str, exit_code: int
) -> None:
    code, output, errors = await run_command(
        tmp_path, "-c", WITHOUT_ACCESS_RULES, command, program=Path(sys.executable), BROADCAST_URL=redis_server.url
    )
    (sentence,) = [line for line in errors.splitlines() if not line.startswith("{")]
    assert (code, output) == (exit_code, "")
    assert sentence.startswith("twotrack: ")
    assert "has no access rule" in sentence


async def test_several_processes_that_cannot_start_end_their_parent(tmp_path: Path, redis_server: Redis) -> None:
    serve = "from api.server.serve import *; run('nowhere:app', Settings(), host='127.0.0.1', port=0, processes=2)"
    code, _, errors = await run_command(tmp_path, "-c", serve, program=Path(sys.executable))
    assert code == 3
    assert 'Could not import module "nowhere"' in errors


async def test_an_unknown_setting_is_named_in_the_log(tmp_path: Path) -> None:
    code, _, errors = await run_command(tmp_path, "migrate", ZEBRA="striped")
    assert code == 0
    assert [line for line in errors.splitlines() if "TWOTRACK_ZEBRA" in line and "warning" in line]


@pytest.mark.parametrize(
    "arguments", [("serve", "--processes", "2"), ("serve", "--no-replies"), ("worker",)], ids=" ".join
)
async def test_several_processes_need_a_shared_bus(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert "TWOTRACK_BROADCAST_URL" in await refused(tmp_path, *arguments)


async def test_a_second_server_on_a_file_is_refused_and_the_first_serves_on(tmp_path: Path) -> None:
    async with server_process(tmp_path) as url:
        sentence = await refused(tmp_path, "serve")
        assert "twotrack.db" in sentence
        assert "TWOTRACK_BROADCAST_URL" in sentence
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{url}/readyz")).status_code == 200
    async with server_process(tmp_path):
        pass  # the lock went with its holder


async def test_a_port_in_use_is_reported_without_a_traceback(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, _, errors = await run_command(tmp_path, "serve", "--port", str(taken.getsockname()[1]))
    assert code not in (0, None)
    assert "address already in use" in errors
    assert "Traceback" not in errors


async def test_a_workers_port_in_use_is_reported_in_a_sentence(tmp_path: Path, redis_server: Redis) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        sentence = await refused(tmp_path, "worker", "--port", port, BROADCAST_URL=redis_server.url)
    assert f"--port {port}" in sentence


@pytest.mark.parametrize("arguments", [("serve", "--port", "65536"), ("serve", "--processes", "0"), ("fly",)], ids=str)
async def test_a_wrong_option_is_reported_without_a_traceback(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code, _, errors = await run_command(tmp_path, *arguments)
    assert code == 2
    assert "Traceback" not in errors


async def test_an_empty_postgres_is_served_after_migrate_and_not_before(
    tmp_path: Path, postgres_server: Postgres, redis_server: Redis
) -> None:
    with postgres_server.database() as url:
        settings = {"DATABASE_URL": url, "BROADCAST_URL": redis_server.url, "SECRET_KEY": SECRET}
        for command in ("serve", "worker"):
            assert "twotrack migrate" in await refused(tmp_path, command, **settings)
        for _ in range(2):
            code, output, _ = await run_command(tmp_path, "migrate", **settings)
            assert (code, output) == (0, "The database is up to date.\n")
        async with server_process(tmp_path, **settings):
            pass


async def test_serve_makes_a_database_and_a_key_and_uses_them_again(tmp_path: Path) -> None:
    ann = '{ name: "Ann", email: "ann@example.com", password: "correct horse" }'
    sign_up = {"query": f"mutation {{ signUp(input: {ann}) {{ token }} }}"}
    async with server_process(tmp_path) as url, httpx.AsyncClient() as client:
        answer = (await client.post(f"{url}/graphql", json=sign_up)).json()
    token = answer["data"]["signUp"]["token"]
    async with server_process(tmp_path) as url, httpx.AsyncClient() as client:
        headers = {"authorization": f"Bearer {token}"}
        answer = (await client.post(f"{url}/graphql", json={"query": "{ viewer { email } }"}, headers=headers)).json()
    assert answer == {"data": {"viewer": {"email": "ann@example.com"}}}
    assert "Traceback" not in (tmp_path / "log").read_text()


async def test_migrate_makes_the_tables_of_a_file(tmp_path: Path) -> None:
    assert (await run_command(tmp_path, "migrate"))[0] == 0
    with sqlite3.connect(tmp_path / "twotrack.db") as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    database.close()
    assert {"users", "chats", "participations", "messages", "sent"} <= tables


async def test_a_refused_password_of_redis_stops_the_start(tmp_path: Path) -> None:
    with throw_away(Redis) as redis:
        sentence = await refused(tmp_path, "serve", BROADCAST_URL=redis.url.replace("redis://", "redis://:hush@"))
    assert "TWOTRACK_BROADCAST_URL" in sentence
    assert "hush" not in sentence


async def test_schema_prints_the_schema(tmp_path: Path) -> None:
    assert await run_command(tmp_path, "schema") == (0, PRINTED.read_text(), "")


async def test_help_lists_every_command(tmp_path: Path) -> None:
    code, output, _ = await run_command(tmp_path, "--help")
    assert code == 0
    assert all(
        command in output for command in ("serve", "worker", "migrate", "backup", "restore", "restored", "schema")
    )
