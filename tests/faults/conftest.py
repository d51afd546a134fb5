"""What the faults happen to."""

from collections.abc import Generator, Iterator

import pytest
import pytest_asyncio

from tests.conftest import Backend, migrate
from tests.faults.fleet import Fleet
from tests.support.services import Postgres, Redis, throw_away


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what the servers had to say about it."""
    report = yield
    fleet = getattr(item, "funcargs", {}).get("fleet")
    if report.failed and fleet is not None:
        for number, server in enumerate(fleet.servers):
            report.sections.append((f"server {number}", server.log[-5_000:]))
    return report


@pytest.fixture(scope="session")
def fleet_of_the_session() -> Iterator[Fleet]:
    """Started once, since that takes seconds; with services of its own, since these tests kill them."""
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
    """Everything up, whatever the last test did to it."""
    await fleet_of_the_session.mended()
    return fleet_of_the_session


@pytest.fixture
def scaled(postgres_server: Postgres, redis_server: Redis) -> Iterator[Backend]:
    """A database and a bus for two servers, which nobody will take away."""
    with postgres_server.database(postgres_server.template("twotrack", migrate)) as url:
        yield Backend("scaled", url, redis_server.url)
