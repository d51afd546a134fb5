"""What users write, and keys, stay out of logs and away from other users of the machine."""

import os
import pty
import stat
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.accounts.secret import key_file, secret_key
from api.errors import SettingsError
from api.log_cleaning import TEXT_CHARACTERS, TRACEBACK_CHARACTERS, clean, cleaned
from api.server.lock import database_file, serving_lock
from api.settings import Settings
from api.streaming.guard import ANNOUNCED
from tests.support.backends import migrate
from tests.support.server import Running

KEYS = {
    "Incorrect API key provided: sk-proj-abcDEF123456789.": "Incorrect API key provided: [hidden].",
    "Authorization: Bearer abc.def-123": "Authorization: Bearer [hidden]",
    "redis://:hunter2@bus:6379/0 is away": "redis://[hidden]@bus:6379/0 is away",
    "postgresql://ann:p%40ss@db/x": "postgresql://[hidden]@db/x",
    "https://api.example.com/v1?api_key=0123456789&x=1": "https://api.example.com/v1?api_key=[hidden]&x=1",
    '{"access_key": 1, "api-key": "0123456789abcdef"}': '{"access_key": 1, "api-key": "[hidden]"}',
    "AIzaSyA-0123456789_0123456789abcdef": "[hidden]",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig_nature": "[hidden]",
    "DETAIL:  Key (email)=(ann@example.com) already exists.": "DETAIL:  [hidden]",
    "DETAIL:  Failing row contains (1, My diary).\nnext": "DETAIL:  [hidden]\\nnext",
    "nothing to hide: task-force, disk-usage, key": "nothing to hide: task-force, disk-usage, key",
    "\x1b]0;owned\x07 \x9b31m \u202ereversed": "\\x1b]0;owned\\x07 \\x9b31m \\u202ereversed",
}


@pytest.mark.parametrize(("written", "logged"), KEYS.items())
def test_a_log_line_has_no_secret_and_steers_no_terminal(written: str, logged: str) -> None:
    assert cleaned(written) == logged
    entry = clean(None, "warning", {"event": "x", "cause": written, "list": [written], "rows": 3, "at": {written: 1}})
    assert entry == {"event": "x", "cause": logged, "list": [logged], "rows": 3, "at": {logged: 1}}


def test_a_long_text_is_cut_and_a_traceback_keeps_its_lines() -> None:
    entry = clean(None, "error", {"event": "x" * 10**6, "exception": "line\n" * 10**6})
    assert len(entry["event"]) < TEXT_CHARACTERS + 10
    assert TEXT_CHARACTERS < len(entry["exception"]) < TRACEBACK_CHARACTERS + 10
    assert entry["exception"].startswith("line\nline\n")


async def test_an_error_of_the_database_does_not_quote_values(server: Running) -> None:
    statement = text("INSERT INTO chats (id, title) VALUES (:id, :title)")
    with pytest.raises(SQLAlchemyError) as failed:
        async with server.runtime.database.transactions.begin() as connection:
            await connection.execute(
                statement, {"id": uuid4().hex, "title": "my diary"}, execution_options={ANNOUNCED: True}
            )
    assert "violates" in str(failed.value) or "NOT NULL" in str(failed.value)
    assert "my diary" not in cleaned(str(failed.value), is_traceback=True)
    assert "hidden" in str(failed.value)


def test_a_terminal_shows_escapes_and_obeys_none() -> None:
    program = (
        "import structlog\nfrom api import logs\nlogs.configure()\n"
        "try:\n    raise ValueError('\\x1b]0;owned\\x07')\n"
        "except ValueError:\n    structlog.get_logger().exception('failed', cause='\\x1b[2J')\n"
    )
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as reader:
        process = subprocess.Popen([sys.executable, "-c", program], stderr=theirs, stdout=theirs)
        os.close(theirs)
        shown = b""
        try:
            while chunk := reader.read(4096):
                shown += chunk
        except OSError:  # the program has left
            pass
        assert process.wait() == 0
    assert b"failed" in shown
    assert b"\\x1b]0;owned\\x07" in shown
    assert b"\\x1b[2J" in shown
    assert b"\x1b]0" not in shown
    assert b"\x1b[2J" not in shown


def modes(*files: Path) -> list[str]:
    return [oct(stat.S_IMODE(file.stat().st_mode)) for file in files]


def test_files_are_for_the_user_that_runs_the_server(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path / 'chats.db'}")
    before = os.umask(0o022)
    try:
        migrate(settings.database_url)
        secret_key(settings)
    finally:
        os.umask(before)
    assert modes(database_file(settings), key_file(settings)) == ["0o600", "0o600"]
    with serving_lock(settings):
        pass


@pytest.mark.parametrize("ending", ["", "-wal", ".secret"])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, ending: str) -> None:
    settings = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path / 'chats.db'}")
    file = tmp_path / f"chats.db{ending}"
    file.write_text("0" * 64)
    file.chmod(0o640)
    with pytest.raises(SettingsError) as refused, serving_lock(settings):
        secret_key(settings)
    assert str(refused.value) == f"Other users of this machine may open {file}. Run: chmod 600 {file}"
    file.chmod(0o600)
    with serving_lock(settings):
        assert secret_key(settings)
