"""Whether a reply is complete or has failed, by the reason for its end.

| end                          | with text                  | without text |
|------------------------------|----------------------------|--------------|
| stop, other                  | COMPLETE                   | FAILED       |
| length, content_filter       | COMPLETE                   | FAILED       |
| tool_calls                   | COMPLETE                   | FAILED       |
| error                        | FAILED, and keeps its text | FAILED       |
| none: the connection is gone | FAILED, and keeps its text | FAILED       |

A reply without a word is no answer, so it fails with a sentence that says what to do.
"""

from api.chats.finish_reasons import FinishReason
from api.replies.errors import ProviderFailed
from api.replies.failures import INCOMPLETE

EMPTY = {
    FinishReason.LENGTH: (
        "The model reached its length limit before the first word of its answer. Ask for a shorter answer."
    ),
    FinishReason.CONTENT_FILTER: (
        "The content filter of the model's provider withheld the answer. Rephrase the message."
    ),
    FinishReason.TOOL_CALLS: (
        "The model called a tool instead of answering, and this chat has no tools. Rephrase the message."
    ),
}

NO_WORDS = "The model ended its reply without a word. Regenerate the reply to try again, or rephrase the message."


def failure(reason: FinishReason, *, has_text: bool) -> ProviderFailed | None:
    """The error of a reply that ended for this reason. None if the reply is complete."""
    if reason is FinishReason.ERROR:
        return ProviderFailed(INCOMPLETE)
    return None if has_text else ProviderFailed(EMPTY.get(reason, NO_WORDS))
