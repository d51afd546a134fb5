"""Subscriptions: a message while it is being written, and the revisions of what a page shows."""

import strawberry

from api.chats.models import Message as MessageRow
from api.graphql.streamed import stream_field
from api.graphql.sync import sync_field
from api.schema.types import Message


@strawberry.type(description="Subscriptions, over WebSocket, server-sent events or multipart responses.")
class Subscription:
    message_stream = stream_field(
        MessageRow,
        Message,
        description="Streams a message while it is being generated. Sends the full message immediately and on every "
        "update, and completes after the final status.",
    )
    sync = sync_field(
        description="Sends the revision of each followed object immediately, and again whenever it rises. Refetch if "
        "it is greater than the revision that your own fetch returned.",
        ids="Ids of the viewer's own Viewer and Chats, at most 100. Duplicates collapse.",
    )
