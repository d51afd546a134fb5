"""How a reply ended: the provider's word in our vocabulary, and whether the reply is complete or has failed.

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

WORDS = {
    FinishReason.STOP: "stop stop_sequence end end_turn eos eos_token complete completed finished",
    FinishReason.LENGTH: "length max_tokens max_output_tokens max_length model_length model_context_window_exceeded",
    FinishReason.CONTENT_FILTER: (
        "content_filter content_filtered refusal safety blocked blocklist recitation prohibited_content spii "
        "sensitive guardrail guardrail_intervened image_safety model_armor jailbreak"
    ),
    FinishReason.TOOL_CALLS: (
        "tool_calls tool_call tool_use function_call malformed_function_call unexpected_tool_call too_many_tool_calls"
    ),
    FinishReason.ERROR: (
        "error failed failure server_error internal_error network_error insufficient_system_resource "
        "insufficient_system_resources engine_overloaded overloaded abort aborted cancelled canceled timeout"
    ),
}
"""The words of OpenAI, Anthropic, Gemini, DeepSeek, Zhipu, Mistral, Bedrock, vLLM and others, in lower case."""

REASONS = {word: reason for reason, words in WORDS.items() for word in words.split()}

PREFIXES = ("finish_reason_", "finishreason.")
"""Gateways to Gemini send the names of its constants."""

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


def finish_reason(provider_word: str | None) -> FinishReason:
    """The provider's word in our vocabulary."""
    word = (provider_word or "").lower()
    for prefix in PREFIXES:
        word = word.removeprefix(prefix)
    return REASONS.get(word, FinishReason.OTHER)


def failure(reason: FinishReason, *, has_text: bool) -> ProviderFailed | None:
    """The error of a reply that ended for this reason. None if the reply is complete."""
    if reason is FinishReason.ERROR:
        return ProviderFailed(INCOMPLETE)
    return None if has_text else ProviderFailed(EMPTY.get(reason, NO_WORDS))
