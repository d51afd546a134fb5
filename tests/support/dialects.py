"""The two ways to speak OpenAI: what the loopback provider's steps look like on the wire."""

from collections.abc import Iterator
from typing import Any

Event = dict[str, Any] | str

MODEL = "loopback-1"


class ChatCompletions:
    """What Ollama, vLLM, OpenRouter and most others speak too; reasoning is in the field that DeepSeek and vLLM use."""

    def begin(self) -> Iterator[Event]:
        yield self._chunk({"role": "assistant", "content": ""})

    def say(self, words: str) -> Iterator[Event]:
        yield self._chunk({"content": words})

    def think(self, words: str) -> Iterator[Event]:
        yield self._chunk({"reasoning_content": words})

    def decline(self, words: str) -> Iterator[Event]:
        yield self._chunk({"refusal": words})

    def complain(self, code: str, message: str) -> Iterator[Event]:
        yield {"error": {"code": code, "message": message}}

    def finish(self, reason: str, usage: tuple[int, int] | None) -> Iterator[Event]:
        yield self._chunk({}, reason)
        if usage:
            asked, written = usage
            tokens = {"prompt_tokens": asked, "completion_tokens": written, "total_tokens": asked + written}
            yield {**self._chunk({}), "choices": [], "usage": tokens}
        yield "[DONE]"

    def _chunk(self, delta: dict[str, str], reason: str | None = None) -> dict[str, Any]:
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1_790_000_000,
            "model": MODEL,
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        }


class Responses:
    """OpenAI's own: items within a response, each with an id."""

    def __init__(self) -> None:
        self._sequence = 0

    def begin(self) -> Iterator[Event]:
        yield self._event("response.created", response=self._response("in_progress"))

    def say(self, words: str) -> Iterator[Event]:
        yield self._event("response.output_text.delta", item_id="msg_1", output_index=1, content_index=0, delta=words)

    def think(self, words: str) -> Iterator[Event]:
        yield self._event(
            "response.reasoning_summary_text.delta", item_id="rs_1", output_index=0, summary_index=0, delta=words
        )

    def decline(self, words: str) -> Iterator[Event]:
        yield self._event("response.refusal.delta", item_id="msg_1", output_index=1, content_index=0, delta=words)

    def complain(self, code: str, message: str) -> Iterator[Event]:
        yield self._event("error", code=code, message=message, param=None)

    def finish(self, reason: str, usage: tuple[int, int] | None) -> Iterator[Event]:
        response = self._response("completed")
        if reason != "stop":
            response |= {"status": "incomplete", "incomplete_details": {"reason": reason}}
        if usage:
            asked, written = usage
            response["usage"] = {"input_tokens": asked, "output_tokens": written, "total_tokens": asked + written}
        yield self._event(f"response.{response['status']}", response=response)

    def _event(self, kind: str, **content: Any) -> dict[str, Any]:
        self._sequence += 1
        return {"type": kind, "sequence_number": self._sequence, **content}

    def _response(self, status: str) -> dict[str, Any]:
        return {
            "id": "resp_1",
            "object": "response",
            "created_at": 1_790_000_000,
            "model": MODEL,
            "status": status,
            "output": [],
        }


DIALECTS: dict[str, type[ChatCompletions] | type[Responses]] = {
    "/v1/chat/completions": ChatCompletions,
    "/v1/responses": Responses,
}
