"""What the database writes to its log for a reply, in bytes for each byte of the reply's text, on Postgres."""

from typing import Any

from api.database import Database
from api.streaming.columns import Status
from api.streaming.publisher import Publisher
from bench.contestants import Services, migrate
from bench.load import Load
from bench.measure import Figures
from bench.story import Unfaithful
from tests.support.log_volume import postgres_log, prose, reply, write


async def of_a_reply(services: Services, load: Load) -> Figures:
    """The real writer writes the reply, in updates of what a model sends in one cadence. Its clock does not wait."""
    words = prose(load.chars)
    with services.postgres.database(services.postgres.template("bench", migrate)) as url:
        database = Database(url, Publisher(_discard))
        try:
            waiting = await reply(database)
            before = await postgres_log(database)
            final = await write(database, waiting, words)
            written = await postgres_log(database) - before
        finally:
            await database.aclose()
    if (final.status, final.content) != (Status.COMPLETE, words):
        raise Unfaithful("the reply lacks text")
    values: dict[str, Any] = dict.fromkeys(Figures.__dataclass_fields__, 0)
    return Figures(**values | {"log_bytes": written / len(words)})


async def _discard(messages: object) -> None:
    """Nobody reads the reply."""
