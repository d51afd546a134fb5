"""Postgres' connections: their limits, and their timestamps, of which Python can hold fewer than Postgres."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, event

from api.postgres_address import Address

CONNECT_SECONDS = 5.0
"""For Postgres to accept a connection."""

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
        "pool_pre_ping": True,  # after a restart of Postgres, connections that died with it are replaced
        "connect_args": {"timeout": CONNECT_SECONDS, "command_timeout": statement_seconds, **address.arguments},
    }


def prepare(engine: Engine, address: Address) -> None:
    """Configure each connection."""

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.run_async(_read_all_timestamps)
        if not address.pooled:  # by a pooler, the setting would be another client's after the first transaction
            # Not as a parameter of the connection, which a pooler would refuse.
            timeout = f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'"
            connection.run_async(lambda postgres: postgres.execute(timeout))


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
