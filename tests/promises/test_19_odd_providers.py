"""Promise 19: whatever a provider sends costs at most the reply that it belongs to, and never a good text or a page."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.replies.chatting import answered, replying
from tests.integration.replies.conftest import serve_every_model
from tests.integration.replies.formats import Chat, event
from tests.integration.replies.provider import ABORT, Answer, Provider, in_json
from tests.support.backends import Backend

pytestmark = pytest.mark.parametrize("backend", ["embedded", "scaled"], indirect=True)
"""How a server writes to its sockets makes no difference here."""

PAGE = """query ($id: ID!) { chat(id: $id) { title messages(last: 100) { edges { node {
    role content reasoning status model finishReason providerFinishReason usage { inputTokens outputTokens }
    error { code message } author { name } } } } } }"""


@pytest.fixture
async def provider(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Provider]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with Provider() as provider:
        serve_every_model(provider, monkeypatch)
        yield provider


ODD_METADATA: dict[str, Answer] = {
    "counts": Answer(Chat().answer("The ", "moon.", usage=Chat().usage(5.5, -(2**70)))),
    "a usage that is none": Answer(Chat().answer("The ", "moon.", usage=["many"])),
    "half characters and NUL": Answer(Chat(model="x\ud83d\0").answer("The ", "moon.", reason="\0\ude00")),
    "long names": Answer(Chat(model="x" * 5_000).answer("The ", "moon.", reason="y" * 5_000)),
    "objects": Answer(Chat(model={"a": [1]}).answer("The ", "moon.", reason=["stop"], usage={"tokens": {}})),
}

ODD_ANSWERS: dict[str, Answer] = {
    "a page of HTML": Answer(b"<html><h1>Welcome</h1></html>", content_type="text/html"),
    "no JSON": Answer(Chat().begin(), b"data: {'choices': nope}\n\n"),
    "JSON of another kind": Answer(event([1, 2, {"choices": 7}]), Chat().close()),
    "an error in the answer": in_json({"error": {"message": ["\ud83d", {"deep": "\0"}], "code": 3}}, status=418),
    "a connection that breaks": Answer(Chat().begin(), Chat().say("The mo"), ABORT),
}


def roles_and_texts(page: dict[str, Any]) -> list[tuple[str, str]]:
    nodes = [edge["node"] for edge in page["chat"]["messages"]["edges"]]
    return [(node["role"], node["content"]) for node in nodes]


async def test_odd_metadata_costs_neither_the_text_nor_the_page(backend: Backend, provider: Provider) -> None:
    async with replying(backend) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        for name, answer in ODD_METADATA.items():
            provider.answers(answer)
            reply = await answered(ann, chat, name)
            assert (reply["content"], reply["status"], reply["error"]) == ("The moon.", "COMPLETE", None), name
        page = await ann.ask(PAGE, id=chat)
    assert roles_and_texts(page) == [
        found for name in ODD_METADATA for found in (("USER", name), ("ASSISTANT", "The moon."))
    ]


async def test_an_odd_answer_costs_its_own_reply(backend: Backend, provider: Provider) -> None:
    async with replying(backend) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        for name, answer in ODD_ANSWERS.items():
            provider.answers(answer)
            reply = await answered(ann, chat, name)
            assert reply["status"] == "FAILED", name
            assert reply["error"]["message"].isprintable(), name
            provider.answers(Answer(Chat().answer("The ", "moon.")))
            reply = await answered(ann, chat, "Again")
            assert (reply["content"], reply["status"]) == ("The moon.", "COMPLETE"), name
        page = await ann.ask(PAGE, id=chat)
    assert len(roles_and_texts(page)) == 4 * len(ODD_ANSWERS)
