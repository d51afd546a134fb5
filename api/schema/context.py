"""What the resolvers of this schema find in `info.context`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import strawberry

from api.accounts import Accounts, open_accounts
from api.chats import Quotas, ReaderLinks
from api.database import Database
from api.graphql.context import Context, Services, SubscriptionMetrics
from api.settings import Settings
from api.streaming.bus import Bus
from api.streaming.hub import Hub
from api.streaming.outside import OutsideWriter
from api.streaming.publisher import Publisher
from api.streaming.writer import Writer


@dataclass(frozen=True)
class ChatServices(Services):
    """The engine's services, the accounts, what accepts replies from outside, and the quotas of users."""

    accounts: Accounts
    outside: OutsideWriter
    quotas: Quotas


Info = strawberry.Info[Context[ChatServices], None]


@asynccontextmanager
async def chat_services(
    settings: Settings,
    database: Database,
    bus: Bus,
    publisher: Publisher,
    hub: Hub,
    metrics: SubscriptionMetrics,
    writer: Writer,
) -> AsyncIterator[ChatServices]:
    """The services of one process. Raises SettingsError if there is no key to sign tokens with."""
    async with open_accounts(settings, database, bus, publisher, ReaderLinks(database)) as accounts:
        yield ChatServices(
            settings=settings,
            database=database,
            hub=hub,
            metrics=metrics,
            credentials=accounts.credentials,
            accounts=accounts,
            outside=OutsideWriter(database, writer, cadence=settings.cadence_seconds, lease=settings.lease_seconds),
            quotas=Quotas(database, settings, accounts.rates),
        )
