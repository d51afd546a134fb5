"""The names of the bus's channels. All are made in this file, and clients never send one."""

from uuid import UUID

ACCESS = "access"
"""A user lost access: the id of the row with the access epoch, and the new epoch. Every process subscribes."""


def work(table: str) -> str:
    """A row of this table waits for a worker. The workers for the table subscribe."""
    return f"work:{table}"


def stream(table: str, key: UUID) -> str:
    """A streamed row as a snapshot, on every update. The hubs of its subscribers subscribe."""
    return f"stream:{table}:{key.hex}"


def sync(table: str, key: UUID) -> str:
    """The revision of a row, after every commit that changes its page. The hubs of its subscribers subscribe."""
    return f"sync:{table}:{key.hex}"


def writer(key: UUID) -> str:
    """Rows of one worker that another process decided about: the row's id and its fence. That worker subscribes."""
    return f"writer:{key.hex}"
