"""Signing up and in, and what a token is good for."""

import time

import pytest

from api.accounts.sessions import Tokens
from api.graphql import relay
from tests.support.backends import SECRET, Backend
from tests.support.server import Running, serving

VIEWER = "{ viewer { id email user { id name createdAt } revision } }"
ANN = {"name": "Ann", "email": "ann@example.com", "password": "correct horse"}


async def test_who_signs_up_is_signed_in_with_the_token(server: Running) -> None:
    signed_up = await server.stranger().mutate("signUp", **ANN)
    viewer = await server.bearer(signed_up["token"]).ask(VIEWER)
    assert viewer["viewer"]["id"] == signed_up["viewer"]["id"]
    assert viewer["viewer"]["email"] == "ann@example.com"
    assert viewer["viewer"]["user"]["name"] == "Ann"


async def test_without_a_token_there_is_no_viewer(server: Running) -> None:
    assert await server.stranger().ask(VIEWER) == {"viewer": None}


async def test_an_address_is_signed_up_once_however_it_is_written(server: Running) -> None:
    await server.stranger().mutate("signUp", **ANN)
    error = await server.stranger().refusal("signUp", **{**ANN, "email": " ANN@Example.com "})
    assert error["extensions"]["code"] == "CONFLICT"


async def test_the_right_password_signs_in(server: Running) -> None:
    signed_up = await server.stranger().mutate("signUp", **ANN)
    signed_in = await server.stranger().mutate("signIn", email="Ann@Example.COM", password=ANN["password"])
    assert signed_in["viewer"] == signed_up["viewer"]
    assert (await server.bearer(signed_in["token"]).ask(VIEWER))["viewer"]["email"] == "ann@example.com"


async def test_a_wrong_password_and_an_address_that_nobody_has_are_refused_alike(server: Running) -> None:
    await server.stranger().mutate("signUp", **ANN)
    wrong = await server.stranger().refusal("signIn", email="ann@example.com", password="battery staple")
    nobody = await server.stranger().refusal("signIn", email="bob@example.com", password="battery staple")
    assert wrong == nobody
    assert wrong["extensions"] == {"code": "UNAUTHENTICATED"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "n" * 101),
        ("password", "ninechars"),
        ("password", "p" * 201),
        ("email", ""),
        ("email", "ann"),
        ("email", "ann@example"),
        ("email", "ann @example.com"),
        ("email", f"{'a' * 65}@example.com"),
    ],
)
async def test_what_no_account_can_have_is_refused(server: Running, field: str, value: str) -> None:
    error = await server.stranger().refusal("signUp", **{**ANN, field: value})
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize(
    ("field", "value"), [("name", "n" * 100), ("password", "tenletters"), ("password", f"phrase{'p' * 194}")]
)
async def test_what_is_just_within_the_limits_is_taken(server: Running, field: str, value: str) -> None:
    assert (await server.stranger().mutate("signUp", **{**ANN, field: value}))["token"]


async def test_a_token_can_be_refreshed_while_it_is_good(server: Running) -> None:
    ann = await server.person("Ann")
    key = relay.key_of("Viewer", ann.viewer_id)
    short = Tokens(SECRET, hours=0.01).issue(key, key)
    fresh = (await server.bearer(short).ask("mutation { refreshToken { token viewer { id } } }"))["refreshToken"]
    assert fresh["viewer"]["id"] == ann.viewer_id
    claims = Tokens(SECRET, hours=1).read(fresh["token"])
    assert claims.session == key
    assert claims.expires_at > time.time() + 3600 * (server.settings.token_hours - 0.1)


async def test_nobody_refreshes_a_token_that_they_do_not_have(server: Running) -> None:
    error = await server.stranger().refusal("mutation { refreshToken { token } }")
    assert error["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_guessing_at_one_account_is_slowed_down(backend: Backend) -> None:
    async with serving(backend.settings(sign_ins_per_minute=2)) as server:
        for _ in range(2):
            error = await server.stranger().refusal("signIn", email="ann@example.com", password="a guess at it")
            assert error["extensions"]["code"] == "UNAUTHENTICATED"
        error = await server.stranger().refusal("signIn", email="ann@example.com", password="another guess")
        assert error["extensions"]["code"] == "RATE_LIMITED"
        assert 0 < error["extensions"]["retryAfter"] <= 60
        other = await server.stranger().refusal("signIn", email="bob@example.com", password="a guess at it")
        assert other["extensions"]["code"] == "UNAUTHENTICATED"
