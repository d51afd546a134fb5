"""Postgres' connections: their limits, and their timestamps, of which Python can hold fewer than Postgres."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

from api.postgres_address import Address

CONNECT_SECONDS = 5.0
"""For Postgres to accept a connection. While others have all its connections, we ask again for as long."""

REFUSED_SECONDS = 0.1
"""Pause before the next attempt to connect, if others have all connections."""

PING_SECONDS = 3.0
"""For a connection of the pool to answer before it is used. Otherwise it may be half-open, as after the failure of a
network, and no answer would ever come. Then all connections of the pool are replaced."""

IDLE_SECONDS = 5
"""Postgres aborts a transaction that is idle for this long. Ours are idle only if their process is frozen; their locks
would delay every reply that is written in the same statement as a locked one."""

ERA = datetime(2000, 1, 1, tzinfo=UTC)
"""From which Postgres counts."""

MICROSECOND = timedelta(microseconds=1)


def options(address: Address, statement_seconds: float | None) -> dict[str, Any]:
    """For `create_async_engine`. `statement_seconds` is how long one statement may take; None is no limit."""
    return {
        "isolation_level": "AUTOCOMMIT",
        "pool_use_lifo": True,  # the connection that was used last has its statements prepared and its memory cached
        "connect_args": {
            "timeout": CONNECT_SECONDS,
            "command_timeout": statement_seconds,
            "async_creator_fn": _connect,
            **address.arguments,
        },
    }


async def _connect(*args: Any, **options: Any) -> Any:
    """A connection, also if others leave us none for a moment, for example during an upgrade."""
    loop = asyncio.get_running_loop()
    until = loop.time() + CONNECT_SECONDS
    while True:
        try:
            return await asyncpg.connect(*args, **options)
        except asyncpg.TooManyConnectionsError:
            if loop.time() > until:
                raise
        await asyncio.sleep(REFUSED_SECONDS)


def prepare(engine: Engine, address: Address) -> None:
    """Configure each connection."""
    # In the queue of a pooler, a ping may wait as long as a statement.
    ping_seconds = None if address.pooled else PING_SECONDS

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.run_async(_read_all_timestamps)
        if not address.pooled:  # by a pooler, the setting would be another client's after the first transaction
            # Not as a parameter of the connection, which a pooler would refuse.
            timeout = f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'"
            connection.run_async(lambda postgres: postgres.execute(timeout))

    @event.listens_for(engine, "checkout")
    def ping(connection: Any, *_: Any) -> None:
        """Like `pool_pre_ping`, whose ping waits as long as a statement, and fails the request if no answer comes."""
        try:
            connection.run_async(lambda postgres: postgres.fetchrow(";", timeout=ping_seconds))
        except (
            OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError
        ) as error:  # fmt: skip
            # A connection that was lost in the middle of a statement still counts it as under way: InternalClientError.
            is_lost = isinstance(error, TimeoutError | asyncpg.InternalClientError)
            if is_lost or connection.driver_connection.is_closed():
                raise InvalidatePoolError(str(error)) from error
            # Of another error, the statement tells.


async def _read_all_timestamps(postgres: Any) -> None:
    """Without this, one timestamp that Python cannot hold, such as a year before Christ, would fail the query."""
    await postgres.set_type_codec(
        "timestamptz", schema="pg_catalog", encoder=_microseconds, decoder=_moment, format="tuple"
    )


def _microseconds(moment: datetime) -> tuple[int]:
    return ((moment - ERA) // MICROSECOND,)


def _moment(stored: tuple[int]) -> datetime | str:
    try:
        return ERA + timedelta(microseconds=stored[0])
    except OverflowError:
        return f"{stored[0]} microseconds since 2000"
