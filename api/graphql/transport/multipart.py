"""Multipart: Apollo's multipart subscription protocol 1.0."""

from api.graphql.transport.framing import Framing

# A client processes a part when it sees the boundary after it, so the boundary is sent with the part before it.
BOUNDARY = b"\r\n--graphql"
PART = b"\r\nContent-Type: application/json\r\n\r\n"

MULTIPART = Framing(
    content_type='multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"',
    start=BOUNDARY,
    before=PART + b'{"payload":',
    after=b"}" + BOUNDARY,
    heartbeat=PART + b"{}" + BOUNDARY,
    end=b"--\r\n",
)
