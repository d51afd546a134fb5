"""Both tracks, for any model that declares one. This package knows no GraphQL, no chat and no setting.

The files, in the order in which an update passes through them:

    A model declares
    tracks          `Sync`, `Stream` and `Untracked`: on which track the changes of a model travel
    columns         `Revised` and `Streamed`: the columns that the tracks need, and `enqueue`
    chunks          the table of what is appended to rows that stream, and the type of a text that is stored so
    tolerant        column types that return a stored value that they cannot read as it is
    access          access rules: which rows a viewer may see

    A mutation changes rows
    session         commits the changes, raises revisions and announces what changed
    gathering       puts the text of a row together before a transaction changes a row that streams
    guard           refuses statements that would change a tracked table without an announcement

    A worker writes text
    worker          claims waiting rows and calls a producer for each
    draft           what the writer holds of one row: its text so far, its fence and how it ends
    writer          decides when an update or a heartbeat is due
    outside         accepts appends by requests, of producers outside, exactly once
    outside_draft   what was appended by requests and is not yet committed
    flush           writes the updates, heartbeats and hand-backs that are due
    leases          the statements that claim, extend, hand back and settle rows
    turns           which row of a turn is the next
    fairness        whose rows are the next, and how many of one requester are written at once
    batch           many rows as one parameter of a statement
    store           how statements reach the database

    The change is announced
    announcements   the messages that announce a change
    channels        the names of the bus's channels
    snapshot        whole rows, encoded and decoded
    publisher       publishes announcements in the background
    bus             carries messages between processes, in memory or over Redis
    redis_backend   the connections to Redis
    redis_channels  which channels are wanted, and which of them Redis has confirmed

    Subscribers receive it
    hub             receives the channels that this process follows, and authorizes subscribers
    topic           one followed row: its latest state and its subscribers
    subscriber      one subscription of a client, which takes the latest state when it is ready
    sync_subscriber the one of the sync track, which leaves the channels of rows that are not visible
    allotments      how much each viewer may have under way at once
    sweep           finds in the database what the bus lost, and settles rows whose writers died

    At other times
    restoring       what the rows of a restored database need before processes use it
    observer        what metrics and traces learn
    errors          the errors of this package
"""

from api.streaming.access import access_rule
from api.streaming.columns import Revised, Status, Streamed, enqueue
from api.streaming.draft import Draft
from api.streaming.errors import Gone, ProducerError, TooLong, UnseenChange
from api.streaming.tracks import Stream, Sync, Tracked, Untracked
from api.streaming.worker import StreamWorker

__all__ = [
    "Draft",
    "Gone",
    "ProducerError",
    "Revised",
    "Status",
    "Stream",
    "StreamWorker",
    "Streamed",
    "Sync",
    "TooLong",
    "Tracked",
    "UnseenChange",
    "Untracked",
    "access_rule",
    "enqueue",
]
