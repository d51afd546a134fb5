"""What the faults happen to."""

from collections.abc import Iterator

import pytest
import pytest_asyncio

from tests.conftest import migrate
from tests.faults.fleet import Fleet
from tests.services import Postgres, Redis, throw_away


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
