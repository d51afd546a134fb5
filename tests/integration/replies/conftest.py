"""What the tests of replies share."""

from collections.abc import AsyncIterator

import pytest

from tests.support.provider import Provider


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some machines send even the loopback interface through one."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
async def provider(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Provider]:
    """The only provider that there is, for every model named `openai:…`."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback")
    async with Provider() as provider:
        monkeypatch.setenv("OPENAI_BASE_URL", provider.base_url)
        yield provider
