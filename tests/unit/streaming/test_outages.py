"""An outage of the database costs two lines of log, and no row whose writer lives."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Executable, Row
from sqlalchemy.exc import OperationalError

from api.streaming.columns import Status
from api.streaming.store import FailureLog, Store
from api.streaming.sweep import Sweep
from tests.support.logged import entries
from tests.unit.streaming.house import WAIT, House
from tests.unit.streaming.notes import Note


class FullStore:
    """A database that reads and cannot write."""

    def __init__(self, store: Store) -> None:
        self.dialect = store.dialect
        self.read = store.read
        self.is_full = True
        self._store = store

    async def write(self, *statements: Executable, **parameters: Any) -> Sequence[Row[Any]]:
        if self.is_full:
            raise OperationalError("UPDATE", {}, Exception("database or disk is full"))
        return await self._store.write(*statements, **parameters)


async def test_after_a_full_disk_writers_come_before_the_sweep(here: House) -> None:
    note = await here.started()
    await here.grow(note, "a")
    await here.let_lease_run_out(note)
    store = FullStore(here.database)
    sweep = Sweep(store, here.hub, here.publisher, [Note], patience=1, wait=WAIT)
    for _ in range(3):
        with pytest.raises(OperationalError):
            await sweep.once()
    store.is_full = False
    await sweep.once()
    assert (await here.fresh(note)).status == Status.STREAMING
    await sweep.once()
    assert (await here.fresh(note)).status == Status.FAILED


def test_an_outage_is_logged_when_it_begins_and_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    log = FailureLog("write failed", model="Note")
    log.succeeded()
    for _ in range(3):
        log.failed(ConnectionRefusedError("no"), rows=2)
    log.succeeded()
    log.succeeded()
    log.failed(TimeoutError())
    first, second = entries(caplog, "write failed")
    assert (first["model"], first["rows"], first["exc_info"]) == ("Note", 2, None)
    assert second["error"] == "TimeoutError()"
    assert [entry["failures"] for entry in entries(caplog, "write failed no longer")] == [3]


def test_a_bug_during_an_outage_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    log = FailureLog("write failed")
    for error in (ConnectionRefusedError("no"), KeyError("a bug"), KeyError("a bug"), ConnectionRefusedError("no")):
        log.failed(error)
    assert [bool(entry["exc_info"]) for entry in entries(caplog, "write failed")] == [False, True]
