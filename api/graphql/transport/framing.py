"""How the payloads of a subscription are told apart in one long HTTP response."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Framing:
    """The bytes around payloads, between them and at the end."""

    content_type: str
    start: bytes
    before: bytes
    after: bytes
    heartbeat: bytes
    end: bytes
