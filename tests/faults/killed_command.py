"""Kills a command at one moment after the other: `python -m tests.faults.killed_command COMMAND FOLDER FIRST STEP`.

COMMAND is `backup` or `restore`, with `backup.db` of FOLDER. It runs in copies of the folder: FOLDER-1, FOLDER-2 and so
on, by the number of the moment. The numbers are FIRST, FIRST + STEP and so on, until the command ends by itself.

A moment is the one before the command opens, locks, links, renames or removes a file in the folder, connects to a
database, or executes a statement; and every few thousand instructions within a long statement.
"""

import os
import shutil
import signal
import sqlite3
import sys
from itertools import count
from pathlib import Path
from typing import Any

import api.backup
import api.product  # noqa: F401  imported before the forks
from api.__main__ import commands

FILE_EVENTS = {"open", "os.chmod", "os.link", "os.remove", "os.rename", "os.truncate"}

INSTRUCTIONS = 2_000
"""Of SQLite's virtual machine, between two moments within a statement."""


def run(command: str, folder: Path, moment: int) -> None:
    """Run the command, and be killed at the moment with this number."""
    passed = 0
    connect = sqlite3.connect

    def pass_moment(*_: object) -> int:
        nonlocal passed
        passed += 1
        if passed == moment:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    def audit(event: str, values: tuple[Any, ...]) -> None:
        is_here = event in FILE_EVENTS and any(str(folder) in str(value) for value in values)
        if is_here or event == "fcntl.flock":
            pass_moment()

    def traced(*args: Any, **options: Any) -> sqlite3.Connection:
        pass_moment()
        connection: sqlite3.Connection = connect(*args, **options)
        connection.set_trace_callback(pass_moment)
        connection.set_progress_handler(pass_moment, INSTRUCTIONS)
        return connection

    sqlite3.connect = traced  # type: ignore[assignment]
    sys.addaudithook(audit)
    commands([command, str(folder / "backup.db")], standalone_mode=False)


def is_killed(command: str, folder: Path, moment: int) -> bool:
    """Whether the command, in a process of its own, reaches this moment. Raises an exception if it fails."""
    pid = os.fork()
    if pid == 0:
        os.chdir(folder)  # with the database of the default settings
        run(command, folder, moment)
        os._exit(0)
    exit_code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if exit_code not in (0, -signal.SIGKILL):
        raise RuntimeError(f"the command ended with {exit_code}")
    return exit_code != 0


def main(command: str, folder: str, first: str, step: str) -> None:
    for moment in count(int(first), int(step)):
        copy = Path(f"{folder}-{moment}")
        shutil.copytree(folder, copy)
        if not is_killed(command, copy, moment):
            break


if __name__ == "__main__":
    main(*sys.argv[1:])
