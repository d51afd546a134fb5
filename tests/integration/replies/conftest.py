"""What the tests of replies share."""

import ssl
from collections.abc import AsyncIterator

import pytest

from tests.integration.replies.provider import Provider as StandIn
from tests.support.provider import Provider


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some machines send even the loopback interface through one."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(autouse=True)
def no_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """No provider of these tests speaks TLS. Each client would read its authorities, for half of the test's time."""
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_, **__: None)


@pytest.fixture
async def provider(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Provider]:
    """The only provider that there is, for every model named `openai:…`."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback")
    async with Provider() as provider:
        monkeypatch.setenv("OPENAI_BASE_URL", provider.base_url)
        yield provider


@pytest.fixture
async def stand_in(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandIn]:
    """One provider for the models of OpenAI, Anthropic and Google. It sends raw bytes."""
    async with StandIn() as provider:
        serve_every_model(provider, monkeypatch)
        yield provider


@pytest.fixture
async def strict(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandIn]:
    """The same, with strict templates."""
    async with StandIn(strict=True) as provider:
        serve_every_model(provider, monkeypatch)
        yield provider


def serve_every_model(provider: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.setenv(name, "sk-loopback")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{provider.url}/v1")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", provider.url)
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", provider.url)
