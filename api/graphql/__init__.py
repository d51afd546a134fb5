"""The GraphQL engine on top of the two tracks. It knows streamed models, and no product.

context      what a resolver finds in `info.context`: services, viewer, loaders
relay        global ids and `Node`; `objects` fetches by id, `pagination` and `connections` read lists
streamed     the `Streamed` interface, and `stream_field` for a model's subscription
sync         the `sync` subscription
execution/   documents and their limits, execution, operations that many subscribers share
transport/   HTTP, server-sent events, multipart, WebSocket; all that relies on private parts of uvicorn or websockets
"""

from api.graphql.connections import Connection, Edge, connect
from api.graphql.context import Context, Info, Services
from api.graphql.execution.projection import joined_field, related_field, snapshot_field
from api.graphql.objects import node_field, object_field
from api.graphql.pagination import After, Before, First, Last, PageInfo, window
from api.graphql.relay import Node, global_id, key_of
from api.graphql.streamed import Streamed, describe_enum, stream_field
from api.graphql.sync import sync_field

__all__ = [
    "After",
    "Before",
    "Connection",
    "Context",
    "Edge",
    "First",
    "Info",
    "Last",
    "Node",
    "PageInfo",
    "Services",
    "Streamed",
    "connect",
    "describe_enum",
    "global_id",
    "joined_field",
    "key_of",
    "node_field",
    "object_field",
    "related_field",
    "snapshot_field",
    "stream_field",
    "sync_field",
    "window",
]
