"""Settings from the environment or `.env`, with the prefix `TWOTRACK_`. They are read once, checked, and frozen."""

import os
import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from dotenv import load_dotenv
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from api import postgres_address
from api.common_passwords import repeats
from api.errors import SettingsError

PREFIX = "TWOTRACK_"

ENV_FILE = ".env"

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]

CLOSING_SHARE = 0.1
"""Share of the grace period in which a server closes its connections. Clients reconnect to another server at once, and
do not need the whole period."""

SECRET_CHARACTERS = 32
"""HMAC with SHA-256 is as strong as its key, up to this length."""

KEY_VARIETY = 8
"""Different characters in a key. A random one of 32 hexadecimal digits has fewer once in a billion times."""

PLACEHOLDER = re.compile(r"(?i)change.?(me|this)|your.?(secret|key)|replace.?(me|this)|secret.?key.?here")

MISSPELLING_SIMILARITY = 0.55
"""A name that is this similar to a setting is taken for a misspelt one, such as LEASE for LEASE_SECONDS. SERVICE_HOST,
which Kubernetes sets, is less similar to any."""

CONFIDENTIAL = {"secret_key", "former_secret_keys", "database_url", "broadcast_url"}
"""Settings whose values contain passwords. Errors do not quote them, since errors are logged."""


HOST = re.compile(r"\*|(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\]")

PORT = re.compile(r"(\S+:)?\d{1,5}")


class Settings(BaseSettings):
    """The settings of an operator. Durations are in seconds, sizes in bytes, unless the name says otherwise."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    database_url: str = "sqlite+aiosqlite:///twotrack.db"
    broadcast_url: str = "memory://"
    model: str = "scripted"
    secret_key: str | None = Field(default=None, min_length=SECRET_CHARACTERS)
    former_secret_keys: Annotated[tuple[str, ...], NoDecode] = ()
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    graphiql: bool = True
    metrics_port: str | None = None
    cadence_seconds: Positive = 0.35
    patience_seconds: Positive = 5
    lease_seconds: Positive = 15
    queue_seconds: Positive = 60
    model_timeout_seconds: Positive = 300
    grace_seconds: Positive = 60
    on_lost: Literal["fail", "continue"] = "fail"
    drain_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0
    send_timeout_seconds: Positive = 10
    ping_seconds: Positive = 45
    keep_alive_seconds: Positive = 75
    token_hours: Positive = 12
    session_days: Positive = 30
    sign_up: Literal["open", "invited", "closed"] = "open"
    worker_replies: Annotated[int, Field(gt=0)] = 200
    key_days: Annotated[int, Field(ge=0)] = 30

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    traces: bool = False
    trust_request_ids: bool = False

    deflate: bool = True
    direct_writes: bool = True

    message_bytes: Annotated[int, Field(gt=0)] = 100_000
    reply_bytes: Annotated[int, Field(gt=0)] = 1_000_000
    body_bytes: Annotated[int, Field(gt=0)] = 1_000_000
    answer_bytes: Annotated[int, Field(ge=1_000_000)] = 10_000_000
    handshakes_at_once: Annotated[int, Field(gt=0)] = 100
    socket_hours: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 4
    socket_operations: Annotated[int, Field(gt=0)] = 100
    anonymous_sockets: Annotated[int, Field(gt=0)] = 1_000
    chat_participants: Annotated[int, Field(gt=0)] = 100
    sign_ins_per_minute: Annotated[int, Field(gt=0)] = 30
    invitations_per_minute: Annotated[int, Field(gt=0)] = 30
    guests_per_minute: Annotated[int, Field(gt=0)] = 10_000
    replies_at_once: Annotated[int, Field(ge=0)] = 5
    messages_per_minute: Annotated[int, Field(ge=0)] = 60
    tokens_per_day: Annotated[int, Field(ge=0)] = 0
    stored_bytes: Annotated[int, Field(ge=0)] = 100_000_000

    @field_validator("database_url")
    @classmethod
    def _supported_database(cls, url: str) -> str:
        url = postgres_address.normalized(url)
        if not url.startswith(("sqlite+aiosqlite://", postgres_address.SCHEME)):
            raise ValueError("it must start with sqlite+aiosqlite:// or postgresql://")
        try:
            embedded = url.startswith("sqlite")
            database = make_url(url).database if embedded else postgres_address.Address.of(url).database
        except postgres_address.OptionError as error:
            raise ValueError(str(error)) from None
        except (ArgumentError, ValueError):
            raise ValueError(
                "it is not the URL of a database; write postgresql://user:password@host:port/name, "
                "and percent-encode special characters of the password"
            ) from None
        if not database or database == ":memory:" or (embedded and database.startswith("file:")):
            raise ValueError("it must name a file, like sqlite+aiosqlite:///twotrack.db, or a Postgres database")
        return url

    @field_validator("broadcast_url")
    @classmethod
    def _supported_bus(cls, url: str) -> str:
        scheme = urlsplit(url).scheme
        if scheme in ("postgres", "postgresql"):
            raise ValueError("Postgres cannot be the bus: its NOTIFY is limited to 8,000 bytes; use redis://…")
        if scheme not in ("memory", "redis", "rediss"):
            raise ValueError("it must be memory:// or redis://…")
        return url

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_capitals(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("allowed_origins", "allowed_hosts", mode="before")
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        return (
            tuple(part.strip().rstrip("/").lower() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("allowed_origins")
    @classmethod
    def _valid_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            scheme, host, *rest = urlsplit(origin)
            if origin != "*" and (scheme not in ("http", "https") or not host or any(rest)):
                raise ValueError(
                    f"`{origin}` is not an origin; write it like https://chat.example.com, and separate several by "
                    "commas"
                )
        return origins

    @field_validator("secret_key")
    @classmethod
    def _random_key(cls, key: str | None) -> str | None:
        if key is not None and (len(set(key)) < KEY_VARIETY or repeats(key) or PLACEHOLDER.search(key)):
            raise ValueError("it can be guessed; generate one with `openssl rand -hex 32`")
        return key

    @field_validator("former_secret_keys", mode="before")
    @classmethod
    def _several_keys(cls, value: object) -> object:
        return tuple(key.strip() for key in value.split(",") if key.strip()) if isinstance(value, str) else value

    @field_validator("former_secret_keys")
    @classmethod
    def _random_keys(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        for key in keys:
            if len(key) < SECRET_CHARACTERS:
                raise ValueError(f"each key has {SECRET_CHARACTERS} characters or more; separate several by commas")
            cls._random_key(key)
        return keys

    @field_validator("allowed_hosts")
    @classmethod
    def _valid_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not HOST.fullmatch(host):
                raise ValueError(
                    f"`{host}` is not a host; write it without scheme and port, like chat.example.com, *.example.com "
                    "or [::1], and separate several by commas"
                )
        return hosts

    @field_validator("metrics_port")
    @classmethod
    def _valid_port(cls, address: str | None) -> str | None:
        if address is not None and not PORT.fullmatch(address):
            raise ValueError("it must be a port, like 9100, or an address and a port, like 0.0.0.0:9100")
        return address

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.model_timeout_seconds <= 3 * self.lease_seconds:
            raise SettingsError(
                f"{PREFIX}MODEL_TIMEOUT_SECONDS must be more than three times {PREFIX}LEASE_SECONDS "
                f"({self.lease_seconds:g})."
            )
        if self.secret_key is None and not self.embedded:
            raise SettingsError(
                f"{PREFIX}SECRET_KEY must be set if the database is not SQLite: all processes sign tokens with it. "
                "Generate one with `openssl rand -hex 32`."
            )
        return self

    @property
    def embedded(self) -> bool:
        """Whether the database is an SQLite file on this machine."""
        return self.database_url.startswith("sqlite")

    @property
    def one_process(self) -> bool:
        """Whether the bus is in memory, so that announcements do not leave this process."""
        return self.broadcast_url.startswith("memory")

    @property
    def closing_seconds(self) -> float:
        """How long a server that stops waits for its connections to close."""
        return self.grace_seconds * CLOSING_SHARE

    @classmethod
    def load(cls, **overrides: object) -> "Settings":
        """Read the environment. Raises SettingsError with one sentence that names the setting.

        `.env` is loaded into the environment, because providers' SDKs read their keys there.
        """
        try:
            load_dotenv(ENV_FILE)
        except UnicodeDecodeError:
            raise SettingsError(f"{ENV_FILE} is not UTF-8. Save it as UTF-8.") from None
        ignore_service_links()
        known = [field.upper() for field in cls.model_fields]
        for name in cls.unknown_names():
            for near in get_close_matches(_without_prefix(name), known, n=1, cutoff=MISSPELLING_SIMILARITY):
                raise SettingsError(f"{name} is not a setting. Did you mean {PREFIX}{near}?")
        try:
            return cls(**overrides)  # type: ignore[arg-type]
        except ValidationError as error:
            first = error.errors()[0]
            name = PREFIX + "_".join(str(part) for part in first["loc"][:1]).upper()
            reason = first["msg"].removeprefix("Value error, ").replace("Input should", "it should")
            value = "" if first["loc"][0] in CONFIDENTIAL else f" (it is {first['input']!r})"
            raise SettingsError(f"{name} is invalid: {reason}{value}.") from None

    @classmethod
    def unknown_names(cls) -> Iterator[str]:
        """Environment variables with the prefix that are no settings."""
        for name in os.environ:
            if name.upper().startswith(PREFIX) and _without_prefix(name).lower() not in cls.model_fields:
                yield name


SERVICE_ADDRESS = re.compile(r"(tcp|udp|sctp)://\S+:\d+")
"""The value that Kubernetes gives to a variable such as `TWOTRACK_WORKER_PORT` in every pod beside a service."""

SERVICE_LINK = re.compile(r"_(SERVICE_(HOST|PORT)(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?)$")
"""The ends of the other names. https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables"""


def ignore_service_links() -> None:
    """Remove the variables that Kubernetes adds for services whose names begin with `twotrack`: they are no settings,
    though some look like misspelt ones."""
    for name, value in list(os.environ.items()):
        upper = name.upper()
        is_address = upper.endswith("_PORT") and SERVICE_ADDRESS.fullmatch(value)
        if upper.startswith(PREFIX) and (is_address or SERVICE_LINK.search(upper)):
            del os.environ[name]


def _without_prefix(name: str) -> str:
    return name.upper().removeprefix(PREFIX)
