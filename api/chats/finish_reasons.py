"""The vocabulary of `Message.finish_reason`: why a model stopped, in the same words for every provider."""

from enum import StrEnum


class FinishReason(StrEnum):
    STOP = "stop"
    """The model finished its answer."""
    LENGTH = "length"
    """The answer reached the limit of its length. It can be continued."""
    CONTENT_FILTER = "content_filter"
    """The provider withheld the answer, or the rest of it."""
    TOOL_CALLS = "tool_calls"
    """The model called a tool. Chats have none."""
    ERROR = "error"
    """The provider had a problem of its own."""
    OTHER = "other"
    """Another reason, or none that the provider gave."""
