"""Imports point one way; the contracts, and the reasons, are in pyproject.toml."""

import subprocess
import sys


def test_no_module_imports_what_stands_above_it() -> None:
    """In a process of its own: import-linter sets up the logging of the one that it runs in."""
    command = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
    linted = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout
