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

TRANSIENT_STATUSES = (408, 409, 425)
"""Request timeout, conflict and too early: pydantic-ai has no class for them."""

MINUTE_SECONDS, HOUR_SECONDS, DAY_SECONDS = 60, 3_600, 86_400


def is_transient(error: Exception) -> bool:
    """Whether the same request may succeed later."""
    if isinstance(error, ModelTimeoutError) and error.phase == "read":
        return False  # it took the whole idle timeout of a reply
    if isinstance(error, ModelHTTPError) and error.status_code in TRANSIENT_STATUSES:
        return True
    return isinstance(error, ModelRateLimitError | ModelServerError | ModelUnavailableError | ModelConnectionError)


def retry_after(error: Exception) -> float | None:
    """The seconds that the provider asks to wait. None if it does not say."""
    if not isinstance(error, ModelAPIError):
        return None
    if error.retry_after is not None:
        return error.retry_after
    headers = error.headers if isinstance(error, ModelHTTPError) else None
    try:  # pydantic-ai reads whole seconds and dates, and some servers send fractions
        seconds = float((headers or {}).get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None


def reply_error(error: Exception, *, idle_seconds: float) -> ProducerError:
    """The error that the failed reply shows."""
    match error:
        case TimeoutError() | ModelTimeoutError(phase="read"):
            return ModelTimeout(
                f"The model sent nothing for {idle_seconds:g} seconds. Regenerate the reply to try again."
            )
        case ModelRateLimitError():
            sentence = f"The model's provider is overloaded. Regenerate the reply {_later(error)}."
        case ModelUnavailableError() | ModelServerError() | ModelHTTPError(status_code=408 | 409 | 425):
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
    seconds = retry_after(error)
    if not seconds:
        return "in a minute"
    if seconds > DAY_SECONDS:
        return "after more than a day"
    for unit, length in (("hours", HOUR_SECONDS), ("minutes", MINUTE_SECONDS)):
        if seconds > 2 * length:
            return f"in {math.ceil(seconds / length)} {unit}"
    return f"in {math.ceil(seconds)} seconds" if seconds > 1 else "in a second"


def _status(error: ModelAPIError) -> str:
    return f" (HTTP {error.status_code})" if isinstance(error, ModelHTTPError) else ""
