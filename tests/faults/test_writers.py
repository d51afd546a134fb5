"""A writer dies, freezes or leaves in the middle of a reply: the reply ends all the same, once, for everybody."""

import signal

from api.replies.prose import markdown
from tests.faults.conversation import conversation
from tests.faults.fleet import SETTLED_WITHIN, Fleet


async def test_a_killed_writers_reply_is_settled_in_time_and_keeps_its_text(fleet: Fleet) -> None:
    async with fleet.worker("scripted?chars=6000&rate=300") as worker, conversation(fleet) as talk:
        reply = await talk.ask()
        await talk.shown(reply, 100)
        worker.kill()
        row = await talk.ended(reply, SETTLED_WITHIN)
        assert (row.status, row.error_code) == ("FAILED", "INTERRUPTED")
        assert len(row.content) >= 100
