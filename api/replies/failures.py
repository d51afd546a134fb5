"""A provider's failure as a sentence for the chat.

Participants read it, and they can only wait or send again. So it contains nothing of the provider's message, URL or
key. The log has the original error, which is chained to ours.
"""

import math

from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelNotFoundError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelRequestRejectedError,
    ModelServerError,
    ModelTimeoutError,
    ModelUnavailableError,
)

from api.replies.errors import ModelTimeout, ProviderFailed
from api.streaming.errors import ProducerError

INCOMPLETE = "The model's provider stopped before the reply was complete. Regenerate the reply to try again."

OPERATOR = "The operator of this server"

LONGEST_RETRY_AFTER_SECONDS = 5.0
"""If a provider asks to wait longer, the reply fails at once, and its error says how long to wait."""


def is_transient(error: Exception) -> bool:
    """Whether the same request may succeed within seconds."""
    if isinstance(error, ModelTimeoutError) and error.phase == "read":
        return False  # it took the whole idle timeout of a reply
    if not isinstance(error, ModelRateLimitError | ModelServerError | ModelUnavailableError | ModelConnectionError):
        return False
    return (error.retry_after or 0) <= LONGEST_RETRY_AFTER_SECONDS


def reply_error(error: Exception, *, idle_seconds: float) -> ProducerError:
    """The error that the failed reply shows."""
    match error:
        case TimeoutError() | ModelTimeoutError(phase="read"):
            return ModelTimeout(
                f"The model sent nothing for {idle_seconds:g} seconds. Regenerate the reply to try again."
            )
        case ModelRateLimitError():
            sentence = f"The model's provider is overloaded. Regenerate the reply {_later(error)}."
        case ModelUnavailableError() | ModelServerError():
            sentence = f"The model's provider has a problem{_status(error)}. Regenerate the reply {_later(error)}."
        case ModelConnectionError(phase="connect" | "pool"):
            sentence = "The model's provider cannot be reached. Regenerate the reply in a minute."
        case ModelQuotaExceededError():
            sentence = f"The quota at the model's provider is used up. {OPERATOR} must raise it."
        case ModelAuthenticationError():
            sentence = f"The model's provider rejects the server's API key{_status(error)}. {OPERATOR} must replace it."
        case ModelNotFoundError():
            sentence = f"The model's provider does not have this model. {OPERATOR} must choose another."
        case ModelContextWindowExceededError():
            sentence = "This chat is too long for the model. Continue in a new chat."
        case ModelRequestRejectedError():
            sentence = f"The model's provider rejects the request{_status(error)}. Rephrase the message."
        case _:
            sentence = INCOMPLETE
    return ProviderFailed(sentence)


def _later(error: ModelAPIError) -> str:
    if not error.retry_after:
        return "in a minute"
    return f"in {math.ceil(error.retry_after)} seconds"


def _status(error: ModelAPIError) -> str:
    return f" (HTTP {error.status_code})" if isinstance(error, ModelHTTPError) else ""
