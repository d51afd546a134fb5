"""Writes replies to a Twotrack server from another process. Needs httpx and nothing else.

server    sends operations, and repeats them over lost connections and restarts of the server
reply     one reply: batches, sequence numbers, lease, and how it ends
batches   what was appended and has not been sent
pace      when the next batch is sent
errors    the errors of this package
"""

from twotrack_producer.errors import Finished, ProducerError, Refused, Stopped, TakenOver, TooLong, Unreachable
from twotrack_producer.reply import Reply, reply
from twotrack_producer.server import Server

__all__ = [
    "Finished",
    "ProducerError",
    "Refused",
    "Reply",
    "Server",
    "Stopped",
    "TakenOver",
    "TooLong",
    "Unreachable",
    "reply",
]
