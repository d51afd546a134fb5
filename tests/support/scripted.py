"""Scripted models for the workers of a fleet, and how a reply of theirs ends."""

from api.chats.models import Message
from api.replies.prose import markdown

SHORT = 600
"""Characters."""

WHOLE = f"scripted?chars={SHORT}&rate=600"
"""Writes for one second."""

ENDLESS = "scripted?chars=60000&rate=300"
SPEECHLESS = "scripted?stall_at=0"
FALLS_SILENT = "scripted?stall_at=200&rate=1000"


def is_finished(row: Message | None, question: str = "Hello", chars: int = SHORT) -> bool:
    """Whether the reply is complete and has its whole text."""
    return row is not None and (row.status, row.content) == ("COMPLETE", "".join(markdown(question, chars)))
