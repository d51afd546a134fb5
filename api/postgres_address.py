"""The address of a Postgres, as hosters write it, in the terms of SQLAlchemy and asyncpg.

Hosters write addresses for libpq. asyncpg, our driver, knows part of libpq's options, under other names or not at all.
An option that cannot be obeyed stops the start: without it, a connection might not be as safe as its operator believes.
"""

import os
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.engine import URL, make_url

SCHEME = "postgresql+asyncpg://"

SCHEMES = re.compile(r"postgres(?:ql)?://", re.IGNORECASE)

SEVERAL_HOSTS = re.compile(rf"({re.escape(SCHEME)}(?:[^@]*@)?)([^/?@]+,[^/?@]+)(?:/([^?]*))?(?:\?(.*))?")

PORT = "5432"

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

SYSTEM = "system"
"""As `sslrootcert`: the authorities that the operating system trusts."""

OTHER_NAMES = {"dbname": "database", "ssl": "sslmode"}

SSL_SWITCHES = {"true": "require", "1": "require", "false": "disable", "0": "disable"}
"""Values of `ssl`, for other drivers."""

ALLOWED = {
    "sslmode": SSL_MODES,
    "sslnegotiation": ("postgres", "direct"),
    "ssl_min_protocol_version": ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"),
    "ssl_max_protocol_version": ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"),
    "target_session_attrs": ("any", "primary", "standby", "prefer-standby", "read-write", "read-only"),
    "gsslib": ("gssapi", "sspi"),
}

ADDRESS = ("user", "password", "host", "port", "database", "passfile")
"""Options that both libraries understand as they are."""

DRIVER = (
    *("sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl", "sslnegotiation"),
    *("ssl_min_protocol_version", "ssl_max_protocol_version", "target_session_attrs", "krbsrvname", "gsslib"),
)
"""Options that asyncpg reads from an address, but not from SQLAlchemy's arguments."""

WITHOUT_EFFECT = {
    "channel_binding": ("disable", "prefer"),
    "client_encoding": ("auto", "utf8", "utf-8"),
    "gssencmode": ("disable", "prefer"),
    "load_balance_hosts": ("disable",),
    "schema": ("public",),
    "sslcompression": ("0",),
    "sslsni": ("1",),
}
"""Values that ask for nothing that asyncpg would not do. Other values of these options stop the start."""

REMEDIES = {
    "channel_binding": "remove it, and use sslmode=verify-full with sslrootcert=system to be sure of the server",
    "gssencmode": "remove it, and use sslmode=require for an encrypted connection",
    "connection_limit": "remove it: each process opens up to 10 connections, and one more if it writes replies",
}


class OptionError(ValueError):
    """An option that cannot be obeyed."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a Postgres is, and how to connect to it."""

    url: URL
    """For SQLAlchemy, without the options that only `arguments` contains."""
    arguments: Mapping[str, Any] = field(repr=False)
    """For `asyncpg.connect`. They may contain passwords."""
    pooled: bool
    """Whether a pooler such as PgBouncer gives each transaction another connection to the server."""

    @classmethod
    def of(cls, written: str) -> "Address":
        """Raises OptionError with a sentence that names the option, and quotes no password."""
        url = make_url(normalized(written))
        options = _options(url)
        arguments: dict[str, Any] = {}
        if (seconds := options.pop("connect_timeout", None)) is not None:
            arguments["timeout"] = _whole_number("connect_timeout", seconds) or None  # 0 is no limit
        if settings := _server_settings(options):
            arguments["server_settings"] = settings
        pooled = _boolean("pgbouncer", options.pop("pgbouncer", "false"))
        for name in ("statement_cache_size", "prepared_statement_cache_size"):
            if name in options:
                arguments[name] = _whole_number(name, options.pop(name))
            if pooled:
                arguments[name] = 0  # the next transaction would not find its statement prepared
        arguments |= _for_driver({name: options.pop(name) for name in DRIVER if name in options})
        kept = {"host": url.query["host"]} if "host" in url.query else {}
        kept |= {name: options.pop(name) for name in ADDRESS if name in options}
        for name, value in options.items():
            _require_no_effect(name, value)
        return cls(url.set(query=kept), arguments, pooled)

    @property
    def database(self) -> str | None:
        return self.url.database or _last(self.url.query.get("database", "")) or None


def normalized(written: str) -> str:
    """The address as SQLAlchemy reads it: with the driver in its scheme, and with several hosts as options."""
    url = SCHEMES.sub(SCHEME, written, count=1) if SCHEMES.match(written) else written
    if (found := SEVERAL_HOSTS.fullmatch(url)) is None:
        return url
    start, hosts, database, query = found.groups()
    listed = [host if ":" in host else f"{host}:{PORT}" for host in hosts.split(",")]
    more = "".join(f"&host={host}" for host in listed).removeprefix("&")
    return f"{start}/{database or ''}?{more}{'&' + query if query else ''}"


def _options(url: URL) -> dict[str, str]:
    """By libpq's names. `host` is left out, as it may be several."""
    options = {name: _last(value) for name, value in url.query.items() if name != "host"}
    for other, name in OTHER_NAMES.items():
        if other in options:
            options.setdefault(name, options.pop(other))
    options = {name: value for name, value in options.items() if value}
    if (mode := options.get("sslmode", "").lower()) in SSL_SWITCHES:
        options["sslmode"] = SSL_SWITCHES[mode]
    return options


def _server_settings(options: dict[str, str]) -> dict[str, str]:
    """Takes what the server reads itself."""
    fallback = options.pop("fallback_application_name", None)
    settings = {"application_name": options.pop("application_name", fallback), "options": options.pop("options", None)}
    return {name: value for name, value in settings.items() if value is not None}


def _for_driver(options: dict[str, str]) -> dict[str, Any]:
    """Arguments for asyncpg that have the effect of these options of libpq."""
    for name, allowed in ALLOWED.items():
        if name in options:
            _require_one_of(name, options[name], allowed)
    if options.get("sslrootcert") == SYSTEM:
        return _trusting_the_system(options)
    mode = options.get("sslmode", "prefer")
    if options.get("sslnegotiation") == "direct" and mode not in SSL_MODES[3:]:
        raise OptionError("its option sslnegotiation=direct needs sslmode=require, verify-ca or verify-full")
    if mode in SSL_MODES[4:] and "sslrootcert" not in options and not _has_default_root_certificate():
        raise OptionError(
            f"its option sslmode={mode} needs to know who signs the server's certificate; "
            "add sslrootcert=/path/to/ca.crt, or sslrootcert=system for the authorities of the operating system"
        )
    _load_certificates(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), options)
    return {"dsn": f"postgresql://?{urlencode(options)}"} if options else {}


def _trusting_the_system(options: dict[str, str]) -> dict[str, Any]:
    """asyncpg would look for a file of the name `system`."""
    if options.get("sslmode", "verify-full") != "verify-full":
        raise OptionError("its option sslrootcert=system needs sslmode=verify-full")
    for name in ("sslcrl", "ssl_min_protocol_version", "ssl_max_protocol_version"):
        if name in options:
            raise OptionError(f"its option {name} cannot be combined with sslrootcert=system")
    context = ssl.create_default_context()
    context.set_alpn_protocols(["postgresql"])
    _load_certificates(context, {name: value for name, value in options.items() if name != "sslrootcert"})
    others = {name: value for name, value in options.items() if not name.startswith("ssl")}
    return {
        "ssl": context,
        "direct_tls": options.get("sslnegotiation") == "direct",
        **({"dsn": f"postgresql://?{urlencode(others)}"} if others else {}),
    }


def _load_certificates(context: ssl.SSLContext, options: Mapping[str, str]) -> None:
    """Raises OptionError if a file cannot be read: asyncpg would find out when it connects, with a traceback."""
    for name in ("sslrootcert", "sslcrl"):
        if name in options:
            _load(name, partial(context.load_verify_locations, options[name]))
    if "sslcert" in options:
        key, password = options.get("sslkey"), options.get("sslpassword", "")
        _load("sslcert or sslkey", lambda: context.load_cert_chain(options["sslcert"], key, lambda: password))
    elif "sslkey" in options:
        raise OptionError("its option sslkey needs sslcert, the certificate of that key")


def _has_default_root_certificate() -> bool:
    """Whether there is one where libpq and asyncpg look for it."""
    if os.environ.get("PGSSLROOTCERT"):
        return True
    try:
        return (Path.home() / ".postgresql" / "root.crt").exists()
    except RuntimeError:
        return False


def _load(name: str, load: Callable[[], object]) -> None:
    try:
        load()
    except OSError as error:
        reason = error.strerror if error.errno and not isinstance(error, ssl.SSLError) else "it has no valid content"
        raise OptionError(f"the file of its option {name} cannot be read: {reason}") from None


def _last(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else value[-1]


def _require_one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise OptionError(f"its option {name} must be {', '.join(allowed[:-1])} or {allowed[-1]}")


def _whole_number(name: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise OptionError(f"its option {name} must be a whole number")
    return int(value)


def _boolean(name: str, value: str) -> bool:
    _require_one_of(name, value, ("true", "false"))
    return value == "true"


def _require_no_effect(name: str, value: str) -> None:
    if value.lower() in WITHOUT_EFFECT.get(name, ()):
        return
    if name in WITHOUT_EFFECT:
        remedy = REMEDIES.get(name, f"use {WITHOUT_EFFECT[name][0]}, or remove it")
        raise OptionError(f"asyncpg, the driver, cannot obey its option {name}={value}; {remedy}")
    remedy = REMEDIES.get(name, "remove it")
    raise OptionError(f"asyncpg, the driver, does not know its option {name}; {remedy}")
