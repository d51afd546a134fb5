"""In whatever order things happen, every reader sees rising revisions as they were in the table, and ends with the row.

Two writers, one hub and one sweep share a database and a bus whose messages arrive when, as often and in the order
that Hypothesis likes, or never.
"""

from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from api.replies.errors import ProviderFailed
from api.streaming import channels, leases
from api.streaming.columns import Status, enqueue
from api.streaming.session import TrackedSession
from tests.unit.streaming.cast import CADENCE, LEASE, WAIT, Follower, Hand
from tests.unit.streaming.interleaving import World
from tests.unit.streaming.notes import Note, Shelf

choices = st.integers(0, 1_000)
claimers = st.sampled_from([None, 0, 1])


class Interleavings(World):
    MOST_NOTES: ClassVar[int] = 2

    @precondition(lambda self: len(self.table.history) < self.MOST_NOTES)
    @rule(by=claimers)
    def send(self, by: int | None) -> None:
        async def send() -> None:
            note = Note(shelf_id=self.shelf.id)
            enqueue(note, WAIT)
            with self.table.transaction(self.publisher) as session:
                session.add(note)
            self.table.record()
            await self.claim(by)

        self.run(send())
        self.on_sync += 1

    @precondition(lambda self: self.notes(streaming=True))
    @rule(choice=choices)
    def stop(self, choice: int) -> None:
        self.mutate(choice, lambda _, note: setattr(note, "status", Status.STOPPED), streaming=True)

    @precondition(lambda self: self.notes(streaming=False))
    @rule(choice=choices, body=st.sampled_from("xyz"))
    def edit(self, choice: int, body: str) -> None:
        self.mutate(choice, lambda _, note: setattr(note, "body", note.body + body), streaming=False)
        self.on_sync += 1

    @precondition(lambda self: self.notes(streaming=False))
    @rule(choice=choices, by=claimers)
    def regenerate(self, choice: int, by: int | None) -> None:
        def change(_: TrackedSession, note: Note) -> None:
            note.body = ""
            enqueue(note, WAIT)

        self.mutate(choice, change, streaming=False)
        self.on_sync += 1
        self.run(self.claim(by))

    @precondition(lambda self: self.table.notes)
    @rule(choice=choices, streaming=st.booleans())
    def delete(self, choice: int, streaming: bool) -> None:
        streaming = streaming if self.notes(streaming=streaming) else not streaming
        self.mutate(choice, lambda session, note: session.delete(note), streaming=streaming)
        self.on_sync += 1

    async def claim(self, by: int | None) -> None:
        """Some writer takes one of the notes that wait."""
        if by is not None:
            process = self.processes[by]
            for row in await self.table.write(leases.claim(Note, process.id, limit=1, lease=LEASE)):
                process.hands.append(Hand(process.writer, Note(**row._mapping)))

    @precondition(lambda self: any(row.writer is None for row in self.notes(streaming=True)))
    @rule(by=claimers)
    def take(self, by: int | None) -> None:
        self.run(self.claim(by))

    @precondition(lambda self: self.hands)
    @rule(choice=choices, delta=st.sampled_from(["a", "bc", "\ud83d", "\ude00", "\0"]), flushed=st.booleans())
    def append(self, choice: int, delta: str, flushed: bool) -> None:
        hand = self.hands[choice % len(self.hands)]
        if hand.text is not None:
            hand.text.append(f"<{hand.note.fence}>{delta}")
            if flushed:
                self.run(self.tick_all())

    @precondition(lambda self: self.hands)
    @rule(choice=choices, how=st.sampled_from(["complete", "complete", "fail", "cancel"]))
    def leave_block(self, choice: int, how: str) -> None:
        async def leave() -> None:
            hand = self.hands[choice % len(self.hands)]
            if how == "cancel":
                hand.task.cancel()
            else:
                hand.leave(ProviderFailed("It broke off.") if how == "fail" else None)

        self.run(leave())

    @rule(choice=st.integers(0, 1))
    def tick(self, choice: int) -> None:
        async def tick() -> None:
            self.processes[choice].tick()

        self.run(tick())

    @rule(seconds=st.sampled_from([0.5, CADENCE, LEASE / 3]))
    def time_passes(self, seconds: float) -> None:
        self.clock.pass_(seconds)

    @rule(choice=st.integers(0, 1), how=st.sampled_from(["there", "back", "broken", "loses_answers"]))
    def trouble(self, choice: int, how: str) -> None:
        line = self.processes[choice].line
        if how in ("there", "back"):
            getattr(line, how).clear()
        else:
            setattr(line, how, True)

    @rule(choice=st.integers(0, 1))
    def mend(self, choice: int) -> None:
        async def mend() -> None:
            self.processes[choice].line.mend()

        self.run(mend())

    @precondition(lambda self: self.in_flight)
    @rule(choice=choices, how=st.sampled_from(["arrive", "arrive", "arrive twice", "be lost"]))
    def message(self, choice: int, how: str) -> None:
        index = choice % len(self.in_flight)
        message = self.in_flight[index] if how == "arrive twice" else self.in_flight.pop(index)
        if how != "be lost":
            self.run(self.deliver(*message))

    @precondition(lambda self: any(channel.startswith("writer:") for channel, _ in self.in_flight))
    @rule()
    def word_of_a_decision(self) -> None:
        index = next(n for n, (channel, _) in enumerate(self.in_flight) if channel.startswith("writer:"))
        self.run(self.deliver(*self.in_flight.pop(index)))

    async def deliver(self, channel: str, text: str) -> None:
        for process in self.processes:
            if channel == channels.writer(process.id):
                key, fence = text.split()
                process.writer.cancel(UUID(key), int(fence))
        await self.bus.publish(channel, text)

    @rule(seconds=st.sampled_from([0, LEASE + 1, WAIT + 1]), by=claimers)
    def compare(self, seconds: float, by: int | None) -> None:
        """A sweep, perhaps after a time in which leases ran out; then somebody may take what was restarted."""
        self.clock.pass_(seconds)

        async def compare() -> None:
            await self.sweep.once()
            await self.claim(by)

        self.run(compare())

    @precondition(lambda self: self.table.notes and len(self.followers) < 8)
    @rule(choice=choices)
    def join(self, choice: int) -> None:
        async def join() -> None:
            notes = list(self.table.notes)
            follower = Follower(notes[choice % len(notes)], uuid4())
            follower.begin(self.hub)
            self.followers.append(follower)

        self.run(join())

    @precondition(lambda self: self.followers)
    @rule(choice=choices, how=st.sampled_from(["leave", "pause", "resume", "lose access"]))
    def reader(self, choice: int, how: str) -> None:
        async def act() -> None:
            follower = self.followers[choice % len(self.followers)]
            if how == "leave":
                follower.task.cancel()
                self.followers.remove(follower)
            elif how == "pause":
                follower.reads.clear()
            elif how == "resume":
                follower.reads.set()
            elif follower.viewer not in self.doors.out:
                self.doors.out.add(follower.viewer)
                with self.table.transaction(self.publisher) as session:
                    session.get_one(Shelf, self.shelf.id).access_epoch += 1
                self.on_sync += 1

        self.run(act())

    @rule(opens=st.booleans())
    def doors_stick(self, opens: bool) -> None:
        """What was read of a row takes its time to reach the reader."""

        async def stick() -> None:
            (self.doors.open.set if opens else self.doors.open.clear)()

        self.run(stick())

    @invariant()
    def every_reader_sees_rising_revisions_each_as_it_was_in_the_table(self) -> None:
        for follower in self.followers:
            revisions = [revision for revision, _, _ in follower.frames]
            assert revisions == sorted(set(revisions))
            for revision, status, body in follower.frames:
                assert self.table.history[follower.note][revision] == (status, body)
            final = [status != Status.STREAMING for _, status, _ in follower.frames]
            assert not any(final[:-1])
            if follower.ended == "complete":
                assert final[-1]
        assert self.watcher.revisions == sorted(set(self.watcher.revisions))

    @invariant()
    def nobody_is_dismissed_from_what_is_theirs(self) -> None:
        for hand in (hand for process in self.processes for hand in process.hands):
            if (
                hand.text is not None
                and hand.text.cancelled
                and (row := self.table.notes.get(hand.note.id)) is not None
            ):
                assert (row.status, row.fence) != (Status.STREAMING, hand.note.fence)

    @invariant()
    def only_what_belongs_there_is_on_the_sync_track(self) -> None:
        with TrackedSession(self.table.engine) as session:
            assert session.get_one(Shelf, self.shelf.id).revision == self.on_sync


TestInterleavings = pytest.mark.timeout(600)(Interleavings.TestCase)  # what fails is made as short as it can be
TestInterleavings.settings = settings(
    max_examples=30, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
