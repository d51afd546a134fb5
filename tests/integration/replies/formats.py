"""The formats of four providers, as they stand on the wire: what a stand-in sends, with any metadata.

Each format has the same methods. `say` and `think` send a piece of text or reasoning, `report` a usage beside it, and
`end` the reason for the end. Their values may be anything that JSON can hold.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

ABSENT: Any = object()
"""Stands for a field that is left out."""


def event(data: object, name: str = "") -> bytes:
    """A server-sent event."""
    named = f"event: {name}\n" if name else ""
    return f"{named}data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


def without_absent(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not ABSENT}


@dataclass(frozen=True)
class Format:
    """One provider's format. `model` is what it calls itself in its responses."""

    model: Any = "stand-in-1"

    name: ClassVar[str]
    """The model's name in `TWOTRACK_MODEL`."""
    stop: ClassVar[str]
    """The provider's word for an answer that is finished."""
    length: ClassVar[str]

    def begin(self) -> bytes:
        return b""

    def say(self, text: str, usage: Any = ABSENT) -> bytes:
        raise NotImplementedError

    def think(self, text: str) -> bytes:
        raise NotImplementedError

    def end(self, reason: Any, usage: Any = ABSENT) -> bytes:
        raise NotImplementedError

    def close(self) -> bytes:
        """The last event of the protocol."""
        return b""

    def usage(self, asked: Any, written: Any) -> Any:
        raise NotImplementedError

    def whole(self, text: str, reason: Any, usage: Any) -> Any:
        """The answer of a server that does not stream."""
        raise NotImplementedError

    def roles(self, body: Mapping[str, Any]) -> list[tuple[str, str]]:
        """The roles and texts of a request, with `user` and `assistant` for the two sides."""
        raise NotImplementedError

    def answer(self, *texts: str, reason: Any = ABSENT, usage: Any = ABSENT) -> bytes:
        """A whole stream."""
        reason = self.stop if reason is ABSENT else reason
        usage = self.usage(11, 7) if usage is ABSENT else usage
        return self.begin() + b"".join(map(self.say, texts)) + self.end(reason, usage) + self.close()


class Chat(Format):
    name, stop, length = "openai-chat:stand-in", "stop", "length"

    def say(self, text: str, usage: Any = ABSENT) -> bytes:
        return event(self._chunk({"content": text}, usage=usage))

    def think(self, text: str) -> bytes:
        return event(self._chunk({"reasoning_content": text}))

    def end(self, reason: Any, usage: Any = ABSENT) -> bytes:
        last = event(self._chunk({}, reason))
        return last if usage is ABSENT else last + event({**self._chunk({}, usage=usage), "choices": []})

    def close(self) -> bytes:
        return event("[DONE]")

    def usage(self, asked: Any, written: Any) -> Any:
        return {"prompt_tokens": asked, "completion_tokens": written, "total_tokens": 0}

    def whole(self, text: str, reason: Any, usage: Any) -> Any:
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": reason}
        return {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": self.model,
            "choices": [choice],
            "usage": usage,
        }

    def roles(self, body: Mapping[str, Any]) -> list[tuple[str, str]]:
        return [(message["role"], message["content"]) for message in body["messages"]]

    def _chunk(self, delta: dict[str, str], reason: Any = None, usage: Any = ABSENT) -> dict[str, Any]:
        return without_absent(
            {
                "id": "1",
                "object": "chat.completion.chunk",
                "created": 1_790_000_000,
                "model": self.model,
                "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
                "usage": usage,
            }
        )


class Responses(Format):
    name, stop, length = "openai-responses:stand-in", "completed", "max_output_tokens"

    def begin(self) -> bytes:
        return self._event("response.created", response=self._response("in_progress"))

    def say(self, text: str, usage: Any = ABSENT) -> bytes:
        running = {} if usage is ABSENT else {"response": self._response("in_progress", usage)}
        before = self._event("response.in_progress", **running) if running else b""
        place = {"item_id": "msg_1", "output_index": 1, "content_index": 0}
        return before + self._event("response.output_text.delta", delta=text, logprobs=[], **place)

    def think(self, text: str) -> bytes:
        place = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
        return self._event("response.reasoning_summary_text.delta", delta=text, **place)

    def end(self, reason: Any, usage: Any = ABSENT) -> bytes:
        if reason == self.stop:
            return self._event("response.completed", response=self._response("completed", usage))
        response = self._response("incomplete", usage) | {"incomplete_details": {"reason": reason}}
        return self._event("response.incomplete", response=response)

    def usage(self, asked: Any, written: Any) -> Any:
        return {"input_tokens": asked, "output_tokens": written, "total_tokens": 0}

    def whole(self, text: str, reason: Any, usage: Any) -> Any:
        content = [{"type": "output_text", "text": text, "annotations": []}]
        message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}
        ended = {} if reason == self.stop else {"incomplete_details": {"reason": reason}}
        status = "completed" if reason == self.stop else "incomplete"
        return self._response(status, usage) | {"output": [message]} | ended

    def roles(self, body: Mapping[str, Any]) -> list[tuple[str, str]]:
        return [(message["role"], _text_of(message["content"])) for message in body["input"]]

    def _event(self, kind: str, **fields: Any) -> bytes:
        return event({"type": kind, "sequence_number": 1, **fields}, kind)

    def _response(self, status: str, usage: Any = ABSENT) -> dict[str, Any]:
        return without_absent(
            {
                "id": "resp_1",
                "object": "response",
                "created_at": 1_790_000_000,
                "model": self.model,
                "status": status,
                "output": [],
                "usage": usage,
            }
        )


class Anthropic(Format):
    name, stop, length = "anthropic:stand-in", "end_turn", "max_tokens"

    def begin(self) -> bytes:
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": self.model, "content": []}
        message |= {"stop_reason": None, "stop_sequence": None, "usage": self.usage(11, 1)}
        return self._event("message_start", message=without_absent(message))

    def say(self, text: str, usage: Any = ABSENT) -> bytes:
        before = b"" if usage is ABSENT else self._event("message_delta", delta={}, usage=usage)
        return before + self._block(1, {"type": "text", "text": ""}, {"type": "text_delta", "text": text})

    def think(self, text: str) -> bytes:
        block = {"type": "thinking", "thinking": "", "signature": ""}
        return self._block(0, block, {"type": "thinking_delta", "thinking": text})

    def end(self, reason: Any, usage: Any = ABSENT) -> bytes:
        delta = {"stop_reason": reason, "stop_sequence": None}
        return self._event("message_delta", **without_absent({"delta": delta, "usage": usage}))

    def close(self) -> bytes:
        return self._event("message_stop")

    def usage(self, asked: Any, written: Any) -> Any:
        return {"input_tokens": asked, "output_tokens": written}

    def whole(self, text: str, reason: Any, usage: Any) -> Any:
        content = [{"type": "text", "text": text}]
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": self.model, "content": content}
        return message | {"stop_reason": reason, "stop_sequence": None, "usage": usage}

    def roles(self, body: Mapping[str, Any]) -> list[tuple[str, str]]:
        return [(message["role"], _text_of(message["content"])) for message in body["messages"]]

    def _block(self, index: int, block: dict[str, Any], delta: dict[str, Any]) -> bytes:
        # A block begins once. Clients accept that it begins again, and the text goes on.
        started = self._event("content_block_start", index=index, content_block=block)
        return started + self._event("content_block_delta", index=index, delta=delta)

    def _event(self, kind: str, **fields: Any) -> bytes:
        return event({"type": kind, **fields}, kind)


class Gemini(Format):
    name, stop, length = "google:stand-in", "STOP", "MAX_TOKENS"

    def say(self, text: str, usage: Any = ABSENT) -> bytes:
        return event(self._chunk([{"text": text}], usage=usage))

    def think(self, text: str) -> bytes:
        return event(self._chunk([{"text": text, "thought": True}]))

    def end(self, reason: Any, usage: Any = ABSENT) -> bytes:
        return event(self._chunk([], reason, usage))

    def usage(self, asked: Any, written: Any) -> Any:
        return {"promptTokenCount": asked, "candidatesTokenCount": written, "totalTokenCount": 0}

    def whole(self, text: str, reason: Any, usage: Any) -> Any:
        return [self._chunk([{"text": text}], reason, usage)]

    def roles(self, body: Mapping[str, Any]) -> list[tuple[str, str]]:
        names = {"user": "user", "model": "assistant"}
        return [(names[content["role"]], _text_of(content["parts"])) for content in body["contents"]]

    def _chunk(self, parts: list[dict[str, Any]], reason: Any = ABSENT, usage: Any = ABSENT) -> dict[str, Any]:
        content = {"role": "model", "parts": parts}
        candidate = without_absent({"index": 0, "content": content, "finishReason": reason})
        return without_absent({"candidates": [candidate], "modelVersion": self.model, "usageMetadata": usage})


def _text_of(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


FORMATS: tuple[type[Format], ...] = (Chat, Responses, Anthropic, Gemini)
