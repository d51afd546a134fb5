"""The name of a model and the base URL choose the API, and a model that cannot be used is refused with a remedy."""

import asyncio
import sys

import pytest
from pydantic_ai.models.openai import OpenAIResponsesModel

from api.errors import SettingsError
from api.replies.providers import find_model
from api.replies.reply_model import ReplyModel, Text
from tests.integration.replies.asking import QUESTION
from tests.integration.replies.test_model import LONG_SECONDS, ask
from tests.support.provider import (
    Finish,
    Provider,
    Say,
    provider_in_thread,
)

# Names


async def test_a_custom_base_url_uses_the_chat_completions_api(provider: Provider) -> None:
    provider.answers(Say("Yes."), Finish())
    await ask("openai:llama3.3:70b")
    assert provider.calls[0].path == "/v1/chat/completions"
    assert provider.calls[0].body["model"] == "llama3.3:70b"


async def test_the_responses_api_is_used_if_the_name_chooses_it(provider: Provider) -> None:
    provider.answers(Say("Yes."), Finish())
    await ask("openai-responses:gpt-5")
    assert provider.calls[0].path == "/v1/responses"


@pytest.mark.parametrize("base_url", [None, "", "https://api.openai.com/v1", "https://eu.api.openai.com/v1"])
def test_openai_itself_uses_the_responses_api(monkeypatch: pytest.MonkeyPatch, base_url: str | None) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    if base_url is not None:
        monkeypatch.setenv("OPENAI_BASE_URL", base_url)
    assert isinstance(find_model("openai:gpt-5").model, OpenAIResponsesModel)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("", "Write scripted"),
        ("gpt-5", "Write scripted"),
        ("openai:", "Write scripted"),
        ("opanai:gpt-5", "Unknown model: opanai:gpt-5"),
        ("openai:gpt-5?temperature=1", "Its only option is think=closed"),
        ("scripted?speed=3", "no option 'speed'"),
        ("scripted?rate=fast", "whole number"),
        ("scripted?rate=-1", "whole number"),
        ("scripted?chars=", "whole number"),
        ("scripted?chars=10000001", "whole number"),
        ("openai:gpt-5", "Set OPENAI_API_KEY in the environment"),
        ("anthropic:claude-sonnet-4-5", r'pip install "pydantic-ai-slim\[anthropic\]"'),
    ],
)
def test_a_model_that_cannot_be_used_is_refused_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch, name: str, remedy: str
) -> None:
    for variable in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.delitem(sys.modules, "pydantic_ai.providers.anthropic", raising=False)
    monkeypatch.setitem(sys.modules, "anthropic", None)  # as if it were not installed
    with pytest.raises(SettingsError, match=f"^TWOTRACK_MODEL: .*{remedy}"):
        ReplyModel.from_name(name, timeout_seconds=LONG_SECONDS)


def test_a_base_url_without_its_scheme_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "localhost:11434/v1")
    with pytest.raises(SettingsError, match=r"^OPENAI_BASE_URL: .*http://"):
        ReplyModel.from_name("openai:llama3.3", timeout_seconds=LONG_SECONDS)


def test_the_provider_of_these_tests_also_answers_from_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    with provider_in_thread() as (provider, wait):
        monkeypatch.setenv("OPENAI_BASE_URL", provider.base_url)
        provider.answers(Say("Yes."), Finish())
        assert asyncio.run(ask())[0] == Text("Yes.")
        assert wait(provider.call(1)).body["messages"] == [{"role": "user", "content": QUESTION.content}]
