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


def finish_reason(provider_word: str | None) -> FinishReason:
    """The provider's word in our vocabulary."""
    word = (provider_word or "").lower()
    for prefix in PREFIXES:
        word = word.removeprefix(prefix)
    return REASONS.get(word, FinishReason.OTHER)
