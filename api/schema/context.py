"""What this product's resolvers find in `info.context`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import strawberry

from api.accounts.limits import RateLimits
from api.accounts.passwords import Passwords
from api.accounts.secret import secret_key
from api.accounts.sessions import Tokens
from api.database import Database
from api.graphql.context import Context, Services, SubscriptionMetrics
from api.settings import Settings
from api.streaming.hub import Hub


@dataclass(frozen=True)
class ChatServices(Services):
    """The engine's services, and those of accounts."""

    tokens: Tokens
    passwords: Passwords
    rates: RateLimits


Info = strawberry.Info[Context[ChatServices], None]


@asynccontextmanager
async def chat_services(
    settings: Settings, database: Database, hub: Hub, metrics: SubscriptionMetrics
) -> AsyncIterator[ChatServices]:
    """The services of one process. Raises SettingsError if there is no key to sign tokens with."""
    tokens = Tokens(secret_key(settings), hours=settings.token_hours)
    async with RateLimits(settings.broadcast_url) as rates:
        yield ChatServices(
            settings=settings,
            database=database,
            hub=hub,
            metrics=metrics,
            identify=tokens.read,
            tokens=tokens,
            passwords=Passwords(),
            rates=rates,
        )
