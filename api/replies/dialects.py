"""What a provider's events mean, in the formats of OpenAI (two), Anthropic and Gemini.

`clean` notes the model, the usage and the end in a `Report`. It returns the event with nothing but text and values that
every SDK expects. An event of another format is returned as it is.
"""

from dataclasses import dataclass, field
from typing import Any

from api.replies.metadata import LONGEST_MODEL, LONGEST_REASON, Usage, UsageKeys, word
from api.replies.sse import Event

Json = dict[str, Any]

CHAT = UsageKeys(("prompt_tokens",), ("completion_tokens",))
RESPONSES = UsageKeys(("input_tokens",), ("output_tokens",))
ANTHROPIC = UsageKeys(("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"), ("output_tokens",))
GEMINI = UsageKeys(("promptTokenCount", "toolUsePromptTokenCount"), ("candidatesTokenCount", "thoughtsTokenCount"))

NO_REASON = ("", "null", "none", "finish_reason_unspecified")
"""Sent with every event by servers that write their language's null as a text."""

DONE = "[DONE]"


@dataclass
class Report:
    """What a response says beside its text."""

    seen: bool = False
    """Whether the response was read here. The SDKs of some providers have HTTP clients of their own."""
    model: str | None = None
    usage: Usage = field(default_factory=Usage)
    word: str | None = None
    """The provider's reason for the end."""
    ended: bool = False
    """Whether there was a reason, or the last event of the protocol."""
    closed: bool = False
    """Whether the last event of the protocol was read, so that nothing follows."""
    texts: int = 0
    """Number of events with text."""

    def end(self, reason: object) -> bool:
        """Note a reason, if it is one. Returns whether it is."""
        if not reason or (isinstance(reason, str) and reason.strip().lower() in NO_REASON):
            return False
        self.word = word(reason, LONGEST_REASON)
        self.ended = True
        return True

    def close(self) -> None:
        self.ended = self.closed = True

    def name(self, model: object) -> str:
        """Note the name of the model. Returns the name that is known by now."""
        if isinstance(model, str):
            self.model = word(model, LONGEST_MODEL) or self.model
        return self.model or ""

    def wrote(self, *texts: object) -> None:
        if any(texts):
            self.texts += 1


def clean(event: Event, report: Report) -> Event:
    """The event without what its SDK could fail on."""
    data = event.data
    if isinstance(data, str):
        if data.startswith(DONE):
            report.close()
        return event
    kind = data.get("type")
    if isinstance(kind, str) and kind in ANTHROPIC_EVENTS:
        return Event(event.name or kind, ANTHROPIC_EVENTS[kind](data, report))
    if isinstance(kind, str) and kind.startswith("response."):
        return Event(event.name, _responses(kind, data, report))
    if data.get("error"):
        return Event(event.name or ("error" if kind == "error" else ""), data)  # the SDK raises it
    if "candidates" in data or "promptFeedback" in data or "usageMetadata" in data:
        return Event(event.name, _gemini(data, report))
    if "choices" in data or "usage" in data:
        return Event(event.name, _chat(data, report))
    return event


# OpenAI's chat completions, and those who speak them: DeepSeek, Mistral, OpenRouter, vLLM, Ollama, llama.cpp …


def _chat(chunk: Json, report: Report) -> Json:
    choice = _first(chunk.get("choices"))
    groq = chunk.get("x_groq")
    for holder in (chunk, choice, groq):  # Moonshot reports it in the choice
        report.usage.report(holder.get("usage") if isinstance(holder, dict) else None, CHAT)
    cleaned = {key: value for key, value in chunk.items() if key not in CHAT_METADATA}
    return cleaned | {
        "id": _text(chunk.get("id")),
        "object": "chat.completion.chunk",
        "created": 0,
        "model": report.name(chunk.get("model")),
        "choices": [] if choice is None else [_choice(choice, report)],
    }


CHAT_METADATA = {"usage", "service_tier", "system_fingerprint", "moderation", "prompt_filter_results", "x_groq"}

CHAT_TEXTS = ("content", "refusal", "reasoning", "reasoning_content")

NO_TEXT = {"role", "tool_calls", "function_call", "annotations", "audio", *CHAT_TEXTS}
"""Fields of a delta that are not passed on. The texts are, if they are texts."""


def _choice(choice: Json, report: Report) -> Json:
    delta = choice.get("delta")
    if not isinstance(delta, dict):  # servers that do not stream send a whole message in one event
        delta = choice.get("message")
    delta = delta if isinstance(delta, dict) else {}
    texts = {name: delta[name] for name in CHAT_TEXTS if isinstance(delta.get(name), str)}
    if isinstance(delta.get("content"), list):
        texts["content"] = delta["content"]
    report.wrote(*texts.values())
    ended = report.end(choice.get("finish_reason"))
    rest = {key: value for key, value in delta.items() if key not in NO_TEXT}
    return {"index": 0, "delta": rest | texts, "finish_reason": "stop" if ended else None}


# OpenAI's responses


def _responses(kind: str, event: Json, report: Report) -> Json:
    report.wrote(event.get("delta") if kind.endswith(".delta") else None)
    cleaned = event | {"sequence_number": 0}
    response = event.get("response")
    if not isinstance(response, dict):
        return cleaned
    report.usage.report(response.get("usage"), RESPONSES)
    status = kind.removeprefix("response.")
    error = response.get("error")
    if status in FINAL and not (status == "failed" and error):  # the SDK raises the error
        details = response.get("incomplete_details")
        if not report.end(details.get("reason") if isinstance(details, dict) else None):
            report.end(status)
        report.close()
    kept: Json = {
        "id": _text(response.get("id")),
        "object": "response",
        "created_at": 0,
        "model": report.name(response.get("model")),
        "status": status if status in FINAL else "in_progress",
        "output": [],
        "error": {name: _text(error.get(name)) for name in ("code", "message")} if isinstance(error, dict) else None,
        "incomplete_details": None,
    }
    return cleaned | {"response": kept}


FINAL = ("completed", "incomplete", "failed")


# Anthropic's messages


def _message_start(event: Json, report: Report) -> Json:
    message = event.get("message")
    message = message if isinstance(message, dict) else {}
    report.usage.report(message.get("usage"), ANTHROPIC)
    kept: Json = {
        "id": _text(message.get("id")),
        "type": "message",
        "role": "assistant",
        "model": report.name(message.get("model")),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }
    return {"type": "message_start", "message": kept}


def _message_delta(event: Json, report: Report) -> Json:
    report.usage.report(event.get("usage"), ANTHROPIC)
    delta = event.get("delta")
    ended = report.end(delta.get("stop_reason") if isinstance(delta, dict) else None)
    kept: Json = {"stop_reason": "end_turn" if ended else None, "stop_sequence": None}
    return {"type": "message_delta", "delta": kept, "usage": {"output_tokens": 0}}


def _message_stop(event: Json, report: Report) -> Json:
    report.close()
    return {"type": "message_stop"}


def _block_start(event: Json, report: Report) -> Json:
    block = event.get("content_block")
    block = block if isinstance(block, dict) else {}
    if block.get("type") not in ("text", "thinking", "redacted_thinking"):
        return {"type": "ping"}
    report.wrote(block.get("text"), block.get("thinking"))
    return event | {"content_block": {"signature": "", **block}}


def _block_delta(event: Json, report: Report) -> Json:
    delta = event.get("delta")
    delta = delta if isinstance(delta, dict) else {}
    if delta.get("type") not in ("text_delta", "thinking_delta", "signature_delta"):
        return {"type": "ping"}
    report.wrote(delta.get("text"), delta.get("thinking"))
    return event


ANTHROPIC_EVENTS = {
    "message_start": _message_start,
    "message_delta": _message_delta,
    "message_stop": _message_stop,
    "content_block_start": _block_start,
    "content_block_delta": _block_delta,
}


# Gemini


def _gemini(chunk: Json, report: Report) -> Json:
    report.usage.report(chunk.get("usageMetadata"), GEMINI)
    kept: Json = {"modelVersion": report.name(chunk.get("modelVersion")), "responseId": _text(chunk.get("responseId"))}
    feedback = chunk.get("promptFeedback")
    if isinstance(feedback, dict):
        report.end(feedback.get("blockReason"))
    candidate = _first(chunk.get("candidates"))
    if candidate is None:
        return kept | {"candidates": []}
    content = candidate.get("content")
    parts = content.get("parts") if isinstance(content, dict) else None
    texts = [
        {"text": part["text"], "thought": part.get("thought") is True}
        for part in (parts if isinstance(parts, list) else [])
        if isinstance(part, dict) and isinstance(part.get("text"), str)
    ]
    report.wrote(*(part["text"] for part in texts))
    ended = {"finishReason": "STOP"} if report.end(candidate.get("finishReason")) else {}
    return kept | {"candidates": [{"index": 0, "content": {"role": "model", "parts": texts}, **ended}]}


def _first(choices: object) -> Json | None:
    choice = choices[0] if isinstance(choices, list) and choices else None
    return choice if isinstance(choice, dict) else None


def _text(value: object) -> str:
    return word(value, LONGEST_REASON) or "" if isinstance(value, str) else ""
