"""Settings come from the environment or `.env`. An invalid one is refused with a sentence that names it."""

import os
import stat
from pathlib import Path

import pytest

from api.accounts.secret import secret_key
from api.errors import SettingsError
from api.settings import Settings
from tests.support.backends import SECRET
from tests.support.files import write_private

pytestmark = pytest.mark.usefixtures("own_environment")


def test_nothing_needs_to_be_set() -> None:
    settings = Settings.load()
    assert (settings.database_url, settings.broadcast_url) == ("sqlite+aiosqlite:///twotrack.db", "memory://")
    assert (settings.model, settings.secret_key, settings.allowed_origins) == ("scripted", None, ())
    assert (settings.cadence_seconds, settings.patience_seconds, settings.lease_seconds) == (0.35, 5, 15)
    assert (settings.queue_seconds, settings.model_timeout_seconds, settings.grace_seconds) == (60, 300, 60)
    assert (settings.send_timeout_seconds, settings.token_hours, settings.worker_replies) == (10, 12, 200)


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWOTRACK_CADENCE_SECONDS", "0.1")
    monkeypatch.setenv("TWOTRACK_ALLOWED_ORIGINS", "https://a.example, https://B.example/")
    settings = Settings.load()
    assert settings.cadence_seconds == 0.1
    assert settings.allowed_origins == ("https://a.example", "https://b.example")


def test_an_empty_value_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWOTRACK_CADENCE_SECONDS", "")
    assert Settings.load().cadence_seconds == 0.35


def test_the_file_is_loaded_into_the_environment_for_providers_sdks(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TWOTRACK_CADENCE_SECONDS=0.1\nOPENAI_API_KEY=from the file\n")
    assert Settings.load().cadence_seconds == 0.1
    assert os.environ["OPENAI_API_KEY"] == "from the file"


def test_the_environment_comes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("TWOTRACK_CADENCE_SECONDS=0.1\nOPENAI_API_KEY=from the file\n")
    monkeypatch.setenv("TWOTRACK_CADENCE_SECONDS", "0.2")
    monkeypatch.setenv("OPENAI_API_KEY", "from the environment")
    assert Settings.load().cadence_seconds == 0.2
    assert os.environ["OPENAI_API_KEY"] == "from the environment"


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"TWOTRACK_MODEL=\xff\xfe")
    with pytest.raises(SettingsError, match=r"\.env"):
        Settings.load()


WRONG = [
    ("DATABASE_URL", "mysql://localhost/twotrack"),
    ("DATABASE_URL", "postgresql://localhost"),
    ("DATABASE_URL", "postgresql+psycopg://localhost/twotrack"),
    ("DATABASE_URL", "postgres://localhost/twotrack?pgbouncer=perhaps"),
    ("DATABASE_URL", "twotrack.db"),
    ("DATABASE_URL", "sqlite+aiosqlite://"),
    ("DATABASE_URL", "sqlite+aiosqlite:///:memory:"),
    ("DATABASE_URL", "sqlite+aiosqlite:///file::memory:?cache=shared&uri=true"),
    ("DATABASE_URL", "postgresql+asyncpg://localhost:port/twotrack"),
    ("DATABASE_URL", "postgresql+asyncpg://localhost"),
    ("BROADCAST_URL", "postgres://localhost/twotrack"),
    ("BROADCAST_URL", "postgresql://localhost/twotrack"),
    ("BROADCAST_URL", "kafka://localhost"),
    ("BROADCAST_URL", "localhost:6379"),
    ("SECRET_KEY", "short"),
    ("FORMER_SECRET_KEYS", "short"),
    ("ALLOWED_ORIGINS", "chat.example.com"),
    ("ALLOWED_ORIGINS", "https://chat.example.com, ftp://files.example.com"),
    ("ALLOWED_ORIGINS", "https://chat.example.com/page"),
    ("CADENCE_SECONDS", "0"),
    ("CADENCE_SECONDS", "-1"),
    ("CADENCE_SECONDS", "soon"),
    ("CADENCE_SECONDS", "nan"),
    ("PATIENCE_SECONDS", "inf"),
    ("LEASE_SECONDS", "0"),
    ("QUEUE_SECONDS", "0"),
    ("GRACE_SECONDS", "-5"),
    ("DRAIN_SECONDS", "-1"),
    ("SEND_TIMEOUT_SECONDS", "0"),
    ("TOKEN_HOURS", "0"),
    ("WORKER_REPLIES", "0"),
    ("WORKER_REPLIES", "1.5"),
    ("MODEL_TIMEOUT_SECONDS", "0"),
    ("MODEL_TIMEOUT_SECONDS", "45"),
    ("DEFLATE", "perhaps"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_an_invalid_setting_is_named_in_one_sentence(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"TWOTRACK_{name}", value)
    with pytest.raises(SettingsError) as refused:
        Settings.load()
    sentence = str(refused.value)
    assert sentence.startswith(f"TWOTRACK_{name}")
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_level_of_the_log_is_known_in_either_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWOTRACK_LOG_LEVEL", "warning")
    assert Settings.load().log_level == "WARNING"
    monkeypatch.setenv("TWOTRACK_LOG_LEVEL", "loud")
    with pytest.raises(SettingsError, match=r"^TWOTRACK_LOG_LEVEL is invalid: it should be 'DEBUG', 'INFO'"):
        Settings.load()


def test_a_model_may_be_silent_for_more_than_three_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWOTRACK_LEASE_SECONDS", "100")
    with pytest.raises(SettingsError, match=r"^TWOTRACK_MODEL_TIMEOUT_SECONDS .* TWOTRACK_LEASE_SECONDS"):
        Settings.load()
    monkeypatch.setenv("TWOTRACK_MODEL_TIMEOUT_SECONDS", "301")
    assert Settings.load().lease_seconds == 100


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql+asyncpg://user:hush@localhost:port/twotrack"),
        ("DATABASE_URL", "mysql://user:hush@localhost/twotrack"),
        ("DATABASE_URL", "postgres://user:hush@localhost/twotrack?sslmode=hushed"),
        ("DATABASE_URL", "postgres://user:hush@localhost/twotrack?password=hush&nothing=hush"),
        ("DATABASE_URL", "postgres://user:hush@localhost/twotrack?sslcert=/nowhere&sslpassword=hush"),
        ("BROADCAST_URL", "kafka://user:hush@localhost"),
        ("SECRET_KEY", "hush"),
    ],
)
def test_no_error_quotes_a_password(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"TWOTRACK_{name}", value)
    with pytest.raises(SettingsError) as refused:
        Settings.load()
    assert "hush" not in str(refused.value)


def test_a_shared_database_needs_a_key_that_all_processes_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWOTRACK_DATABASE_URL", "postgresql+asyncpg://localhost/twotrack")
    with pytest.raises(SettingsError, match=r"^TWOTRACK_SECRET_KEY must be set"):
        Settings.load()
    monkeypatch.setenv("TWOTRACK_SECRET_KEY", SECRET)
    assert secret_key(Settings.load()) == SECRET


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("postgres://u:p@db/chat", "postgresql+asyncpg://u:p@db/chat"),
        ("postgresql://u:p@db/chat?sslmode=require", "postgresql+asyncpg://u:p@db/chat?sslmode=require"),
        ("POSTGRES://u:p@db:6543/chat", "postgresql+asyncpg://u:p@db:6543/chat"),
        ("postgresql+asyncpg://u:p@db/chat", "postgresql+asyncpg://u:p@db/chat"),
        ("postgres://u:p@one,two:6543/chat", "postgresql+asyncpg://u:p@/chat?host=one:5432&host=two:6543"),
        ("postgresql:///?host=/run/postgresql&dbname=chat", "postgresql+asyncpg:///?host=/run/postgresql&dbname=chat"),
    ],
)
def test_the_address_of_a_postgres_may_be_written_as_hosters_write_it(
    written: str, read: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWOTRACK_DATABASE_URL", written)
    monkeypatch.setenv("TWOTRACK_SECRET_KEY", SECRET)
    assert Settings.load().database_url == read


REFUSED_OPTIONS = {
    "sslmode=always": "sslmode must be disable, allow, prefer, require, verify-ca or verify-full",
    "sslmode=verify-full": "sslmode=verify-full needs .* sslrootcert=system",
    "sslmode=verify-ca": "sslmode=verify-ca needs .* sslrootcert=/path",
    "sslmode=require&sslrootcert=/nowhere/ca.crt": "sslrootcert cannot be read: No such file",
    "sslmode=require&sslrootcert=/etc/hostname": "sslrootcert cannot be read: it has no valid content",
    "sslmode=require&sslrootcert=system": "sslrootcert=system needs sslmode=verify-full",
    "sslrootcert=system&sslcrl=/nowhere": "sslcrl cannot be combined with sslrootcert=system",
    "sslcert=/nowhere/client.crt&sslkey=/nowhere/client.key": "sslcert or sslkey cannot be read",
    "sslkey=/nowhere/client.key": "sslkey needs sslcert",
    "sslnegotiation=direct": "sslnegotiation=direct needs sslmode",
    "ssl_min_protocol_version=SSLv3": "ssl_min_protocol_version must be",
    "channel_binding=require": "channel_binding=require; remove it, and use sslmode=verify-full",
    "gssencmode=require": "gssencmode=require; remove it, and use sslmode=require",
    "target_session_attrs=leader": "target_session_attrs must be",
    "connect_timeout=soon": "connect_timeout must be a whole number",
    "pgbouncer=yes": "pgbouncer must be true or false",
    "statement_cache_size=-1": "statement_cache_size must be a whole number",
    "client_encoding=latin1": "client_encoding=latin1; use auto, or remove it",
    "connection_limit=1": "connection_limit; remove it: each process opens up to 10",
    "keepalives_idle=30": "does not know its option keepalives_idle; remove it",
}


@pytest.mark.parametrize(("options", "named"), REFUSED_OPTIONS.items())
def test_an_option_that_cannot_be_obeyed_is_named(
    options: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TWOTRACK_DATABASE_URL", f"postgres://user:hush@localhost/twotrack?{options}")
    with pytest.raises(SettingsError, match=rf"^TWOTRACK_DATABASE_URL is invalid: [^\n]*{named}[^\n]*\.$") as refused:
        Settings.load()
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    "options",
    [
        *("sslmode=require&channel_binding=prefer", "gssencmode=disable&sslsni=1&sslcompression=0", "schema=public"),
        *("pgbouncer=true&connect_timeout=15", "sslrootcert=&sslmode=require", "client_encoding=UTF8"),
        *("ssl=true", "ssl=require", "options=endpoint%3Dep-quiet-1", "fallback_application_name=chat"),
    ],
)
def test_options_that_can_be_obeyed_do_not_prevent_the_start(options: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWOTRACK_SECRET_KEY", SECRET)
    monkeypatch.setenv("TWOTRACK_DATABASE_URL", f"postgres://user:hush@localhost/twotrack?{options}")
    assert not Settings.load().embedded


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings.load().model = "openai:gpt-5"


def test_a_key_is_made_once_and_kept_beside_the_database_for_nobody_else_to_read(tmp_path: Path) -> None:
    key = secret_key(Settings.load())
    kept = tmp_path / "twotrack.db.secret"
    assert len(key) >= 32
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert (secret_key(Settings.load()), kept.read_text()) == (key, key)
    assert [path.name for path in tmp_path.iterdir()] == ["twotrack.db.secret"]


def test_databases_beside_each_other_have_keys_of_their_own() -> None:
    one, other = (secret_key(Settings(database_url=f"sqlite+aiosqlite:///{name}.db")) for name in ("one", "other"))
    assert one != other


@pytest.mark.parametrize("content", ["", "short\n"])
def test_a_key_that_was_cut_off_signs_nothing(tmp_path: Path, content: str) -> None:
    """It would be easy to guess."""
    write_private(tmp_path / "twotrack.db.secret", content)
    with pytest.raises(SettingsError, match=r"twotrack\.db\.secret is damaged"):
        secret_key(Settings.load())


def test_a_key_that_cannot_be_kept_is_told_in_a_sentence() -> None:
    with pytest.raises(SettingsError, match=r"^TWOTRACK_SECRET_KEY is not set, and no key can be stored at nowhere/"):
        secret_key(Settings(database_url="sqlite+aiosqlite:///nowhere/twotrack.db"))
