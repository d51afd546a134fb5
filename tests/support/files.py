"""SQLite files as backups find them: filled, damaged, or with the log of a server that was killed."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, insert
from uuid_utils.compat import uuid7

from api.accounts.models import User
from api.backup import back_up
from api.base import Base
from api.chats.models import Chat, Membership, Message, MessageRole
from api.errors import SettingsError
from api.settings import Settings


def settings_of(folder: Path, **changes: Any) -> Settings:
    """The settings of a server whose database is `twotrack.db` in this folder."""
    return Settings(database_url=f"sqlite+aiosqlite:///{folder}/twotrack.db", **changes)


def backed_up(folder: Path, template: Path) -> Path:
    """The folder, with a database that no process uses, and with a backup of it. Both have one user and one chat."""
    shutil.copy(template, folder / "twotrack.db")
    fill(folder / "twotrack.db", "first")
    back_up(settings_of(folder), folder / "backup.db")
    return folder


def refused(act: Callable[..., object], folder: Path, file: str, **settings: Any) -> str:
    """The sentence with which a command refuses to do anything."""
    with pytest.raises(SettingsError) as error:
        act(settings_of(folder, **settings), folder / file)
    return str(error.value)


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def fill(path: Path, name: str) -> None:
    """Add a user and a chat, both with this name, and a message. Their numbers are not those of new rows."""
    user, chat = uuid7(), uuid7()
    rows: list[tuple[type[Base], dict[str, Any]]] = [
        (User, {"id": user, "name": name, "email": f"{name}@example.com", "password": "none", "revision": 5}),
        (Chat, {"id": chat, "title": name, "owner_id": user, "revision": 7, "access_epoch": 3}),
        (Membership, {"chat_id": chat, "user_id": user}),
        (Message, {"chat_id": chat, "role": MessageRole.USER, "content": name, "revision": 9, "fence": 4}),
    ]
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.begin() as connection:
        for model, values in rows:
            connection.execute(insert(model).values(values))


def titles(path: Path) -> list[str]:
    """The titles of the chats in an intact database."""
    with opened(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [title for (title,) in database.execute("SELECT title FROM chats ORDER BY title")]


def one(path: Path, query: str) -> Any:
    """The single value that a query finds."""
    with opened(path) as database:
        return database.execute(query).fetchone()[0]


def permissions(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


def killed_server(folder: Path, name: str) -> None:
    """Fill the database as a server that was killed leaves it: the last changes are in the log beside it."""
    with opened(folder / "twotrack.db") as database:
        database.execute("PRAGMA journal_mode = WAL")
        fill(folder / "twotrack.db", name)
        for suffix in ("", "-wal", "-shm"):
            shutil.copy(folder / f"twotrack.db{suffix}", folder / f"left{suffix}")
    for suffix in ("", "-wal", "-shm"):
        (folder / f"left{suffix}").replace(folder / f"twotrack.db{suffix}")


def damage(path: Path, table: str) -> None:
    """Overwrite the first page of a table."""
    with opened(path) as database:
        database.execute("PRAGMA journal_mode = DELETE")
        size = database.execute("PRAGMA page_size").fetchone()[0]
        page = database.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


def cut(path: Path) -> None:
    """Leave half of a file."""
    os.truncate(path, path.stat().st_size // 2)


def write_text(path: Path) -> None:
    path.write_text("This is no database. " * 1_000)


def write_private(file: Path, content: str) -> None:
    """Write a file that other users of the machine cannot read, as the server demands of its own."""
    file.touch(mode=0o600)
    file.write_text(content)
