"""The load balancers' files in `deploy/`: every transport passes, addresses are real, a restart loses nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from tests.support.conversation import conversation
from tests.support.fleet import Fleet
from tests.support.load_balancers import HAProxy, LoadBalancer, Nginx
from tests.support.operations import STREAM
from tests.support.responses import MULTIPART, SSE, following
from tests.support.scripted import is_finished
from tests.support.services import throw_away

SHORT = "scripted?chars=600&rate=300"


@pytest.fixture(params=[Nginx, HAProxy], ids=["nginx", "haproxy"])
async def balancer(request: pytest.FixtureRequest, fleet: Fleet) -> AsyncIterator[LoadBalancer]:
    kind: type[LoadBalancer] = request.param
    kind.upstreams = (fleet.ports[0], fleet.ports[1])
    with throw_away(kind) as server:
        yield server


async def test_a_reply_streams_through_it_on_every_transport(fleet: Fleet, balancer: LoadBalancer) -> None:
    async with fleet.worker(SHORT), conversation(fleet) as talk:
        ann = replace(talk.ann, port=balancer.port)
        reply = await ann.prompt(talk.chat)
        async with ann.socket() as socket:
            frames = await (await socket.stream(reply)).rest()
        assert len(frames) > 3
        assert frames[-1]["status"] == "COMPLETE"
        for kind in (SSE, MULTIPART):
            reply = await ann.prompt(talk.chat)
            async with following(ann, kind, STREAM, id=reply) as response:
                events = await response.rest()
            assert len(events) > 3, "updates were held back"


async def test_it_hides_metrics_and_passes_the_checks(fleet: Fleet, balancer: LoadBalancer) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{balancer.port}") as client:
        assert (await client.get("/metrics")).status_code == 404
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        page = await client.get("/")
    assert page.status_code == 200
    assert page.headers["strict-transport-security"]


async def test_a_restart_of_one_server_behind_it_loses_no_word(fleet: Fleet, balancer: LoadBalancer) -> None:
    async with fleet.worker("scripted?chars=900&rate=300"), conversation(fleet) as talk:
        talk.ann = replace(talk.ann, port=balancer.port)
        reply = await talk.ask()
        await talk.shown(reply, 30)
        await fleet.servers[0].leaves()
        await asyncio.to_thread(fleet.servers[0].start)
        assert is_finished(await talk.ended(reply), chars=900)
