"""The key that signs tokens."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from sqlalchemy.engine import make_url

from api.errors import SettingsError
from api.private_files import require_private
from api.settings import PREFIX, SECRET_CHARACTERS, Settings


def secret_key(settings: Settings) -> str:
    """The configured key, or one that is generated once and stored beside the SQLite file. Raises SettingsError."""
    if settings.secret_key:
        return settings.secret_key
    path = key_file(settings)
    try:
        if not path.exists():
            _store(path, secrets.token_hex(32))
        require_private(path)
        key = path.read_text().strip()
    except OSError as error:
        raise SettingsError(
            f"{PREFIX}SECRET_KEY is not set, and no key can be stored at {path}: {error.strerror}."
        ) from None
    if len(key) < SECRET_CHARACTERS:
        raise SettingsError(
            f"{PREFIX}SECRET_KEY is not set, and the key stored at {path} is damaged. "
            "Delete that file; all users must sign in again."
        )
    return key


def key_file(settings: Settings) -> Path:
    """Where a generated key is stored. It is used if no key is configured."""
    return Path(f"{make_url(settings.database_url).database}.secret")


def _store(path: Path, key: str) -> None:
    """Store the key atomically. Processes that start at the same time all use the key that was stored first."""
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=f"{path.name}."
    ) as file:  # readable only by this user
        file.write(key)
        file.flush()
        with suppress(FileExistsError):
            os.link(file.name, path)
