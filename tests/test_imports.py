"""Imports point one way; the contracts, and the reasons, are in pyproject.toml."""

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_no_module_imports_what_stands_above_it(capsys) -> None:
    assert lint_imports() == EXIT_STATUS_SUCCESS, capsys.readouterr().out
