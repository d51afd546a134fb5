"""Redis goes, in every way it can: text, ends, pages, decisions and access all heal without a client doing anything."""

import asyncio

import pytest
import redis

from tests.support.conversation import conversation
from tests.support.fleet import Fleet
from tests.support.readers import Page, Reader
from tests.support.scripted import ENDLESS, WHOLE, is_finished
from tests.support.until import PATIENCE_SECONDS


async def test_five_seconds_without_redis_delay_a_text_by_a_sweep_and_lose_nothing(fleet: Fleet) -> None:
    async with fleet.worker("scripted?chars=2100&rate=300"), conversation(fleet) as talk:
        reply = await talk.ask()
        await talk.shown(reply, 100)
        await asyncio.to_thread(fleet.redis.kill)
        for characters in (300, 900, 1_600):  # 300 a second, for longer than a lease; the sweeps alone bring it
            await talk.shown(reply, characters)
        await asyncio.to_thread(fleet.redis.start)
        assert is_finished(await talk.ended(reply), chars=2100)


async def test_while_redis_is_away_a_question_is_answered_and_a_page_hears_of_it(fleet: Fleet) -> None:
    async with fleet.worker(WHOLE), conversation(fleet) as talk:
        await asyncio.to_thread(fleet.redis.kill)
        reply = await talk.ask()
        assert is_finished(await talk.ended(reply))
        await talk.level()


async def test_whoever_begins_to_follow_while_redis_is_away_misses_nothing(fleet: Fleet) -> None:
    async with fleet.worker("scripted?chars=900&rate=300"), conversation(fleet) as talk:
        reply = await talk.ask()
        await asyncio.to_thread(fleet.redis.kill)
        async with Reader(talk.bob, fleet.ports, reply) as late, Page(talk.bob, fleet.ports, talk.chat) as page:
            await page.until(lambda: page.revision > 0)
            await talk.ann.send(talk.chat, "Do you hear me?", reply=False)
            revision = await fleet.chat_revision(talk.chat)
            await page.until(lambda: page.revision == revision)
            await late.over()
            assert late.last["status"] == "COMPLETE"


async def test_stop_reaches_the_writer_without_redis(fleet: Fleet) -> None:
    async with fleet.worker(ENDLESS), conversation(fleet) as talk:
        reply = await talk.ask()
        await talk.shown(reply, 100)
        await asyncio.to_thread(fleet.redis.kill)
        stopped = await talk.bob.act("stopMessage", reply)
        row = await talk.ended(reply)
        assert (row.status, row.revision) == ("STOPPED", stopped["revision"])


async def test_a_participant_removed_without_redis_loses_access_with_the_next_sweep(fleet: Fleet) -> None:
    async with fleet.worker(ENDLESS), conversation(fleet) as talk:
        reply = await talk.ask()
        await talk.shown(reply, 100)
        await asyncio.to_thread(fleet.redis.kill)
        await talk.ann.remove(talk.chat, talk.bob)
        anns, bobs = talk.readers[reply]
        await bobs.over()
        assert bobs.gone
        await talk.pages[1].until(lambda: talk.pages[1].deleted)
        await anns.shown(len(anns.last["content"]) + 300)
        await talk.ann.act("stopMessage", reply)


async def test_signing_in_works_without_redis(fleet: Fleet) -> None:
    stranger, _ = await fleet.people("Stranger", "Other")
    await asyncio.to_thread(fleet.redis.kill)
    stranger.token = ""
    account = {"name": "Ann", "email": "ann.without.redis@example.com", "password": "long enough"}
    async with asyncio.timeout(PATIENCE_SECONDS):
        await stranger.mutate("signUp", **account)
        del account["name"]
        await stranger.mutate("signIn", **account)


@pytest.mark.parametrize("kind", ["pubsub", "normal"])
async def test_a_redis_that_cuts_every_connection_again_and_again_loses_nothing(fleet: Fleet, kind: str) -> None:
    async with fleet.worker("scripted?chars=900&rate=300"), conversation(fleet) as talk:
        reply = await talk.ask()
        with redis.Redis.from_url(fleet.redis.url) as admin:
            for characters in (100, 300, 500, 700):
                await talk.shown(reply, characters)
                admin.client_kill_filter(_type=kind, skipme=True)
        await talk.ann.send(talk.chat, "Is everybody still here?", reply=False)
        assert is_finished(await talk.ended(reply), chars=900)
