"""What must hold on every tab once all troubles are over, however long that takes; and what the tabs cost by then.

Everything is compared with the database, which is the truth.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import select

from api.chats.models import Message
from api.database import Database
from api.graphql import relay
from api.streaming.columns import Status
from tests.e2e.laptop import Laptop
from tests.e2e.shown import difference, falls, shown, watch_for_falls
from tests.e2e.site import Site
from tests.e2e.visitor import Visitor, visiting
from tests.support.people import Person
from tools.crowd import Crowd

SETTLE_SECONDS = 180
"""A half-open socket is found out after 20 s, each dead connection for queries after 15, and two cores may be busy."""

LOOK_SECONDS = 0.1

LOOKS = 5
"""So often in a row must the server's operations be the right ones: a moment's coincidence proves nothing."""

SYNCS = 2
"""What a tab follows beside the messages: its chat, and the list of chats."""

SEND_AGAIN = """() => {
    for (const article of document.querySelectorAll("article[data-status=UNSENT]"))
        [...article.querySelectorAll("button")].find((button) => button.textContent === "Send again").click();
    return document.querySelectorAll("article.pending").length;
}"""


@dataclass(frozen=True)
class Checkpoint:
    """What was found right, and what it cost."""

    messages: int
    characters: int
    statuses: Counter[str]
    streams: int
    settled: float
    """Seconds until all was right, of which the last reply takes some."""
    heaps: list[int]
    """Bytes of JavaScript on each tab, with no message on the page and no garbage."""
    nodes: list[int]
    """Of the DOM, those that are not on the page but kept included."""


class Calm:
    """`people` are all who take part, with the rights to take back what they wrote."""

    def __init__(
        self,
        site: Site,
        database: Database,
        laptops: list[Laptop],
        people: list[Person],
        crowd: Crowd,
        chat: str,
    ) -> None:
        self._site = site
        self._database = database
        self._laptops = laptops
        self._tabs = [tab for laptop in laptops for tab in laptop.tabs]
        self._people = people
        self._crowd = crowd
        self._chat = chat

    async def watches(self) -> None:
        """From now on, on pages that are open."""
        for tab in self._tabs:
            await watch_for_falls(tab)

    async def checked(self) -> Checkpoint:
        """Raises AssertionError for what does not hold. Leaves the chat empty, so that all checkpoints are alike."""
        began = time.monotonic()
        await _settled(self._unsent)
        streams = await self._followed_once()
        await _settled(self._unfinished)
        rows = await self._rows()
        await _settled(lambda: self._unlike(rows))
        await self._like_a_fresh_page()
        await _settled(self._still_served)
        settled = time.monotonic() - began
        self._arrived_once(rows)
        await self._clear(rows)
        await _settled(lambda: self._unlike([]))
        await self._nothing_fell()
        self._no_complaints()
        heaps, nodes = zip(*[await _cost(tab) for tab in self._tabs], strict=True)
        return Checkpoint(
            messages=len(rows),
            characters=sum(len(row.content) for row in rows),
            statuses=Counter(row.status.value for row in rows if row.author_id is None),
            streams=streams,
            settled=settled,
            heaps=[*heaps],
            nodes=[*nodes],
        )

    async def told(self) -> list[str]:
        """How each tab stands, for whoever has to find out what went wrong."""
        served = {track: self._site.serves(track) for track in ("stream", "sync")}
        told = [f"the server serves {served}"]
        for number, tab in enumerate(self._tabs, 1):
            rows = [(one["id"][-6:], one["status"], len(one["content"])) for one in await shown(tab)]
            sockets = [(not socket.is_closed()) for socket in tab.wire.sockets[-5:]]
            told.append(
                f"tab {number} at {tab.page.url} says {await tab.note.text_content()!r}; open sockets {sockets}; "
                f"heard something {time.monotonic() - tab.wire.heard:.0f} s ago; "
                f"syncs {tab.wire.following('Sync')}, streams {tab.wire.streams}; shows {rows}; "
                f"asked {tab.wire.asked[-12:]}; complaints {tab.complaints}"
            )
        return told

    async def _unsent(self) -> str | None:
        """Whoever was told that a message could not be sent presses the button."""
        waiting = [await tab.page.evaluate(SEND_AGAIN) for tab in self._tabs]
        return f"messages are still on their way: {waiting}" if any(waiting) else None

    async def _followed_once(self) -> int:
        """Until each tab follows each message that streams, once, in the server's eyes and in its own."""
        served = 0

        async def otherwise() -> str | None:
            nonlocal served
            before = await self._streaming()
            if not before:
                await self._crowd.asks()
                return "nothing streams"
            served = self._site.serves("stream")
            followed = [sorted(tab.wire.streams) for tab in self._tabs]
            if before != await self._streaming():
                return "it is changing all the time"
            if served == len(before) * len(self._tabs) and all(ids == before for ids in followed):
                return None
            return f"of {before}, the server serves {served} streams, and the tabs follow {followed}"

        await _settled(otherwise, LOOKS)
        return served

    async def _unfinished(self) -> str | None:
        return f"replies that never end: {streaming}" if (streaming := await self._streaming()) else None

    async def _unlike(self, rows: list[Message]) -> str | None:
        """The first difference between a tab and the rows."""
        for number, tab in enumerate(self._tabs, 1):
            if wrong := difference(await shown(tab), rows):
                return f"tab {number}: {wrong}"
        return None

    async def _like_a_fresh_page(self) -> None:
        """A text that grew looks as one that is drawn at once."""
        first = self._laptops[0]
        async with visiting(first.browser, first.network.url, first.owner) as fresh:
            await fresh.opens(self._chat)
            rows = await self._rows()

            async def unlike() -> str | None:
                return difference(await shown(fresh), rows)

            await _settled(unlike)
            drawn = {one["id"]: one["drawn"] for one in await shown(fresh)}
        for number, tab in enumerate(self._tabs, 1):
            for one in await shown(tab):
                fresh_text = drawn.get(one["id"], one["drawn"])
                assert one["drawn"] == fresh_text, f"tab {number} draws {one}, a fresh page {fresh_text!r}"

    async def _still_served(self) -> str | None:
        served = {track: self._site.serves(track) for track in ("stream", "sync")}
        wanted = {"stream": 0, "sync": SYNCS * len(self._tabs)}
        return None if served == wanted else f"the server serves {served} instead of {wanted}"

    def _arrived_once(self, rows: list[Message]) -> None:
        arrived = Counter(row.content for row in rows)
        for question in self._crowd.written:
            assert arrived[question] == 1, f"{question!r} arrived {arrived[question]} times"
        self._crowd.written.clear()

    async def _clear(self, rows: list[Message]) -> None:
        people = {relay.key_of("User", person.user_id): person for person in self._people}
        for row in rows:
            person = self._people[0] if row.author_id is None else people[row.author_id]
            await person.mutate("deleteMessage", messageId=relay.global_id("Message", row.id))

    async def _nothing_fell(self) -> None:
        """No reply became shorter on any tab, but those that were written anew."""
        for number, tab in enumerate(self._tabs, 1):
            for fall in await falls(tab):
                assert fall["id"] in self._crowd.regenerated, f"tab {number} went back: {fall}"

    def _no_complaints(self) -> None:
        for number, tab in enumerate(self._tabs, 1):
            assert not tab.complaints, f"tab {number}: {tab.complaints}"
        assert not self._site.errors, self._site.errors

    async def _streaming(self) -> list[str]:
        return sorted(
            relay.global_id("Message", row.id) for row in await self._rows() if row.status is Status.STREAMING
        )

    async def _rows(self) -> list[Message]:
        """The chat's, in their order."""
        chat = relay.key_of("Chat", self._chat)
        async with self._database.reading() as session:
            return [*await session.scalars(select(Message).where(Message.chat_id == chat).order_by(Message.id))]


async def _settled(problem: Callable[[], Awaitable[str | None]], times: int = 1) -> None:
    """Until there was no problem so often in a row."""
    until, held = time.monotonic() + SETTLE_SECONDS, 0
    while held < times:
        held = held + 1 if (found := await problem()) is None else 0
        assert found is None or time.monotonic() < until, f"after {SETTLE_SECONDS} s of calm: {found}"
        await asyncio.sleep(LOOK_SECONDS)


async def _cost(tab: Visitor) -> tuple[int, int]:
    session = await tab.page.context.new_cdp_session(tab.page)
    await session.send("HeapProfiler.collectGarbage")
    heap = await session.send("Runtime.getHeapUsage")
    counters = await session.send("Memory.getDOMCounters")
    await session.detach()
    return int(heap["usedSize"]), int(counters["nodes"])
