"""The promises are kept on every backend, and on both ways to the clients."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Backend, fresh_backend


@pytest.fixture(params=["embedded", "embedded-plain", "scaled"])
def backend(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> Iterator[Backend]:
    yield from fresh_backend(request, tmp_path, sqlite_template)
