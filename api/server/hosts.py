"""Refuses requests for hosts that this server does not serve.

A page on another host whose name was made to lead here (DNS rebinding) could otherwise talk to a server that listens
for this machine alone, and browsers would take both for the same origin.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = ("localhost", "*.localhost", "127.0.0.1", "[::1]")

UNCHECKED = ("/healthz", "/readyz")
"""Load balancers ask for them by address."""


class AllowedHosts:
    """ASGI middleware. Answers 421 to requests and WebSocket handshakes whose `Host` is none of these.

    A host stands without port. `*.example.com` allows the hosts below example.com.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self._app = app
        self._names = frozenset(host for host in hosts if not host.startswith("*."))
        self._domains = tuple(host[1:] for host in hosts if host.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"] in UNCHECKED:
            await self._app(scope, receive, send)
            return
        host = host_name(Headers(scope=scope).get("host", ""))
        if host in self._names or (self._domains and host.endswith(self._domains)):
            await self._app(scope, receive, send)
            return
        refusal = PlainTextResponse(
            "This server does not serve that host. If it should, add the host to TWOTRACK_ALLOWED_HOSTS.\n", 421
        )
        await refusal(scope, receive, send)


def allowed_hosts(hosts: tuple[str, ...], origins: tuple[str, ...]) -> tuple[str, ...]:
    """The hosts to allow, or none if any is: those of the setting, and those of the allowed origins."""
    if not hosts or "*" in hosts:
        return ()
    return (*hosts, *(host_name(urlsplit(origin).netloc) for origin in origins if origin != "*"))


def host_name(host: str) -> str:
    """A `Host` header without its port, in lower case."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdecimal() else host.lower()


def is_loopback(address: str) -> bool:
    """Whether a server on this address is reached from this machine alone."""
    try:
        return ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return address.lower() == "localhost"
