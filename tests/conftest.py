"""Fixtures for every test: both backends, a running server on each, and a fleet of processes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio
import structlog

from tests.support.alarms import unharmed
from tests.support.backends import Backend, fresh_backend, migrate, scaled_backend
from tests.support.fleet import Fleet
from tests.support.server import Running, serving
from tests.support.services import Postgres, Redis, postgres_server, redis_server, throw_away
from tests.support.ways import brief_closing

__all__ = ["brief_closing", "postgres_server", "redis_server", "unharmed"]

structlog.configure(
    processors=[structlog.stdlib.ProcessorFormatter.wrap_for_formatter], logger_factory=structlog.stdlib.LoggerFactory()
)


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """asyncio's own event loop, unless the module names others in `LOOPS` because its tests depend on them."""
    module = item.getparent(pytest.Module)
    assert module is not None
    return getattr(module.obj, "LOOPS", {"asyncio": asyncio.new_event_loop})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the logs of the fleet's servers to a failure."""
    report = yield
    fleet = getattr(item, "funcargs", {}).get("fleet")
    if report.failed and fleet is not None:
        for number, server in enumerate(fleet.servers):
            report.sections.append((f"server {number}", server.log[-5_000:]))
    return report


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


@pytest.fixture
def scaled(postgres_server: Postgres, redis_server: Redis) -> Iterator[Backend]:
    """Redis and Postgres, for tests of several processes."""
    yield from scaled_backend(postgres_server, redis_server)


@pytest_asyncio.fixture
async def server(backend: Backend) -> AsyncIterator[Running]:
    """A server without a worker: the test writes the replies."""
    async with serving(backend.settings()) as running:
        yield running


@pytest.fixture(scope="session")
def fleet_of_the_session() -> Iterator[Fleet]:
    """Started once, since that takes seconds, with services that no other test uses, since these tests kill them."""
    with (
        throw_away(Redis) as redis,
        throw_away(Postgres) as postgres,
        postgres.database(postgres.template("twotrack", migrate)) as url,
    ):
        fleet = Fleet(redis, postgres, url)
        yield fleet
        fleet.end()


@pytest_asyncio.fixture
async def fleet(fleet_of_the_session: Fleet) -> Fleet:
    """Two server processes, with everything running, whatever the last test did to them."""
    await fleet_of_the_session.mended()
    return fleet_of_the_session
