"""Promise 10: writers are fenced.

A writer dies, freezes, falls silent or leaves in the middle of a reply: the reply ends, once, for all subscribers.
"""

import asyncio
from typing import Any

import pytest

from tests.support.conversation import conversation
from tests.support.fleet import Fleet, ServerProcess, frozen
from tests.support.scripted import ENDLESS, FALLS_SILENT, SHORT, SPEECHLESS, WHOLE, is_finished
from tests.support.until import PATIENCE_SECONDS

LONG_LEASE: dict[str, Any] = {"lease_seconds": 2 * PATIENCE_SECONDS, "model_timeout_seconds": 10 * PATIENCE_SECONDS}
"""It does not run out while a test waits."""


async def test_a_killed_writers_reply_is_settled_in_time_and_keeps_its_text(fleet: Fleet) -> None:
    async with fleet.worker(ENDLESS) as worker, conversation(fleet) as talk:
        reply = await talk.ask()
        await talk.shown(reply, 100)
        worker.kill()
        row = await talk.ended(reply)
        assert (row.status, row.error_code) == ("FAILED", "INTERRUPTED")
        assert len(row.content) >= 100


async def test_a_writer_killed_before_its_first_word_is_replaced(fleet: Fleet) -> None:
    async with conversation(fleet) as talk:
        async with fleet.worker(SPEECHLESS) as worker:
            reply = await talk.ask()
            await claimed(fleet, reply)
            worker.kill()
        async with fleet.worker(WHOLE):
            row = await talk.ended(reply)
        assert is_finished(row)
        assert row.tries == 2


async def test_a_writer_that_was_frozen_past_its_lease_wakes_fenced_and_changes_nothing(fleet: Fleet) -> None:
    async with fleet.worker(ENDLESS) as worker, conversation(fleet) as talk:
        reply = await talk.ask()
        await talk.shown(reply, 100)
        with frozen(worker):
            settled = await talk.ended(reply)
        await talk.ask("What do you write now?")
        await talk.shown(list(talk.readers)[-1], 100)  # awake, and several flushes later
        after = await fleet.row(reply)
        assert (settled.status, settled.error_code) == ("FAILED", "INTERRUPTED")
        assert (after.revision, after.content, after.status) == (settled.revision, settled.content, settled.status)
        await talk.ann.act("stopMessage", list(talk.readers)[-1])


async def test_a_writer_frozen_before_its_first_word_leaves_the_reply_to_another(fleet: Fleet) -> None:
    async with fleet.worker(SPEECHLESS) as sleeper, conversation(fleet) as talk:
        reply = await talk.ask()
        await claimed(fleet, reply)
        with frozen(sleeper):
            async with fleet.worker(WHOLE):
                written = await talk.ended(reply)
        second = await talk.ask("Are you awake?")
        await claimed(fleet, second)  # by the sleeper, as there is no other
        after = await fleet.row(reply)
        assert is_finished(written)
        assert (after.revision, after.content) == (written.revision, written.content)
        await talk.ann.act("stopMessage", second)


@pytest.mark.parametrize(("model", "shown"), [(SPEECHLESS, 0), (FALLS_SILENT, 200)], ids=["at once", "later"])
async def test_a_model_that_thinks_for_longer_than_three_leases_is_left_alone(
    fleet: Fleet, model: str, shown: int
) -> None:
    lease = 3.0
    async with fleet.worker(model, lease_seconds=lease), conversation(fleet) as talk:
        reply = await talk.ask()
        await claimed(fleet, reply)
        await talk.shown(reply, shown)
        silent = await fleet.row(reply)
        assert silent.lease is not None
        later = silent.lease + 3 * lease
        row = await fleet.row_when(reply, lambda row: row.lease is not None and row.lease > later)
        assert (row.status, row.revision, row.tries) == ("STREAMING", silent.revision, 1)
        await talk.ann.act("stopMessage", reply)
        row = await talk.ended(reply)
        assert (row.status, len(row.content)) == ("STOPPED", shown)


async def test_a_worker_that_shuts_down_finishes_its_replies_and_claims_no_more(fleet: Fleet) -> None:
    async with fleet.worker(f"scripted?chars={SHORT}&rate=200") as worker, conversation(fleet) as talk:
        first = await talk.ask()
        await talk.shown(first, 50)
        leaving = asyncio.create_task(worker.leaves())
        await worker.logged("worker finishing")
        second = await talk.ask("Who answers this?")
        assert is_finished(await talk.ended(first))
        await leaving
        assert (await fleet.row(second)).writer is None
        async with fleet.worker(WHOLE):
            assert is_finished(await talk.ended(second), "Who answers this?")


async def test_a_worker_that_shuts_down_hands_back_replies_without_text(fleet: Fleet) -> None:
    async with fleet.worker(SPEECHLESS, grace_seconds=0.5, **LONG_LEASE) as worker, conversation(fleet) as talk:
        reply = await talk.ask()
        await claimed(fleet, reply)
        async with fleet.worker(WHOLE):
            await worker.leaves()
            row = await talk.ended(reply)
        assert is_finished(row)
        assert row.tries == 1


async def test_a_worker_that_shuts_down_fails_the_rest_at_once(fleet: Fleet) -> None:
    async with fleet.worker(ENDLESS, grace_seconds=0.5, **LONG_LEASE) as worker, conversation(fleet) as talk:
        reply = await talk.ask()
        await talk.shown(reply, 100)
        await worker.leaves()
        row = await talk.ended(reply)
        assert (row.status, row.error_code) == ("FAILED", "INTERRUPTED")


async def test_a_reply_without_a_worker_fails(fleet: Fleet) -> None:
    async with conversation(fleet) as talk:
        hasty = ServerProcess(fleet.settings(queue_seconds=1))
        try:
            await asyncio.to_thread(hasty.start)
            talk.ann.port = hasty.port
            reply = await talk.ask()
        finally:
            hasty.end()
        row = await talk.ended(reply)
        assert (row.status, row.error_code, row.content) == ("FAILED", "TIMEOUT", "")


async def claimed(fleet: Fleet, reply: str) -> None:
    """Until a worker has taken the reply."""
    await fleet.row_when(reply, lambda row: row.writer is not None)
