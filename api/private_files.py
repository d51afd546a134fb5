"""Files that contain what users wrote, or the key that signs tokens: only the user that runs Twotrack may read them."""

import os
from pathlib import Path

from api.errors import SettingsError

OWNER_ONLY = 0o600

OTHERS = 0o077
"""The permissions of the group and of all others."""


def private(path: str, flags: int) -> int:
    """Opens a file that, if it is new, only its owner may read. For `open`."""
    return os.open(path, flags, OWNER_ONLY)


def make_private(file: Path) -> None:
    """Make the file, empty, if it is missing. Errors are left to whoever opens it."""
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ONLY))
    except OSError:
        return


def require_private(*files: Path) -> None:
    """Raises SettingsError if others may read one of those that exist."""
    for file in files:
        try:
            mode = file.stat().st_mode
        except OSError:
            continue  # it does not exist, or is reported when it is opened
        if mode & OTHERS:
            raise SettingsError(f"Other users of this machine may open {file}. Run: chmod 600 {file}")
