"""What packages offer to others: a sorted list of names, which loads no more than it needs."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

DOMAIN = ["api.accounts", "api.chats", "api.streaming"]

PACKAGES = [*DOMAIN, "api.graphql", "api.server"]

SERVER_ONLY = {"fastapi", "pydantic_ai", "starlette", "strawberry", "uvicorn"}
"""A worker does without the web server, and a server without replies does without the providers' libraries."""


@pytest.mark.parametrize("package", PACKAGES)
def test_the_public_names_of_a_package_are_sorted_and_there(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__all__ == sorted(module.__all__)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


@pytest.mark.parametrize("package", DOMAIN)
def test_a_package_of_the_domain_loads_neither_server_nor_provider(package: str) -> None:
    """In a process of its own, which has loaded nothing yet."""
    command = f"import sys, {package}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "sqlalchemy" in loaded.stdout.split()
    assert SERVER_ONLY & set(loaded.stdout.split()) == set()


def test_the_schema_leaves_queries_to_the_domain() -> None:
    files = sorted((ROOT / "api/schema").rglob("*.py"))
    assert len(files) > 5
    assert [file.name for file in files if "sqlalchemy" in imported(file)] == []


def imported(file: Path) -> set[str]:
    """The packages that a file imports from."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names
