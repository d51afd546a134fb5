"""Who is asking: tokens, passwords, addresses."""

import asyncio
import threading
import time
from uuid import uuid4

import pytest
from pwdlib import PasswordHash

from api.accounts.passwords import HASHES_AT_ONCE, Passwords
from api.accounts.sessions import Tokens, bearer
from api.errors import BadUserInput, Unauthenticated
from api.inputs import email_address
from tests.support.until import PATIENCE_SECONDS

KEY = "a key that is long enough to sign with"


def test_a_token_states_its_user_its_session_and_its_end() -> None:
    user, session = uuid4(), uuid4()
    claims = Tokens(KEY, hours=2).read(Tokens(KEY, hours=2).issue(user, session))
    assert (claims.user, claims.session) == (user, session)
    assert claims.expires_at == pytest.approx(time.time() + 7_200, abs=5)


def test_a_token_does_not_outlive_its_session() -> None:
    tokens, until = Tokens(KEY, hours=2), time.time() + 60
    assert tokens.read(tokens.issue(uuid4(), uuid4(), until=until)).expires_at == until


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_may_be_written_in_any_case(scheme: str) -> None:
    assert bearer(f"{scheme} token") == "token"


@pytest.mark.parametrize("authorization", [None, ""])
def test_without_an_authorization_there_is_no_token(authorization: str | None) -> None:
    assert bearer(authorization) is None


@pytest.mark.parametrize("authorization", ["Basic token", "Bearer", "Bearer  ", "token"])
def test_another_scheme_is_refused(authorization: str) -> None:
    with pytest.raises(Unauthenticated, match="Bearer <token>"):
        bearer(authorization)


def test_a_token_of_another_key_is_refused() -> None:
    token = Tokens(KEY, hours=1).issue(uuid4(), uuid4())
    with pytest.raises(Unauthenticated, match="not valid on this server"):
        Tokens(KEY + "!", hours=1).read(token)


def test_a_token_of_a_former_key_is_good_until_the_key_is_removed() -> None:
    user, new = uuid4(), KEY + "!"
    token = Tokens(KEY, hours=1).issue(user, user)
    both = Tokens(new, hours=1, former=[KEY])
    assert both.read(token).user == user
    assert Tokens(new, hours=1).read(both.issue(user, user)).user == user
    expired = Tokens(KEY, hours=-1).issue(user, user)
    with pytest.raises(Unauthenticated, match="has expired"):
        both.read(expired)
    with pytest.raises(Unauthenticated, match="not valid on this server"):
        Tokens(new, hours=1).read(token)


def test_a_token_from_a_server_whose_clock_is_ahead_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    user, ahead = uuid4(), time.time() + 30
    with monkeypatch.context() as there:
        there.setattr(time, "time", lambda: ahead)
        token = Tokens(KEY, hours=1).issue(user, user)
    assert Tokens(KEY, hours=1).read(token).user == user


def test_an_expired_token_is_refused_for_that() -> None:
    token = Tokens(KEY, hours=-1).issue(uuid4(), uuid4())
    with pytest.raises(Unauthenticated, match="has expired"):
        Tokens(KEY, hours=1).read(token)


async def test_a_password_is_known_by_its_hash_and_no_other_is() -> None:
    passwords = Passwords()
    hashed = await passwords.hash("correct horse")
    assert "correct horse" not in hashed
    assert hashed.startswith("$argon2id$")
    assert await passwords.verify("correct horse", hashed)
    assert not await passwords.verify("battery staple", hashed)
    assert hashed != await passwords.hash("correct horse")


async def test_an_address_that_nobody_has_takes_the_same_work_as_a_wrong_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passwords = Passwords()
    hashed = await passwords.hash("correct horse")
    await passwords.verify("a guess", None)  # the first one makes the hash that the others are compared with
    work: list[str] = []

    verify = PasswordHash.verify

    def noting(self: PasswordHash, password: str, against: str) -> bool:
        work.append(against.rpartition("$")[0].rpartition("$")[0])  # algorithm, memory, passes and lanes; not the salt
        return verify(self, password, against)

    monkeypatch.setattr(PasswordHash, "verify", noting)
    for stored in (hashed, None):
        assert not await passwords.verify("a guess", stored)
    assert len(work) == 2
    assert work[0] == work[1]
    assert work[0].startswith("$argon2id$")


async def test_hashing_leaves_room_for_everybody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Passwords()
    all_begun = threading.Barrier(HASHES_AT_ONCE)
    begun: list[str] = []
    most = 0

    def hashing(self: PasswordHash, password: str) -> str:
        nonlocal most
        begun.append(password)
        all_begun.wait(PATIENCE_SECONDS)  # fewer at once would wait in vain
        most = max(most, len(begun))
        all_begun.wait(PATIENCE_SECONDS)
        begun.remove(password)
        all_begun.wait(PATIENCE_SECONDS)
        return "hashed"

    monkeypatch.setattr(PasswordHash, "hash", hashing)
    await asyncio.gather(*(passwords.hash("correct horse") for _ in range(5 * HASHES_AT_ONCE)))
    assert most == HASHES_AT_ONCE


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("ann@example.com", "ann@example.com"),
        ("  Ann.Lee+chat@Example.COM ", "ann.lee+chat@example.com"),
        ("ann@mail.example.co.uk", "ann@mail.example.co.uk"),
        ("änn@exämple.de", "änn@exämple.de"),
    ],
)
def test_an_address_is_stored_in_one_spelling(written: str, stored: str) -> None:
    assert email_address(written) == stored


@pytest.mark.parametrize(
    "written",
    ["", "ann", "ann@", "@example.com", "ann@example", "ann@@example.com", "ann lee@example.com", "ann@exam ple.com",
     "ann@.com", "ann@example..com", f"ann@{'x' * 320}.com"],
)  # fmt: skip
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(BadUserInput):
        email_address(written)
