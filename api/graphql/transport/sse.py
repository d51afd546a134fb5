"""Server-sent events: the distinct connections mode of graphql-sse's protocol."""

from api.graphql.transport.framing import Framing

SERVER_SENT_EVENTS = Framing(
    content_type="text/event-stream; charset=utf-8",
    start=b"",
    before=b"event: next\ndata: ",
    after=b"\n\n",
    heartbeat=b":\n\n",
    end=b"event: complete\ndata:\n\n",
)
