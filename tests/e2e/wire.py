"""What a page and its server say to each other: operations over HTTP, subscriptions on its sockets."""

import json
import time
from typing import Any

from playwright.async_api import Page, Request, WebSocket


class Wire:
    """Listens from the page's beginning."""

    def __init__(self, page: Page) -> None:
        self.asked: list[str] = []
        """The operations over HTTP by name, in their order."""
        self.tokens: list[str] = []
        """What each socket was opened with."""
        self.sockets: list[WebSocket] = []
        self.heard = 0.0
        """When the last frame arrived on any, by the monotonic clock."""
        self._followed: dict[tuple[WebSocket, str], tuple[str, Any]] = {}
        page.on("request", self._requested)
        page.on("websocket", self._opened)

    def following(self, operation: str) -> list[Any]:
        """The ids that live subscriptions of this name follow, one for each subscription.

        On the newest socket: one that was left as dead is called open until the browser has waited for its end in vain.
        """
        newest = self.sockets[-1:]
        return [id for (socket, _), (name, id) in self._followed.items() if name == operation and socket in newest]

    @property
    def streams(self) -> list[str]:
        """The messages that are being followed."""
        return self.following("MessageStream")

    def _requested(self, request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/graphql"):
            self.asked.append(str((request.post_data_json or {}).get("operationName")))

    def _opened(self, socket: WebSocket) -> None:
        self.sockets.append(socket)
        socket.on("framesent", lambda frame: self._sent(socket, json.loads(frame)))
        socket.on("framereceived", lambda frame: self._received(socket, json.loads(frame)))
        socket.on("close", lambda _: self._closed(socket))

    def _sent(self, socket: WebSocket, said: dict[str, Any]) -> None:
        match said["type"]:
            case "connection_init":
                self.tokens.append(said.get("payload", {}).get("authorization", ""))
            case "subscribe":
                variables = said["payload"].get("variables", {})
                followed = variables.get("id") or variables.get("ids")
                self._followed[socket, said["id"]] = (said["payload"]["operationName"], followed)
            case "complete":
                self._followed.pop((socket, said["id"]), None)

    def _received(self, socket: WebSocket, said: dict[str, Any]) -> None:
        self.heard = time.monotonic()
        if said["type"] in ("complete", "error"):
            self._followed.pop((socket, said["id"]), None)

    def _closed(self, socket: WebSocket) -> None:
        for key in [key for key in self._followed if key[0] is socket]:
            del self._followed[key]
