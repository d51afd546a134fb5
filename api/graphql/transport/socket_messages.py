"""The messages of graphql-transport-ws, as they are read and written."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.websockets import WebSocketDisconnect

from api.errors import BadUserInput
from api.graphql.execution.operations import require_whole_characters
from api.graphql.transport.close_codes import BAD_MESSAGE, Closed
from api.graphql.transport.json_text import MOST_VALUES, TooManyValues, parsed

ID_CHARACTERS = 1_000
"""Of an operation's id. The id goes before each update, in a block of deflate that holds 64 kB."""


def decoded(event: Mapping[str, Any]) -> dict[str, Any]:
    """The message of an ASGI event. Raises Closed for one that the protocol does not have, and WebSocketDisconnect."""
    if event["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(event.get("code", 1006))
    text = event.get("text")
    if text is None:
        raise Closed(BAD_MESSAGE, "Send text, not bytes")
    try:
        message = parsed(text)
    except TooManyValues:
        raise Closed(BAD_MESSAGE, f"A message has at most {MOST_VALUES:,} values in lists and objects") from None
    except (ValueError, RecursionError):
        raise Closed(BAD_MESSAGE, "Send JSON") from None
    if not isinstance(message, dict):
        raise Closed(BAD_MESSAGE, "Send a JSON object")
    return message


def authorization(payload: object) -> str | None:
    """The value in the payload of `connection_init`, whatever the case of its name. Raises Closed."""
    if not isinstance(payload, dict | None):
        raise Closed(BAD_MESSAGE, "The payload of connection_init must be an object")
    params = {str(name).lower(): value for name, value in (payload or {}).items()}
    value = params.get("authorization")
    return None if value is None else str(value)


def operation_id(id: object) -> str:
    """The id of a `subscribe` message. Raises Closed."""
    if not isinstance(id, str) or not id:
        raise Closed(BAD_MESSAGE, "`subscribe` needs an `id`")
    if len(id) > ID_CHARACTERS:
        raise Closed(BAD_MESSAGE, f"An id has at most {ID_CHARACTERS} characters")
    try:
        require_whole_characters(id)
    except BadUserInput as error:
        raise Closed(BAD_MESSAGE, str(error)) from None
    return id


def envelope(id: str, kind: str) -> bytes:
    """A message up to its payload; a closing brace ends it."""
    return b'{"id":' + orjson.dumps(id) + b',"type":"' + kind.encode() + b'","payload":'
