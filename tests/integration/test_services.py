"""The throw-away servers of the tests start, stop, restart and clean up."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import redis

from tests.support import services
from tests.support.services import Postgres, Redis, Server, throw_away


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    with throw_away(Redis) as server:
        yield server


def test_redis_answers_a_ping(redis_server: Redis) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.ping()


def test_redis_restarts_on_its_port_with_its_data_after_a_sigkill(own_redis: Redis) -> None:
    url, pid = own_redis.url, own_redis.pid
    with redis.Redis.from_url(url) as client:
        client.set("kept", "yes")
    own_redis.kill()
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", own_redis.port), timeout=1):
        pass
    own_redis.start()
    assert (own_redis.url, own_redis.pid != pid) == (url, True)
    with redis.Redis.from_url(url) as client:
        assert client.get("kept") == b"yes"


async def test_postgres_restarts_on_its_port_with_what_was_committed_before_a_sigkill() -> None:
    with throw_away(Postgres) as server:
        server.execute("CREATE TABLE kept (word text)")
        for end in (server.kill, server.stop):
            server.execute("INSERT INTO kept VALUES ('yes')")
            end()
            server.start()
        connection = await connect(server.url)
        try:
            assert await connection.fetchval("SELECT count(*) FROM kept") == 2
        finally:
            await connection.close()


async def test_a_database_contains_its_template_and_is_dropped(postgres_server: Postgres) -> None:
    prepared: list[str] = []

    def prepare(url: str) -> None:
        prepared.append(url)
        postgres_server.execute("CREATE TABLE filled ()", database=url.rpartition("/")[2])

    for _ in range(2):
        with postgres_server.database(postgres_server.template("filled", prepare)) as url:
            connection = await connect(url)  # still open when the database goes
            assert await connection.fetchval("SELECT to_regclass('filled')::text") == "filled"
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute("SELECT 1")
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await connect(url)
    assert len(prepared) == 1


def test_a_server_leaves_neither_process_nor_files() -> None:
    with throw_away(Redis) as server:
        pid, directory = server.pid, server.directory
        assert directory.exists()
    assert not directory.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("kind", [Redis, Postgres])
def test_packages_provide_the_programs_that_are_not_on_path(
    kind: type[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("glob.glob", lambda _: [])
    with throw_away(kind) as server:
        assert server.running


def test_binaries_that_only_root_reaches_are_copied_with_their_libraries(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    binaries = closed / "postgres_wheel" / "pginstall" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "postgres").touch()
    (closed / "postgres_wheel.libs").mkdir()
    closed.chmod(0o700)
    copy = services.readable_by_all(binaries, tmp_path / "open")
    assert copy == tmp_path / "open" / "postgres_wheel" / "pginstall" / "bin"
    assert (copy / "postgres").exists()
    assert (tmp_path / "open" / "postgres_wheel.libs").exists()


async def connect(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(url.replace("+asyncpg", ""))
