"""The walk-through of `examples/notes` shows its code, and the example keeps to public names."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SNIPPETS = re.findall(
    r"^```\w+ (examples/\S+)\n(.*?)^```$", (ROOT / "docs/add-your-own-model.md").read_text(), re.MULTILINE | re.DOTALL
)

PACKAGES = {"api.accounts", "api.graphql", "api.server", "api.streaming"}
"""Their public names are in `__all__`."""

MODULES = {"api.database", "api.errors", "api.inputs", "api.settings"}
"""Each is one file. Names without an underscore are public."""


def test_every_snippet_of_the_walk_through_is_in_its_file() -> None:
    assert len({path for path, _ in SNIPPETS}) >= 8
    for path, snippet in SNIPPETS:
        source = (ROOT / path).read_text()
        for part in snippet.split("…\n"):
            assert part in source, f"{path} does not contain:\n{part}"


@pytest.mark.parametrize("path", sorted(ROOT.glob("examples/notes/*.py")), ids=lambda path: path.name)
def test_the_example_imports_public_names_only(path: Path) -> None:
    for module, name in imported(path):
        if module in PACKAGES:
            assert name in importlib.import_module(module).__all__, f"{module}.{name}"
        else:
            assert module in MODULES, f"{module} is not public"
            assert not name.startswith("_")


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """The names that a file imports from `api`, each with its module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert not any(alias.name.split(".")[0] == "api" for alias in node.names), "import names, not modules"
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "api":
            for alias in node.names:
                if node.module == "api":
                    yield f"api.{alias.name}", ""
                else:
                    yield node.module or "", alias.name
