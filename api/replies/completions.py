"""Converts an answer that is a JSON text into the events of the stream that was asked for.

Some servers and gateways do not stream, whatever they are asked for. Their answer is taken as it is: asking again would
cost as much as the first time.
"""

from collections.abc import Iterator
from typing import Any

from api.replies.dialects import DONE
from api.replies.sse import Event, parse

Json = dict[str, Any]


def events_of(body: bytes) -> Iterator[Event]:
    """The events of an answer, or of a list of answers. A text that is no JSON has none."""
    text = body.decode("utf-8-sig", "replace").strip()
    if text.startswith("["):  # Gemini's stream without its parameter `alt=sse`
        answers = parse(f'{{"answers": {text}}}')
        answers = answers["answers"] if isinstance(answers, dict) else []
    else:
        answers = [parse(text)]
        if not isinstance(answers[0], dict):  # one answer a line
            answers = [parse(line) for line in text.splitlines()]
    for answer in answers:
        if isinstance(answer, dict):
            yield from _events(answer)


def _events(answer: Json) -> Iterator[Event]:
    if answer.get("object") == "response" or isinstance(answer.get("output"), list):
        yield from _of_response(answer)
    elif answer.get("type") == "message":
        yield from _of_message(answer)
    else:
        yield Event("", answer)
        if "choices" in answer:
            yield Event("", DONE)


def _of_response(response: Json) -> Iterator[Event]:
    yield Event("response.created", {"type": "response.created", "response": response})
    for number, item in enumerate(_dicts(response.get("output"))):
        place = {"item_id": f"item_{number}", "output_index": number}
        for index, summary in enumerate(_dicts(item.get("summary"))):
            yield _responses_delta("reasoning_summary_text", summary.get("text"), summary_index=index, **place)
        for index, content in enumerate(_dicts(item.get("content"))):
            if content.get("type") == "output_text":
                yield _responses_delta("output_text", content.get("text"), content_index=index, logprobs=[], **place)
            elif content.get("type") == "refusal":
                yield _responses_delta("refusal", content.get("refusal"), content_index=index, **place)
    status = response.get("status")
    last = f"response.{status if status in ('incomplete', 'failed') else 'completed'}"
    yield Event(last, {"type": last, "response": response})


def _responses_delta(kind: str, text: object, **place: Any) -> Event:
    name = f"response.{kind}.delta"
    return Event(name, {"type": name, "delta": text if isinstance(text, str) else "", **place})


def _of_message(message: Json) -> Iterator[Event]:
    """Anthropic's. The SDK finds the kind of an event in its name."""
    yield Event("message_start", {"type": "message_start", "message": message})
    for index, block in enumerate(_dicts(message.get("content"))):
        yield Event("content_block_start", {"type": "content_block_start", "index": index, "content_block": block})
        yield Event("content_block_stop", {"type": "content_block_stop", "index": index})
    delta = {"stop_reason": message.get("stop_reason")}
    yield Event("message_delta", {"type": "message_delta", "delta": delta, "usage": message.get("usage")})
    yield Event("message_stop", {"type": "message_stop"})


def _dicts(items: object) -> list[Json]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
