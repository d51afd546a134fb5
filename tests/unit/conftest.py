"""Fixtures of the unit tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.settings import PREFIX


@pytest.fixture
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An environment without settings, in a directory of its own. What `.env` adds is removed afterwards."""
    for name in [name for name in os.environ if name.startswith(PREFIX) or name.startswith("OPENAI_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
