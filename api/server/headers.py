"""What browsers are told about every answer: where it may be shown, what it may load, and what it never needs."""

import re
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-frame-options": "DENY",  # for browsers without frame-ancestors
}

DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
"""For an answer that is data: a browser that is made to show it as a page may load and run nothing."""

DATA = ("application/json", "application/graphql-response+json", "text/plain")

INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


class SecurityHeaders:
    """ASGI middleware. Adds the headers that an answer does not have yet.

    Not a `BaseHTTPMiddleware`, which would hide from the application that a client disconnected.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in ALWAYS.items():
                    headers.setdefault(name, value)
                if headers.get("content-type", "").startswith(DATA):
                    headers.setdefault("content-security-policy", DATA_POLICY)
                    headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


def page_headers(file: Path) -> dict[str, str]:
    """The headers of an HTML page: it may load what this server serves, and run no script but its own.

    A script in the page itself is named by its hash. Styles may stand in the page, since formulas and the editor of
    GraphiQL are laid out with them.
    """
    changed = file.stat()
    return {
        "cache-control": "no-cache",
        "content-security-policy": _page_policy(file, (changed.st_mtime_ns, changed.st_size)),
        "cross-origin-opener-policy": "same-origin",
    }


@lru_cache(maxsize=16)
def _page_policy(file: Path, version: tuple[int, int]) -> str:
    hashes = [b64encode(sha256(script).digest()).decode() for script in INLINE_SCRIPT.findall(file.read_bytes())]
    return "; ".join(
        (
            "default-src 'self'",
            " ".join(("script-src 'self'", *(f"'sha256-{each}'" for each in hashes))),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self' data:",
            "worker-src 'self' blob:",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )
