"""What the resolvers of this schema find in `info.context`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import strawberry

from api.accounts import Accounts, open_accounts
from api.database import Database
from api.graphql.context import Context, Services, SubscriptionMetrics
from api.settings import Settings
from api.streaming.hub import Hub


@dataclass(frozen=True)
class ChatServices(Services):
    """The engine's services, and the accounts."""

    accounts: Accounts


Info = strawberry.Info[Context[ChatServices], None]


@asynccontextmanager
async def chat_services(
    settings: Settings, database: Database, hub: Hub, metrics: SubscriptionMetrics
) -> AsyncIterator[ChatServices]:
    """The services of one process. Raises SettingsError if there is no key to sign tokens with."""
    async with open_accounts(settings, database) as accounts:
        yield ChatServices(
            settings=settings,
            database=database,
            hub=hub,
            metrics=metrics,
            identify=accounts.tokens.read,
            accounts=accounts,
        )
