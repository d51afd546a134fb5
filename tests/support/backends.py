"""The two backends: a database and a bus of the test's own, embedded (SQLite, memory) or scaled (Postgres, Redis)."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api import migrations
from api.database import Database
from api.settings import Settings
from api.streaming.publisher import Publisher
from tests.support.services import Postgres, Redis

SECRET = "only for tests, and long enough to sign with"


UNLIMITED = {"messages_per_minute": 0, "replies_at_once": 0}
"""For tests in which one user does the work of many."""


@dataclass(frozen=True)
class Backend:
    """Addresses of a database and a bus that only this test uses."""

    name: str
    database_url: str
    broadcast_url: str
    direct_writes: bool = True

    def settings(self, **changes: Any) -> Settings:
        """Settings with short times, and with these changes."""
        fast: dict[str, Any] = {
            "cadence_seconds": 0.05,
            "direct_writes": self.direct_writes,
            "patience_seconds": 0.5,
            "secret_key": SECRET,
            **UNLIMITED,
        }
        return Settings(database_url=self.database_url, broadcast_url=self.broadcast_url, **{**fast, **changes})


def fresh_backend(request: pytest.FixtureRequest, directory: Path, sqlite_template: Path) -> Iterator[Backend]:
    """The backend that the fixture's parameter names; `embedded-plain` writes to sockets without the fast path."""
    if request.param.startswith("embedded"):
        path = directory / "twotrack.db"
        path.touch(0o600)  # a server refuses a file that others may read
        path.write_bytes(sqlite_template.read_bytes())
        direct = request.param == "embedded"
        yield Backend(request.param, f"sqlite+aiosqlite:///{path}", "memory://", direct_writes=direct)
        return
    yield from scaled_backend(request.getfixturevalue("postgres_server"), request.getfixturevalue("redis_server"))


def scaled_backend(postgres: Postgres, redis: Redis) -> Iterator[Backend]:
    """A new Postgres database, on a Redis that other tests use too."""
    with postgres.database(postgres.template("twotrack", migrate)) as url:
        yield Backend("scaled", url, redis.url)


def migrate(url: str) -> None:
    """Create the tables of a new database."""

    async def discard(messages: object) -> None:
        """Nobody subscribes to this database yet."""

    async def run() -> None:
        database = Database(url, Publisher(discard))
        await migrations.migrate(database)
        if database.dialect == "sqlite":
            async with database.engine.connect() as connection:
                await connection.exec_driver_sql("ROLLBACK")
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        await database.aclose()

    asyncio.run(run())
