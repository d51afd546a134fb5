"""What every test can ask for: both backends, a running server on each."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import structlog

from api import migrations
from api.database import Database
from api.settings import Settings
from api.streaming.publisher import Publisher
from tests.support.server import Running, serving
from tests.support.services import Postgres, postgres_server, redis_server

__all__ = ["postgres_server", "redis_server"]

SECRET = "only for tests, and long enough to sign with"

structlog.configure(
    processors=[structlog.stdlib.ProcessorFormatter.wrap_for_formatter], logger_factory=structlog.stdlib.LoggerFactory()
)


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """asyncio's own event loop. A module whose tests depend on the loop says with `LOOPS` on which ones they run."""
    return getattr(item.getparent(pytest.Module).obj, "LOOPS", {"asyncio": asyncio.new_event_loop})


@dataclass(frozen=True)
class Backend:
    """A database and a bus of the test's own."""

    name: str
    database_url: str
    broadcast_url: str
    direct_writes: bool = True

    def settings(self, **changes: Any) -> Settings:
        """Settings with short times; whatever a test needs otherwise it says itself."""
        fast: dict[str, Any] = {
            "cadence_seconds": 0.05,
            "direct_writes": self.direct_writes,
            "patience_seconds": 0.5,
            "secret_key": SECRET,
        }
        return Settings(database_url=self.database_url, broadcast_url=self.broadcast_url, **{**fast, **changes})


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to copy."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    migrate(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture(params=["embedded", "scaled"])
def backend(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> Iterator[Backend]:
    """Memory and SQLite, then Redis and Postgres."""
    yield from fresh_backend(request, tmp_path, sqlite_template)


def fresh_backend(request: pytest.FixtureRequest, directory: Path, sqlite_template: Path) -> Iterator[Backend]:
    """The one that the fixture's parameter names; `embedded-plain` sends everything uvicorn's plain way."""
    if request.param.startswith("embedded"):
        path = directory / "twotrack.db"
        path.write_bytes(sqlite_template.read_bytes())
        direct = request.param == "embedded"
        yield Backend(request.param, f"sqlite+aiosqlite:///{path}", "memory://", direct_writes=direct)
        return
    postgres: Postgres = request.getfixturevalue("postgres_server")
    redis = request.getfixturevalue("redis_server")
    with postgres.database(postgres.template("twotrack", migrate)) as url:
        yield Backend("scaled", url, redis.url)


@pytest_asyncio.fixture
async def server(backend: Backend) -> AsyncIterator[Running]:
    """A server whose replies the test writes itself."""
    async with serving(backend.settings()) as running:
        yield running


def migrate(url: str) -> None:
    """Give a fresh database its tables."""

    async def nobody(messages: object) -> None:
        """Nothing is announced here."""

    async def run() -> None:
        database = Database(url, Publisher(nobody))
        await migrations.migrate(database)
        if database.dialect == "sqlite":
            async with database.engine.connect() as connection:
                await connection.exec_driver_sql("ROLLBACK")
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        await database.aclose()

    asyncio.run(run())
