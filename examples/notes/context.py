"""What the resolvers find in `info.context`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import strawberry

from api.accounts import Accounts, open_accounts
from api.graphql import Context, Services
from api.server import Runtime


@dataclass(frozen=True)
class NoteServices(Services):
    accounts: Accounts


Info = strawberry.Info[Context[NoteServices], None]


@asynccontextmanager
async def note_services(runtime: Runtime) -> AsyncIterator[NoteServices]:
    async with open_accounts(runtime.settings, runtime.database, runtime.bus, runtime.publisher) as accounts:
        yield NoteServices(
            runtime.settings, runtime.database, runtime.hub, runtime.metrics, accounts.credentials, accounts
        )
