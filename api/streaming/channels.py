"""The names of the bus's channels, spelled only here; a client never sends one."""

from uuid import UUID

ACCESS = "access"
"""Who may see what has changed: every process listens."""


def work(table: str) -> str:
    """A row of this table waits for a writer: idle workers listen."""
    return f"work:{table}"


def stream(table: str, key: UUID) -> str:
    """The whole row, each time it grows."""
    return f"stream:{table}:{key.hex}"


def sync(table: str, key: UUID) -> str:
    """The row's revision, each time that a change of its page is committed."""
    return f"sync:{table}:{key.hex}"


def writer(key: UUID) -> str:
    """To one worker: somebody else decided about a row that it is writing."""
    return f"writer:{key.hex}"
