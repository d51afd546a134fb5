"""Subscriptions: `messageStream` on the stream track, `sync` on the sync track."""

import strawberry

from api.chats import Message as MessageRow
from api.graphql.streamed import stream_field
from api.graphql.sync import sync_field
from api.schema.types.chats import Message


@strawberry.type(description="Subscriptions, over WebSocket, server-sent events or multipart responses.")
class Subscription:
    message_stream = stream_field(
        MessageRow,
        Message,
        description="Streams a message while it is being generated. Sends the full message immediately and on every "
        "update, and completes after the final status. If it completes earlier, subscribe again. Fails with NOT_FOUND "
        "if the message is deleted or the viewer loses access.",
    )
    sync = sync_field(
        description="Sends the revision of each followed object immediately, and again whenever it rises. Refetch if "
        "it is greater than the revision that your latest fetch of the page returned, or if the event says `deleted`.",
        ids="Ids of the viewer's own Viewer and Chats, at most 100. Duplicates are ignored.",
    )
