"""Names of environment variables: settings, misspelt settings, and variables that others set."""

from pathlib import Path

import pytest

from api.errors import SettingsError
from api.settings import Settings

pytestmark = pytest.mark.usefixtures("own_environment")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("TWOTRACK_DATABSE_URL", "TWOTRACK_DATABASE_URL"),
        ("TWOTRACK_REDIS_URL", "TWOTRACK_BROADCAST_URL"),
        ("TWOTRACK_LEASE", "TWOTRACK_LEASE_SECONDS"),
        ("twotrack_worker_reply", "TWOTRACK_WORKER_REPLIES"),
    ],
)
def test_a_misspelt_setting_is_refused_with_the_name_that_was_meant(
    written: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(written, "1")
    with pytest.raises(SettingsError, match=f"^{written} is not a setting. Did you mean {meant}[?]$"):
        Settings.load()


def test_a_misspelt_setting_in_the_file_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TWOTRACK_SECRETKEY=hush\n")
    with pytest.raises(SettingsError, match="TWOTRACK_SECRET_KEY"):
        Settings.load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SERVICE_HOST", "10.0.0.1"),
        ("SERVICE_PORT_HTTP", "8000"),
        ("PORT", "tcp://10.0.0.1:8000"),
        ("PORT_8000_TCP", "tcp://10.0.0.1:8000"),
        ("PORT_8000_TCP_ADDR", "10.0.0.1"),
        ("WORKER_SERVICE_PORT", "9000"),
        ("WORKER_REPLIES_PORT", "tcp://10.0.0.1:9000"),
    ],
)
def test_variables_that_kubernetes_sets_for_services_of_our_name_are_ignored(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"TWOTRACK_{name}", value)
    settings = Settings.load()
    assert list(settings.unknown_names()) == []


def test_a_setting_with_a_wrong_address_is_not_taken_for_a_variable_of_kubernetes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TWOTRACK_BROADCAST_URL", "tcp://10.0.0.1:6379")
    with pytest.raises(SettingsError, match=r"^TWOTRACK_BROADCAST_URL"):
        Settings.load()


@pytest.mark.parametrize("name", ["TWOTRACK_MODEL", "twotrack_model"])
def test_a_setting_is_known_in_either_case(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "scripted?rate=0")
    settings = Settings.load()
    assert settings.model == "scripted?rate=0"
    assert list(settings.unknown_names()) == []
