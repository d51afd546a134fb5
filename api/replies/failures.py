"""What went wrong at the provider, in words for the chat.

A chat is read by people who can send again or wait, not by the operator: nothing of the provider's own words, URLs or
keys gets here. The cause stays chained to the error, for the log.
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

BROKE_OFF = "The model's provider broke off. Regenerate the reply to try again."

OPERATOR = "Whoever runs this server"

LONGEST_RETRY_AFTER_SECONDS = 5.0
"""A provider that asks for more is not tried again: its reader learns at once how long to wait."""


def may_pass(error: Exception) -> bool:
    """Whether asking again in a moment may go well."""
    if isinstance(error, ModelTimeoutError) and error.phase == "read":
        return False  # it has had all the time that a reply gets
    if not isinstance(error, ModelRateLimitError | ModelServerError | ModelUnavailableError | ModelConnectionError):
        return False
    return (error.retry_after or 0) <= LONGEST_RETRY_AFTER_SECONDS


def as_reply_error(error: Exception, *, silence_seconds: float) -> ProducerError:
    """The sentence that the failed reply shows."""
    match error:
        case TimeoutError() | ModelTimeoutError(phase="read"):
            silence = f"The model has been silent for {silence_seconds:g} seconds."
            return ModelTimeout(f"{silence} Regenerate the reply to try again.")
        case ModelRateLimitError():
            sentence = f"The model's provider has too much to do. Regenerate the reply {_later(error)}."
        case ModelUnavailableError() | ModelServerError():
            sentence = f"The model's provider is in trouble{_status(error)}. Regenerate the reply {_later(error)}."
        case ModelConnectionError(phase="connect" | "pool"):
            sentence = "The model's provider cannot be reached. Regenerate the reply in a minute."
        case ModelQuotaExceededError():
            sentence = f"The account at the model's provider is used up. {OPERATOR} has to renew it."
        case ModelAuthenticationError():
            sentence = f"The model's provider refuses our key{_status(error)}. {OPERATOR} has to renew it."
        case ModelNotFoundError():
            sentence = f"The model's provider does not have this model. {OPERATOR} has to choose another."
        case ModelContextWindowExceededError():
            sentence = "This chat has outgrown what the model can read. Go on in a new chat."
        case ModelRequestRejectedError():
            sentence = f"The model's provider rejects the request{_status(error)}. Put the message in other words."
        case _:
            sentence = BROKE_OFF
    return ProviderFailed(sentence)


def _later(error: ModelAPIError) -> str:
    if not error.retry_after:
        return "in a minute"
    return f"in {math.ceil(error.retry_after)} seconds"


def _status(error: ModelAPIError) -> str:
    return f" (HTTP {error.status_code})" if isinstance(error, ModelHTTPError) else ""
