"""Redis over TLS, verified by the authority that the URL names: the bus and the limits work, or nothing is sent."""

import asyncio
from collections.abc import Iterator

import pytest

from api.accounts.limits import RateLimits
from api.errors import RateLimited
from api.streaming.bus import Bus
from api.streaming.errors import BusAddressError, BusDown
from tests.support.secure_redis import SecureRedis
from tests.support.services import throw_away
from tests.support.until import until


@pytest.fixture(scope="module")
def redis() -> Iterator[SecureRedis]:
    with throw_away(SecureRedis) as server:
        yield server


async def test_processes_hear_each_other_over_tls(redis: SecureRedis) -> None:
    async with Bus(redis.url) as one, Bus(redis.url) as other:
        await one.ping()
        async with one.subscribe("channel") as messages:
            await other.publish_all([("channel", "hello")])
            async with asyncio.timeout(10):
                assert await anext(messages) == "hello"


async def test_processes_count_attempts_together_over_tls(redis: SecureRedis, caplog: pytest.LogCaptureFixture) -> None:
    async with RateLimits(redis.url) as one, RateLimits(redis.url) as other:
        await one.spend("sign in", "ann", 2)
        await other.spend("sign in", "ann", 2)
        with pytest.raises(RateLimited):
            await one.spend("sign in", "ann", 2)
    assert not caplog.records  # neither counted by itself


@pytest.mark.parametrize(("authority", "host"), [("other.crt", "localhost"), ("ca.crt", "127.0.0.1")])
async def test_a_redis_that_is_not_the_one_that_was_meant_is_told_nothing(
    redis: SecureRedis, authority: str, host: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with Bus(redis.url_with(authority, host)) as bus:
        await until(lambda: "certificate verify failed" in caplog.text)
        with pytest.raises(BusDown):
            await bus.ping()
        with pytest.raises(BusDown, match="certificate verify failed"):
            await bus.publish_all([("channel", "a secret")])


@pytest.mark.parametrize("file", ["no/such/file.crt", "server.key"])
async def test_an_authority_that_cannot_be_read_stops_the_start(redis: SecureRedis, file: str) -> None:
    with pytest.raises(BusAddressError, match=r"^The certificates that the bus's URL names cannot be read.*\.$"):
        async with Bus(redis.url_with(file)):
            pass
