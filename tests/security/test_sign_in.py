"""Guessing passwords and keeping the process busy with hashes is limited, with and without Redis."""

import asyncio
import os
import sys
import threading

import httpx
import pytest

from api import inputs
from api.accounts.limits import SHARED_FACTOR, RateLimits
from api.accounts.passwords import HASHES_AT_ONCE, HASHES_WAITING, NICE, Passwords
from api.errors import BadUserInput, RateLimited, SettingsError
from api.networks import network
from api.settings import Settings
from tests.support.backends import Backend
from tests.support.server import serving

SIGN_IN = """mutation ($e: String!) { signIn(input: { email: $e, password: "wrong password" }) { token } }"""


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("", ""),
    ],
)
def test_an_address_of_ipv6_counts_with_its_network(address: str, expected: str) -> None:
    assert network(address) == expected


async def test_without_redis_the_process_counts_by_itself() -> None:
    async with RateLimits("redis://127.0.0.1:1/0") as rates:
        for _ in range(2):
            await rates.spend("sign in", "ann", 2)
        with pytest.raises(RateLimited, match="the limit is 2 per minute"):
            await rates.spend("sign in", "ann", 2)


@pytest.mark.parametrize("same", ["network", "account"])
async def test_sign_ins_are_limited_over_all_accounts_and_over_all_networks(backend: Backend, same: str) -> None:
    codes = []
    async with serving(backend.settings(sign_ins_per_minute=1)) as server, httpx.AsyncClient() as client:
        for number in range(SHARED_FACTOR + 1):
            address = "203.0.113.9" if same == "network" else f"198.51.100.{number}"
            email = f"{number if same == 'network' else 'same'}@example.com"
            body = {"query": SIGN_IN, "variables": {"e": email}}
            answer = await client.post(server.url, json=body, headers={"x-forwarded-for": address})
            codes.append(answer.json()["errors"][0]["extensions"]["code"])
    assert codes == ["UNAUTHENTICATED"] * SHARED_FACTOR + ["RATE_LIMITED"]


@pytest.mark.parametrize("password", ["qwertyuiop", "Password123", "1234567890", "aaaaaaaaaaaa", "passwordpassword"])
def test_a_common_password_is_refused(password: str) -> None:
    with pytest.raises(BadUserInput, match="This password is one of the most used, or repeats itself"):
        inputs.new_password(password)
    assert inputs.given_password(password) == password  # of an account from before


@pytest.mark.parametrize("password", ["correct horse battery", "aaaaaaaaaaab", "qwertyuiop "])
def test_another_password_is_taken(password: str) -> None:
    assert inputs.new_password(password) == password


@pytest.mark.parametrize("key", ["0" * 64, "changeme" * 4, "please change this secret, it is no key", "ab12" * 16])
def test_a_key_that_can_be_guessed_stops_the_start(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("TWOTRACK_SECRET_KEY", key)
    with pytest.raises(SettingsError) as refused:
        Settings.load()
    assert str(refused.value) == (
        "TWOTRACK_SECRET_KEY is invalid: it can be guessed; generate one with `openssl rand -hex 32`."
    )


async def test_hashes_wait_in_a_bounded_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Passwords()
    monkeypatch.setattr(passwords._hash, "hash", lambda password: password)
    most = HASHES_AT_ONCE + HASHES_WAITING
    results = await asyncio.gather(*(passwords.hash(str(number)) for number in range(most + 3)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, RateLimited)]
    assert len(refused) == 3
    assert {each.extensions["retryAfter"] for each in refused} == {2.0}
    assert await passwords.hash("again") == "again"


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")
async def test_hashes_give_way_to_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    def priority(_: str) -> str:
        return str(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    passwords = Passwords()
    monkeypatch.setattr(passwords._hash, "hash", priority)
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert await passwords.hash("password") == str(min(19, own + NICE))
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == own
