"""A full disk for some processes, without the rights that a small file system would take.

The kernel lets no file of theirs grow beyond a size (RLIMIT_FSIZE). What is shorter can be written, as on a real disk.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest

needs_prlimit = pytest.mark.skipif(shutil.which("prlimit") is None, reason="only Linux limits running processes")


@contextmanager
def full_disk(processes: Callable[[], Iterable[int]], longest_file: int) -> Iterator[None]:
    """No file of these processes, nor of those that they start meanwhile, grows beyond so many bytes."""
    _limit(processes(), str(longest_file))
    try:
        yield
    finally:
        _limit(processes(), "unlimited")


def _limit(processes: Iterable[int], longest_file: str) -> None:
    for process in processes:
        try:
            owner = os.stat(f"/proc/{process}")  # in a container, even root may limit only its own processes
        except FileNotFoundError:
            continue
        command = ["prlimit", "--pid", str(process), f"--fsize={longest_file}:"]
        done = subprocess.run(
            command, user=owner.st_uid, group=owner.st_gid, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 or "No such process" in done.stderr, done.stderr
