"""Whether a process reaches what it needs: `/readyz` of a server and of a worker's port. Loads no web server."""

import asyncio
from functools import cache, partial
from typing import Any

import structlog
from sqlalchemy import Select, select

from api.base import Base
from api.database import Database
from api.server.runtime import Runtime

log = structlog.get_logger(__name__)

PING_SECONDS = 2.0
"""For the database and the bus to answer a readiness check."""


async def readiness(runtime: Runtime) -> tuple[int, dict[str, str]]:
    """The status and the JSON of `/readyz`: 200 if the tables can be read and the bus answers, else 503 with the name
    of what fails."""
    unavailable = {}
    for name, ping in (("database", partial(_read_rows, runtime.database)), ("bus", runtime.bus.ping)):
        try:
            async with asyncio.timeout(PING_SECONDS):
                await ping()
        except Exception as error:
            log.warning("not ready", service=name, error=repr(error))
            unavailable[name] = "does not answer"
    if unavailable:
        return 503, {"status": "unavailable", **unavailable}
    return 200, {"status": "ok"}


async def _read_rows(database: Database) -> None:
    """Read the newest row of each table with revisions: a damaged file answers queries that read no table."""
    await database.read(_newest_rows())


@cache
def _newest_rows() -> Select[Any]:
    tables = [table for table in Base.metadata.sorted_tables if "revision" in table.c]
    newest = [select(table.c.revision).order_by(table.c.id.desc()).limit(1) for table in tables]
    return select(*(query.scalar_subquery() for query in newest))
