"""The books on what is subscribed agree with Redis, whatever the order of joins, leaves, replies and losses."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from api.streaming.redis_channels import BATCH_CHANNELS, RedisChannels
from tests.support.until import PATIENCE_SECONDS


class Line:
    """A connection with Redis at its end, which answers one command after the other."""

    def __init__(self) -> None:
        self.gaps = 0
        self.channels = RedisChannels(caught_up=self._caught_up)
        self.wanted: set[str] = set()
        self.reading: set[str] = set()
        """Wanted since before the connection: these did not wait for a confirmation."""
        self.known: set[str] = set()
        """What Redis has really subscribed us to."""
        self.pending: list[tuple[str, bool]] = []

    def _caught_up(self) -> None:
        assert self.reading <= self.known
        self.gaps += 1

    def send(self) -> None:
        leave, join = self.channels.next_batch()
        self.pending += [(channel, False) for channel in leave] + [(channel, True) for channel in join]

    def answer(self) -> None:
        if self.pending:
            channel, subscribed = self.pending.pop(0)
            (self.known.add if subscribed else self.known.remove)(channel)
            self.channels.answered(channel, subscribed=subscribed)

    def join(self, channel: str) -> None:
        self.wanted.add(channel)
        self.channels.join(channel)

    def leave(self, channel: str) -> None:
        self.wanted.discard(channel)
        self.reading.discard(channel)
        self.channels.leave(channel)

    def lose(self) -> None:
        self.pending.clear()
        self.known.clear()
        self.channels.connection_lost()

    def open(self) -> None:
        if not self.channels.is_connected:
            self.reading = set(self.wanted)
            self.channels.connection_opened()

    def settle(self) -> None:
        self.open()
        while True:
            self.send()
            if not self.pending:
                return
            while self.pending:
                self.answer()


channels = st.sampled_from("abc")
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["join", "leave"]), channels),
        st.tuples(st.sampled_from(["send", "answer", "answer", "lose", "open"])),
    ),
    max_size=60,
)


@given(steps)
def test_whatever_happens_redis_ends_with_what_is_wanted(script: list[tuple[str, ...]]) -> None:
    line = Line()
    line.open()
    for step, *channel in script:
        if line.channels.is_connected or step not in ("send", "answer"):
            getattr(line, step)(*channel)
        for name in "abc":
            if name in line.channels:
                assert name in line.known
                assert (name, False) not in line.pending
    line.settle()
    assert line.known == line.wanted
    assert all(name in line.channels for name in line.wanted)


def test_a_first_connection_missed_nothing() -> None:
    line = Line()
    line.join("a")
    line.settle()
    assert line.gaps == 0


def test_a_loss_is_told_once_and_only_when_all_channels_are_back() -> None:
    line = Line()
    for channel in "abc":
        line.join(channel)
    line.settle()
    line.lose()
    line.lose()
    line.open()
    line.send()
    line.answer()
    line.answer()
    assert line.gaps == 0
    line.answer()
    assert line.gaps == 1
    line.settle()
    assert line.gaps == 1


async def test_whoever_joins_before_there_is_a_connection_is_told_of_the_gap() -> None:
    line = Line()
    line.join("a")
    await line.channels.wait_confirmed("a", within=10 * PATIENCE_SECONDS)
    line.settle()
    assert line.gaps == 1


def test_a_loss_without_channels_is_told_as_soon_as_there_is_a_connection() -> None:
    line = Line()
    line.lose()
    assert line.gaps == 0
    line.open()
    assert line.gaps == 1


def test_new_joiners_do_not_put_off_the_news_of_a_gap() -> None:
    line = Line()
    line.join("a")
    line.settle()
    line.lose()
    line.open()
    line.send()
    line.join("b")
    line.answer()
    assert line.gaps == 1


def test_the_last_unconfirmed_reader_who_leaves_ends_the_gap() -> None:
    line = Line()
    line.join("a")
    line.settle()
    line.lose()
    line.open()
    line.leave("a")
    assert line.gaps == 1


async def test_a_confirmation_that_is_late_is_told_as_a_gap() -> None:
    line = Line()
    line.open()
    line.join("a")
    await line.channels.wait_confirmed("a", within=0.01)
    assert line.gaps == 0
    line.settle()
    assert line.gaps == 1


async def test_a_confirmation_in_time_is_no_gap() -> None:
    line = Line()
    line.open()
    line.join("a")
    waiting = asyncio.create_task(line.channels.wait_confirmed("a", within=10 * PATIENCE_SECONDS))
    await asyncio.sleep(0)
    assert not waiting.done()
    line.settle()
    await waiting
    assert line.gaps == 0


async def test_nobody_waits_for_a_connection_that_was_lost() -> None:
    line = Line()
    line.open()
    line.join("a")
    waiting = asyncio.create_task(line.channels.wait_confirmed("a", within=10 * PATIENCE_SECONDS))
    await asyncio.sleep(0)
    line.lose()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await waiting
        await line.channels.wait_confirmed("a", within=10 * PATIENCE_SECONDS)


def test_a_join_and_a_leave_in_one_breath_are_not_worth_a_word() -> None:
    line = Line()
    line.open()
    line.join("a")
    line.leave("a")
    line.send()
    assert line.pending == []


def test_a_batch_is_bounded() -> None:
    line = Line()
    line.open()
    for number in range(BATCH_CHANNELS + 1):
        line.join(str(number))
    line.send()
    assert len(line.pending) == BATCH_CHANNELS
    line.send()
    assert len(line.pending) == BATCH_CHANNELS
    line.settle()
    assert len(line.known) == BATCH_CHANNELS + 1
