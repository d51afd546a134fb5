"""Twotrack as one person runs it: `twotrack serve` on a SQLite file, the chat page built. Or `scaled`, as many would.

async with running(model="scripted?chars=6000&rate=3000") as site:
    (ann,) = await site.people("Ann")
    …                                   # a browser at site.url
    site.kill()
    site.start()                        # the same port, the same file
"""

import asyncio
import re
import subprocess
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from api.chats.models import Message, MessageRole
from api.graphql import relay
from api.streaming.columns import Status
from tests.support.backends import SECRET, UNLIMITED, migrate
from tests.support.deployment import Deployment
from tests.support.fleet import ServerProcess, comes_true
from tests.support.people import Person
from tests.support.services import Postgres, Redis, throw_away

ROOT = Path(__file__).parent.parent.parent

BUILD_SECONDS = 300

QUICK: dict[str, Any] = {
    "cadence_seconds": 0.1,
    "patience_seconds": 0.5,
    "lease_seconds": 2,  # of a writer that was killed
    "grace_seconds": 5,  # a tenth of it to part
    "secret_key": SECRET,
    **UNLIMITED,
}
"""Times for tests that wait for what they are about."""

AWAY = (
    "Connection refused",
    "connection was closed",
    "the database system is",
    "terminating connection",
    "another operation (2) is in progress",  # asyncpg, asked between a connection's last words and its end
)
"""What is said of a Postgres that was killed, and of one that is not quite back."""


class Site(ServerProcess, Deployment):
    """One server, as its users see it, and what it has stored."""

    def __init__(self, environment: Mapping[str, str], settings: Mapping[str, Any], processes: int = 1) -> None:
        ServerProcess.__init__(self, {**QUICK, **settings}, "--replies", "--processes", str(processes))
        Deployment.__init__(self, settings.get("database_url", f"sqlite+aiosqlite:///{self.directory / 'twotrack.db'}"))
        self._settings |= {"TWOTRACK_DATABASE_URL": self.database_url, "NO_PROXY": "127.0.0.1", **environment}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ports(self) -> list[int]:
        return [self.port, self.port]

    @property
    def errors(self) -> list[str]:
        """What the server has logged as one since it was started."""
        return [line for line in self.log.splitlines() if '"level": "error"' in line or line.startswith("Traceback")]

    async def stored(self, message: str) -> Message:
        """A message's row, which must be there."""
        row = await self.row(message)
        assert row is not None, f"{message} is not stored"
        return row

    async def written(self, person: Person, chat: str, *contents: str) -> None:
        """Messages of this person's that were there before anybody looked."""
        rows = [
            Message(
                chat_id=relay.key_of("Chat", chat),
                author_id=relay.key_of("User", person.user_id),
                role=MessageRole.USER,
                content=content,
                status=Status.COMPLETE,
            )
            for content in contents
        ]
        async with self.database() as database, database.transaction() as session:
            session.add_all(rows)

    async def streams(self, number: int) -> None:
        """Until the server serves exactly so many subscriptions to messages."""
        await comes_true(
            lambda: self.serves("stream") == number, f"{number} streams; it serves {self.serves('stream')}"
        )

    def serves(self, track: str) -> int:
        """How many subscriptions to this track the server has now."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=5) as response:
            metrics = response.read().decode()
        found = re.findall(rf'^twotrack_subscriptions_active\{{.*track="{track}".*\}} (\S+)$', metrics, re.MULTILINE)
        return int(sum(map(float, found)))


@asynccontextmanager
async def running(environment: Mapping[str, str] = {}, **settings: Any) -> AsyncIterator[Site]:
    """A site on a free port. `settings` are Twotrack's, `environment` is anybody else's."""
    async with started(Site(environment, settings)) as site:
        yield site


class Scaled(Site):
    """Two processes that serve and write, on a Postgres and a Redis of their own."""

    def __init__(self, database_url: str, redis: Redis, postgres: Postgres, settings: Mapping[str, Any]) -> None:
        places = {"database_url": database_url, "broadcast_url": redis.url}
        super().__init__({}, {**settings, **places}, processes=2)
        self.redis = redis
        self.postgres = postgres

    @property
    def errors(self) -> list[str]:
        """Without what was answered while Postgres was away."""
        whole = [line for line in super().errors if line.endswith("}") or not line.startswith("{")]
        return [line for line in whole if not any(words in line for words in AWAY)]


@asynccontextmanager
async def scaled(**settings: Any) -> AsyncIterator[Scaled]:
    with throw_away(Redis) as redis, throw_away(Postgres) as postgres, postgres.database() as database_url:
        await asyncio.to_thread(migrate, database_url)
        async with started(Scaled(database_url, redis, postgres, settings)) as site:
            yield site


AnySite = TypeVar("AnySite", bound=Site)


@asynccontextmanager
async def started(site: AnySite) -> AsyncIterator[AnySite]:
    await asyncio.to_thread(site.start)
    try:
        yield site
    finally:
        await asyncio.to_thread(site.kill)


def build_pages() -> None:
    """Build the chat page and GraphiQL, if their sources are newer than what was built."""
    pages = ["client/app/dist/index.html", "client/graphiql/dist/index.html"]
    # Whether the packages are the locked ones is for `make setup` to say.
    command = ["make", "--old-file=client/node_modules/.installed", *pages]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=BUILD_SECONDS)
    assert built.returncode == 0, f"the pages could not be built; run `make setup`\n{built.stdout}{built.stderr}"
