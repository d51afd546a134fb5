"""Settings from the environment or `.env`, prefix `TWOTRACK_`: read once, checked, frozen."""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Self
from urllib.parse import urlsplit

from dotenv import load_dotenv
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from api.errors import SettingsError

PREFIX = "TWOTRACK_"

ENV_FILE = ".env"

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]

SERVERS_SHARE = 0.1
"""Of the grace, what a server takes to part from its clients: those come back to another, and need no minute for it."""

SECRET_CHARACTERS = 32
"""HMAC with SHA-256 is as strong as its key, up to this length."""

MISSPELT = 0.55
"""So alike, and a name is meant for a setting: LEASE for LEASE_SECONDS. SERVICE_HOST, which Kubernetes sets, is not."""

UNTOLD = {"secret_key", "database_url", "broadcast_url"}
"""Their values hold passwords, and an error ends up in a log."""


class Settings(BaseSettings):
    """What an operator decides. Durations in seconds, sizes in bytes where not said otherwise."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    database_url: str = "sqlite+aiosqlite:///twotrack.db"
    broadcast_url: str = "memory://"
    model: str = "scripted"
    secret_key: str | None = Field(default=None, min_length=SECRET_CHARACTERS)
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    cadence_seconds: Positive = 0.35
    patience_seconds: Positive = 5
    lease_seconds: Positive = 15
    queue_seconds: Positive = 60
    model_timeout_seconds: Positive = 300
    grace_seconds: Positive = 60
    send_timeout_seconds: Positive = 10
    token_hours: Positive = 12
    worker_replies: Annotated[int, Field(gt=0)] = 200

    deflate: bool = True
    direct_writes: bool = True

    message_bytes: Annotated[int, Field(gt=0)] = 100_000
    reply_bytes: Annotated[int, Field(gt=0)] = 1_000_000
    body_bytes: Annotated[int, Field(gt=0)] = 1_000_000
    socket_operations: Annotated[int, Field(gt=0)] = 100
    chat_participants: Annotated[int, Field(gt=0)] = 100
    sign_ins_per_minute: Annotated[int, Field(gt=0)] = 30
    invitations_per_minute: Annotated[int, Field(gt=0)] = 30

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if not url.startswith(("sqlite+aiosqlite://", "postgresql+asyncpg://")):
            raise ValueError("it must begin with sqlite+aiosqlite:// or postgresql+asyncpg://")
        try:
            database = make_url(url).database
        except (ArgumentError, ValueError):
            raise ValueError(
                "it is no address of a database; write postgresql+asyncpg://user:password@host:port/name, "
                "with special characters of the password percent-encoded"
            ) from None
        if not database or database == ":memory:" or (url.startswith("sqlite") and database.startswith("file:")):
            raise ValueError("it must name a file, as sqlite+aiosqlite:///twotrack.db does, or a database of Postgres")
        return url

    @field_validator("broadcast_url")
    @classmethod
    def _known_bus(cls, url: str) -> str:
        scheme = urlsplit(url).scheme
        if scheme in ("postgres", "postgresql"):
            raise ValueError("PostgreSQL's NOTIFY ends at 8,000 bytes, less than a message; use memory:// or redis://…")
        if scheme not in ("memory", "redis", "rediss"):
            raise ValueError("it must be memory:// or redis://…")
        return url

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _separated_by_commas(cls, value: object) -> object:
        return (
            tuple(part.strip().rstrip("/").lower() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("allowed_origins")
    @classmethod
    def _whole_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            scheme, host, *rest = urlsplit(origin)
            if origin != "*" and (scheme not in ("http", "https") or not host or any(rest)):
                raise ValueError(
                    f"`{origin}` is no origin; write it like https://chat.example.com, several separated by commas"
                )
        return origins

    @model_validator(mode="after")
    def _agree_with_each_other(self) -> Self:
        if self.model_timeout_seconds <= 3 * self.lease_seconds:
            raise SettingsError(
                f"{PREFIX}MODEL_TIMEOUT_SECONDS must be more than three times {PREFIX}LEASE_SECONDS "
                f"({self.lease_seconds:g}): a model may think in silence while its writer's heart beats."
            )
        if self.secret_key is None and not self.embedded:
            raise SettingsError(
                f"{PREFIX}SECRET_KEY must be set when the database is not SQLite: all processes sign tokens with it. "
                "Make one with `openssl rand -hex 32`."
            )
        return self

    @property
    def embedded(self) -> bool:
        """The database is an SQLite file on this machine."""
        return self.database_url.startswith("sqlite")

    @property
    def one_process(self) -> bool:
        """Nobody outside this process could hear what happens in it."""
        return self.broadcast_url.startswith("memory")

    @property
    def drain_seconds(self) -> float:
        """How long a server takes to close its clients' connections when it stops."""
        return self.grace_seconds * SERVERS_SHARE

    @classmethod
    def load(cls, **overrides: object) -> "Settings":
        """From the environment. Raises SettingsError with one sentence that names the setting.

        `.env` is read into the environment, since it also holds what the models' SDKs look for there.
        """
        try:
            load_dotenv(ENV_FILE)
        except UnicodeDecodeError:
            raise SettingsError(f"{ENV_FILE} cannot be read: save it as UTF-8.") from None
        for name in cls.unknown():
            for near in get_close_matches(_plain(name), map(str.upper, cls.model_fields), n=1, cutoff=MISSPELT):
                raise SettingsError(f"{name} is no setting. Did you mean {PREFIX}{near}?")
        try:
            return cls(**overrides)  # type: ignore[arg-type]
        except ValidationError as error:
            first = error.errors()[0]
            name = PREFIX + "_".join(str(part) for part in first["loc"][:1]).upper()
            reason = first["msg"].removeprefix("Value error, ")
            value = "" if first["loc"][0] in UNTOLD else f" (it is {first['input']!r})"
            raise SettingsError(f"{name} is wrong: {reason}{value}.") from None

    @classmethod
    def unknown(cls) -> Iterator[str]:
        """What the environment names like a setting, though there is none of that name."""
        for name in os.environ:
            if name.upper().startswith(PREFIX) and _plain(name).lower() not in cls.model_fields:
                yield name


def _plain(name: str) -> str:
    return name.upper().removeprefix(PREFIX)
