"""The options that hosters write into the address of a Postgres are obeyed, or named in a sentence before the start."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import text

from api.database import Database
from api.errors import SettingsError
from api.server.checks import with_database
from api.settings import Settings
from api.streaming.publisher import Publisher
from tests.support.backends import SECRET
from tests.support.certificates import Certificates, make_certificates
from tests.support.services import Postgres, free_port, throw_away

MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]


def address(port: int, options: str, *, host: str = "localhost", user: str = "postgres") -> str:
    """As a hoster's panel shows it: in libpq's words."""
    return f"postgres://{user}:se%2Fcret@{host}:{port}/postgres?{options}"


def settings(url: str) -> Settings:
    return Settings(database_url=url, broadcast_url="memory://", secret_key=SECRET)


async def discard(messages: object) -> None:
    """Nothing is announced here."""


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Database]:
    database = Database(settings(url).database_url, Publisher(discard))
    try:
        yield database
    finally:
        await database.aclose()


async def asked(url: str, question: str) -> object:
    """What the server answers over such a connection."""
    async with connected(url) as database:
        ((answer,),) = await database.read(text(question))
        return answer


async def ping(database: Database) -> None:
    await database.read(text("SELECT 1"))


async def refusal(url: str) -> str:
    """The sentence with which the start stops."""
    with pytest.raises(SettingsError) as refused:
        await with_database(settings(url), ping)
    sentence = str(refused.value)
    assert sentence.startswith("TWOTRACK_DATABASE_URL")
    assert "\n" not in sentence
    assert "cret" not in sentence
    return sentence


ENCRYPTED = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


@pytest.mark.parametrize(
    ("options", "question", "answer"),
    [
        ("", "SHOW application_name", ""),
        ("application_name=Chat%20server", "SHOW application_name", "Chat server"),
        ("fallback_application_name=chat", "SHOW application_name", "chat"),
        ("options=-c%20statement_timeout%3D1234%20-c%20work_mem%3D5MB", "SHOW work_mem", "5MB"),
        ("options=-c%20statement_timeout%3D1234%20-c%20work_mem%3D5MB", "SHOW statement_timeout", "1234ms"),
        ("connect_timeout=15&gssencmode=disable&channel_binding=prefer", "SELECT 1", 1),
        ("connect_timeout=0&gssencmode=prefer&channel_binding=disable&client_encoding=UTF8", "SELECT 1", 1),
        ("target_session_attrs=read-write", "SHOW transaction_read_only", "off"),
        ("target_session_attrs=primary", "SELECT pg_is_in_recovery()", False),
        ("target_session_attrs=any&sslmode=prefer", ENCRYPTED, False),
        ("prepared_statement_cache_size=0&statement_cache_size=0", "SELECT 1", 1),
        ("ssl=false", ENCRYPTED, False),
        *((f"sslmode={mode}", ENCRYPTED, False) for mode in MODES[:3]),
    ],
)
async def test_options_are_obeyed(postgres_server: Postgres, options: str, question: str, answer: object) -> None:
    assert await asked(address(postgres_server.port, options), question) == answer


async def test_the_first_of_several_hosts_that_answers_is_used(postgres_server: Postgres) -> None:
    port = postgres_server.port
    hosts = f"postgresql://postgres@127.0.0.1:{free_port()},127.0.0.1:{port}/postgres?target_session_attrs=read-write"
    assert await asked(hosts, "SELECT inet_server_port()") == port


async def test_the_address_may_stand_in_the_options(postgres_server: Postgres) -> None:
    url = f"postgresql:///?host=127.0.0.1&port={postgres_server.port}&dbname=postgres&user=postgres&password=x"
    assert await asked(url, "SELECT current_database()") == "postgres"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("sslmode=require", "rejected SSL upgrade"),
        ("target_session_attrs=standby", "target attribute"),
        ("options=-c%20no_such_setting%3D1", "no_such_setting"),
    ],
)
async def test_what_the_server_cannot_do_stops_the_start(postgres_server: Postgres, options: str, named: str) -> None:
    assert named in await refusal(address(postgres_server.port, options))


# --- with TLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secure(certificates: Certificates) -> Iterator[Postgres]:
    """A Postgres with TLS. Ann proves who she is by her certificate."""
    with throw_away(Postgres) as postgres:
        data = postgres.directory / "data"
        owner = data.stat()
        for file in ("server.crt", "server.key", "ca.crt"):
            path = data / file
            shutil.copyfile(certificates.directory / file, path)
            path.chmod(0o600)
            shutil.chown(path, owner.st_uid, owner.st_gid)
        rules = ("hostssl all ann all cert", "hostnossl all ann all reject", "host all all all trust")
        (data / "pg_hba.conf").write_text("\n".join(rules) + "\n")
        try:
            postgres.execute("ALTER SYSTEM SET ssl_ca_file = 'ca.crt'", "ALTER SYSTEM SET ssl = on")
        except asyncpg.InvalidParameterValueError:
            pytest.skip("this Postgres was built without TLS")
        postgres.execute("CREATE ROLE ann LOGIN")
        postgres.stop()
        postgres.start()
        yield postgres


@pytest.mark.parametrize("mode", MODES)
async def test_every_mode_of_ssl_is_obeyed(secure: Postgres, certificates: Certificates, mode: str) -> None:
    authority = certificates.option("sslrootcert", "ca.crt") if mode.startswith("verify") else ""
    encrypted = mode not in ("disable", "allow")
    assert await asked(address(secure.port, f"sslmode={mode}&{authority}"), ENCRYPTED) is encrypted


@pytest.mark.parametrize("options", ["", "ssl=true", "ssl=require", "sslmode=require&ssl_min_protocol_version=TLSv1.3"])
async def test_a_server_with_tls_is_spoken_to_over_tls(secure: Postgres, options: str) -> None:
    assert await asked(address(secure.port, options), ENCRYPTED) is True


async def test_a_server_of_another_name_is_not_the_one_that_was_meant(
    secure: Postgres, certificates: Certificates
) -> None:
    authority = certificates.option("sslrootcert", "ca.crt")
    assert await asked(address(secure.port, f"sslmode=verify-ca&{authority}", host="127.0.0.1"), ENCRYPTED) is True
    sentence = await refusal(address(secure.port, f"sslmode=verify-full&{authority}", host="127.0.0.1"))
    assert "127.0.0.1" in sentence


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
async def test_a_server_that_another_authority_signed_is_refused(
    secure: Postgres, certificates: Certificates, mode: str
) -> None:
    """With `require` as well, as in libpq, once an authority is named."""
    authority = certificates.option("sslrootcert", "other.crt")
    assert "certificate verify failed" in await refusal(address(secure.port, f"sslmode={mode}&{authority}"))


async def test_the_authorities_of_the_system_verify_the_server(
    secure: Postgres, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = "sslmode=verify-full&sslrootcert=system&application_name=chat"
    assert "certificate verify failed" in await refusal(address(secure.port, options))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.directory / "ca.crt"))
    assert await asked(address(secure.port, options), ENCRYPTED) is True
    assert await asked(address(secure.port, options), "SHOW application_name") == "chat"


@pytest.mark.parametrize("authority", ["sslrootcert", "system", None])
async def test_a_client_proves_who_it_is_by_its_certificate(
    secure: Postgres, certificates: Certificates, authority: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = f"{certificates.option('sslcert', 'client.crt')}&{certificates.option('sslkey', 'client.key')}"
    match authority:
        case "sslrootcert":
            options = f"sslmode=verify-full&{certificates.option('sslrootcert', 'ca.crt')}"
        case "system":
            monkeypatch.setenv("SSL_CERT_FILE", str(certificates.directory / "ca.crt"))
            options = "sslmode=verify-full&sslrootcert=system"
        case _:
            options = "sslmode=require"
    assert await asked(address(secure.port, f"{options}&{own}", user="ann"), "SELECT current_user") == "ann"
    assert "certificate" in await refusal(address(secure.port, options, user="ann"))
