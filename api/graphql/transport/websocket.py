"""GraphQL over WebSocket: the graphql-transport-ws protocol, and only that.

The legacy `graphql-ws` subprotocol is refused: a client could bypass authorization in it.
"""

import asyncio
from contextlib import AbstractContextManager, aclosing, nullcontext, suppress
from functools import partial
from typing import Any

import orjson
import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from api.errors import BadUserInput, LimitExceeded, NoPersistedQueries, Unauthenticated
from api.graphql.context import Context, Services, counted
from api.graphql.execution.operations import Operation, Operations
from api.graphql.execution.projection import NotShareable
from api.graphql.execution.responses import Refusal, failure, refusal
from api.graphql.execution.shared import SharedOperation
from api.graphql.followed_ids import FollowedIds
from api.graphql.transport.arrivals import Arrival
from api.graphql.transport.close_codes import (
    ALREADY_INITIALISED,
    ALREADY_SUBSCRIBED,
    BAD_MESSAGE,
    FORBIDDEN,
    INIT_TIMEOUT,
    NO_SUBPROTOCOL,
    NOT_INITIALISED,
    TRY_AGAIN_LATER,
    Closed,
)
from api.graphql.transport.direct_protocol import EXTENSION, DirectWebSocketProtocol
from api.graphql.transport.fast_path import FastPathSubscriber
from api.graphql.transport.lifetimes import lifetime
from api.graphql.transport.socket_messages import authorization, decoded, envelope, operation_id
from api.identity import Identity
from api.streaming.store import unless_outage

log = structlog.get_logger(__name__)

SUBPROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10.0
"""For `connection_init`. Clients send it at once; one that does not would hold a socket for nothing."""

ANSWERED_AT_ONCE = 4
"""Queries and mutations of one socket that are executed and sent at the same time. The rest wait their turn: each
answer may have 10 MB, and stays in memory until the client has taken it."""

UNSENT_ANSWERS = 5
"""So many answers of the largest size may wait for a client. It is too slow beyond that."""


class Socket:
    """One client's connection and the operations on it. Nothing of it remains when `serve` returns."""

    def __init__(self, websocket: WebSocket, operations: Operations, services: Services, arrival: Arrival) -> None:
        self._arrival = arrival
        self._websocket = websocket
        self._operations = operations
        self._services = services
        self._direct: DirectWebSocketProtocol | None = websocket.scope.get("extensions", {}).get(EXTENSION)
        self._waiting: dict[FastPathSubscriber, None] = {}
        """Subscribers that have an update to write as soon as there is room."""
        self._viewer: Identity | None = None
        self._ready = False
        self._watching: AbstractContextManager[None] = nullcontext()
        """Watches the credential of the viewer."""
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._followed = FollowedIds()
        self._running = 0
        """Operations that count against the limit: those of `_tasks`, and abandoned ones whose work has not ended."""
        self._answering: asyncio.Semaphore | None = None
        self._sending = asyncio.Lock()
        self._unsent = 0
        """Bytes that wait to be written."""
        self._ending: asyncio.Future[Closed] = asyncio.get_running_loop().create_future()

    async def serve(self) -> None:
        """Returns when either side closed the socket."""
        if SUBPROTOCOL not in self._websocket.scope["subprotocols"]:
            await self._websocket.accept()
            await self._websocket.close(NO_SUBPROTOCOL, f"Use the subprotocol {SUBPROTOCOL}")
            return
        await self._websocket.accept(SUBPROTOCOL)
        if self._direct is not None:
            self._direct.on_stuck = lambda: self.end(Closed(TRY_AGAIN_LATER, "Too slow; reconnect"))
            self._direct.on_writable = self._relieve
        reading = asyncio.create_task(self._read(), name="socket: reading")
        self._timer = self._end_later(INIT_SECONDS, Closed(INIT_TIMEOUT, "Send connection_init first"))
        try:
            await asyncio.wait((reading, self._ending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._timer.cancel()
            self._watching.__exit__(None, None, None)
            tasks = [reading, *self._tasks.values()]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            if self._direct is not None:
                self._direct.detach()
        if self._ending.done():
            await self._close(self._ending.result())

    def end(self, closed: Closed) -> None:
        """Close the socket, whatever it is doing."""
        if not self._ending.done():
            self._ending.set_result(closed)

    def _end_later(self, seconds: float, closed: Closed) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, self.end, closed)

    async def _close(self, closed: Closed) -> None:
        self._websocket.scope["close_code"] = closed.code
        if self._direct is not None:
            self._direct.close(closed.code, closed.reason)
            return
        if self._websocket.application_state is WebSocketState.CONNECTED:
            with suppress(RuntimeError, WebSocketDisconnect):
                # This waits while the socket is full; see `backpressure`.
                await self._websocket.close(closed.code, closed.reason)

    async def _read(self) -> None:
        try:
            while True:
                await self._receive(decoded(await self._websocket.receive()))
        except WebSocketDisconnect:
            pass
        except Closed as closed:
            # Without its traceback, whose frames hold this socket: the two would wait for the garbage collector.
            self.end(closed.with_traceback(None))

    async def _receive(self, message: dict[str, Any]) -> None:
        match message.get("type"):
            case "connection_init":
                await self._initialise(message.get("payload"))
            case "ping":
                await self._send(b'{"type":"pong"}')
            case "pong":
                pass
            case "subscribe":
                await self._subscribe(message.get("id"), message.get("payload"))
            case "complete":
                if (task := self._tasks.pop(str(message.get("id")), None)) is not None:
                    task.cancel()
            case other:
                raise Closed(BAD_MESSAGE, f"Unknown message type {other!r}")

    async def _initialise(self, payload: object) -> None:
        if self._ready:
            raise Closed(ALREADY_INITIALISED, "connection_init was sent before")
        proof = authorization(payload)
        try:
            with self._arrival.being_checked():
                self._viewer = await self._services.credentials.identify(proof)
        except Unauthenticated as error:
            raise Closed(FORBIDDEN, str(error)) from None
        except Exception as error:
            log.warning("credential not read", error=repr(error), exc_info=unless_outage(error))
            raise Closed(TRY_AGAIN_LATER, "The token cannot be checked now; retry") from None
        self._timer.cancel()
        self._arrival.said(signed_in=self._viewer is not None)
        self._timer = self._end_later(*lifetime(self._viewer, self._services.settings.socket_hours))
        revoked = Closed(FORBIDDEN, "The session has ended, or its token was revoked")
        watching = self._services.credentials.watch(self._viewer, partial(self.end, revoked))
        watching.__enter__()
        self._watching = watching
        self._ready = True
        await self._send(b'{"type":"connection_ack"}')

    async def _subscribe(self, id: object, payload: object) -> None:
        if not self._ready:
            raise Closed(NOT_INITIALISED, "Send connection_init first")
        id = operation_id(id)
        if id in self._tasks:
            raise Closed(ALREADY_SUBSCRIBED, f"Subscriber for {id} already exists")
        request_id = f"{self._websocket.scope.get('request_id', '')}.{id[:60]}"
        try:
            most = self._services.settings.socket_operations
            if self._running >= most:
                raise LimitExceeded(
                    f"A socket carries at most {most} operations at once. Complete some, or open another socket."
                )
            operation = Operation.of(payload)
        except (LimitExceeded, BadUserInput, NoPersistedQueries) as error:
            await self._send(envelope(id, "error") + refusal(error, request_id).errors + b"}")
            return
        client = self._websocket.client
        agent = self._websocket.headers.get("user-agent", "")
        address = client.host if client else ""
        context = Context(self._services, self._viewer, address, request_id, agent, followed=self._followed)
        self._running += 1
        self._tasks[id] = asyncio.create_task(self._operate(id, operation, context), name=f"socket: {id}")

    async def _operate(self, id: str, operation: Operation, context: Context[Any]) -> None:
        """Run one operation to its end. Its id is free before the client receives `complete`."""
        try:
            shared = self._operations.shared(operation, context) if self._direct is not None else None
            if shared is None or not await self._directly(id, shared, context):
                if self._operations.subscribes(operation):
                    refused = await self._execute(id, operation, context)
                else:
                    if self._answering is None:
                        self._answering = asyncio.Semaphore(ANSWERED_AT_ONCE)
                    async with self._answering:
                        refused = await self._execute(id, operation, context)
                if refused is not None:
                    self._forget(id)
                    await self._send(envelope(id, "error") + refused.errors + b"}")
                    return
            self._forget(id)
            await self._send(orjson.dumps({"id": id, "type": "complete"}))
        except (WebSocketDisconnect, RuntimeError):
            pass  # the client disconnected, which `_read` notices
        finally:
            self._forget(id)
            if context.busy:
                context.on_idle = self._ended
            else:
                self._ended()

    async def _execute(self, id: str, operation: Operation, context: Context[Any]) -> Refusal | None:
        """Send each payload as it comes. Returns what is wrong if nothing was executed."""
        execute = self._operations.run if self._direct is None else self._operations.executed
        async with aclosing(execute(operation, context)) as payloads:
            async for payload in payloads:
                if isinstance(payload, Refusal):
                    return payload
                await self._send(envelope(id, "next") + payload.body + b"}")
        return None

    def _ended(self) -> None:
        self._running -= 1

    async def _directly(self, id: str, shared: SharedOperation, context: Context[Any]) -> bool:
        """Follow a row on the fast path. False if graphql-core must execute the operation after all."""
        assert self._direct is not None
        before = envelope(id, "next")
        subscriber = FastPathSubscriber(
            context.reader, shared, self._direct.writer, before, self._services, on_full=self._waiting.setdefault
        )
        self._direct.streams += 1
        with counted(context, "stream", shared.model):
            try:
                await subscriber.follow()
            except NotShareable:
                return False
            except Exception as error:
                await self._send(before + failure(error, context.request_id).body + b"}")
            finally:
                self._direct.streams -= 1
                self._waiting.pop(subscriber, None)
        return True

    def _relieve(self) -> None:
        """There is room again: waiting subscribers write the latest snapshot, until the socket is full.

        Other answers come first. Updates never end, and on a slow connection would leave no room for them.
        """
        assert self._direct is not None
        while self._waiting and not self._direct.writer.full and not self._sending.locked():
            subscriber = next(iter(self._waiting))
            del self._waiting[subscriber]
            subscriber.resume()

    def _forget(self, id: str) -> None:
        if self._tasks.get(id) is asyncio.current_task():
            del self._tasks[id]

    async def _send(self, message: bytes) -> None:
        """One message at a time. A client that takes none for too long is disconnected."""
        self._unsent += len(message)
        try:
            if self._unsent > UNSENT_ANSWERS * self._services.settings.answer_bytes:
                self.end(Closed(TRY_AGAIN_LATER, "Too slow; reconnect"))
                await asyncio.Event().wait()  # until `serve` cancels this
            await self._write(message)
        finally:
            self._unsent -= len(message)

    async def _write(self, message: bytes) -> None:
        if self._direct is not None:
            try:
                async with self._sending:
                    await self._direct.room()
                    self._direct.write_text(message)
            finally:
                self._relieve()
            return
        try:
            async with self._sending, asyncio.timeout(self._services.settings.send_timeout_seconds):
                await self._websocket.send_text(message.decode())
        except TimeoutError:
            self.end(Closed(TRY_AGAIN_LATER, "Too slow; reconnect"))
            await asyncio.Event().wait()  # until `serve` cancels this
