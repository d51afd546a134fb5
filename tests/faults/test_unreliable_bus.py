"""The bus drops, doubles, delays and reorders what it likes: everybody still sees the end, and never goes back."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from enum import Enum
from itertools import cycle
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from api.graphql import relay
from api.server import process
from api.streaming import channels
from api.streaming.bus import Bus
from tests.support.backends import Backend
from tests.support.conversation import Conversation, conversation
from tests.support.operations import Refused
from tests.support.pair import Pair, serving_twice

OVERTAKEN_BY = 3
"""So many messages arrive before one that is late."""


class Fate(Enum):
    """What becomes of a message."""

    ARRIVES = "arrives"
    IS_LOST = "is lost"
    COMES_TWICE = "comes twice"
    COMES_LATE = "comes late"


class UnreliableBus(Bus):
    """Every process's bus, with one fate after the other for what is published on any of them."""

    fates: ClassVar[Iterator[Fate]] = cycle([Fate.ARRIVES])
    late: ClassVar[deque[tuple[int, tuple[str, str]]]] = deque()

    async def publish_all(self, messages: Iterable[tuple[str, str]]) -> None:
        await super().publish_all([delivered for message in messages for delivered in self._delivered(message)])

    def _delivered(self, message: tuple[str, str]) -> Iterator[tuple[str, str]]:
        fate = next(UnreliableBus.fates)
        if fate in (Fate.ARRIVES, Fate.COMES_TWICE):
            yield message
        UnreliableBus.late = deque((wait - 1, other) for wait, other in self.late)
        while self.late and self.late[0][0] <= 0:
            yield self.late.popleft()[1]
        if fate in (Fate.COMES_LATE, Fate.COMES_TWICE):
            self.late.append((OVERTAKEN_BY, message))


@pytest.fixture
def unreliable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "Bus", UnreliableBus)


@pytest.fixture
async def pair(unreliable: None, scaled: Backend) -> Any:
    model = "scripted?chars=200&rate=1000"
    async with serving_twice(scaled, replies=True, patience_seconds=0.3, cadence_seconds=0.02, model=model) as pair:
        yield pair


ACTS = ["ask", "ask another", "stop", "regenerate", "delete", "rename", "say", "edit", "wait", "remove", "invite"]


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    fates=st.lists(st.sampled_from(Fate), min_size=1, max_size=30),
    acts=st.lists(st.sampled_from(ACTS), min_size=4, max_size=14),
)
async def test_whatever_the_bus_does_every_reader_and_page_comes_to_the_same_end(
    pair: Pair, fates: list[Fate], acts: list[str]
) -> None:
    UnreliableBus.fates = cycle(fates)
    async with conversation(pair) as talk:
        await talk.ask()
        for act in acts:
            with suppress(Overtaken):
                await perform(talk, act)


class Overtaken(Exception):
    """What somebody wanted to do was ruled out by what happened meanwhile."""


async def perform(talk: Conversation, act: str) -> None:
    """One thing that somebody does, to the latest reply where there is a choice. Raises Overtaken."""
    try:
        await _perform(talk, act, list(talk.readers)[-1])
    except Refused as refused:
        if refused.code not in ("CONFLICT", "NOT_FOUND"):
            raise
        raise Overtaken from refused


async def _perform(talk: Conversation, act: str, latest: str) -> None:
    match act:
        case "ask" | "ask another":
            await talk.ask(act)
        case "stop":
            await talk.bob.act("stopMessage", latest)
        case "regenerate":
            await talk.ann.act("regenerateMessage", latest)
            talk.reopened.add(latest)
            await talk.follow(latest)
        case "delete":
            await talk.ann.mutate("deleteMessage", messageId=latest)
            talk.reopened.add(latest)
        case "rename":
            await talk.ann.mutate("renameChat", chatId=talk.chat, title=f"{len(talk.readers)} replies")
        case "say":
            await talk.ann.send(talk.chat, "By the way", reply=False)
        case "edit":
            said = await talk.ann.send(talk.chat, "Tpyo", reply=False)
            await talk.ann.mutate("editMessage", messageId=said["message"]["id"], content="Typo")
        case "remove":
            await talk.ann.remove(talk.chat, talk.bob)
        case "invite":
            await talk.ann.add(talk.chat, talk.bob)
        case "wait":
            for reader in talk.readers[latest]:
                await reader.over()


async def test_a_message_that_makes_no_sense_costs_no_more_than_itself(scaled: Backend) -> None:
    model = "scripted?chars=60000&rate=300"
    async with (
        serving_twice(scaled, replies=True, patience_seconds=3600, model=model) as pair,
        conversation(pair) as talk,
    ):
        reply = await talk.ask()
        await talk.shown(reply, 10)
        row = await pair.row(reply)
        writer = row.writer
        assert writer is not None
        chat = relay.key_of("Chat", talk.chat)
        heard = [channels.ACCESS, channels.stream("messages", row.id), channels.sync("chats", chat)]
        for channel in [*heard, channels.writer(writer)]:
            await pair.one.runtime.bus.publish(channel, "no sense")
        await talk.shown(reply, len(talk.readers[reply][0].last["content"]) + 100)
        await talk.ann.mutate("renameChat", chatId=talk.chat, title="Heard")
        await talk.level()
        await talk.ann.remove(talk.chat, talk.bob)
        await talk.readers[reply][1].over()
        await talk.ann.act("stopMessage", reply)
        await talk.ended(reply)
