"""Twotrack as a product on the two tracks: chats with streamed replies."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import api.accounts.access  # registers access rules
import api.chats.access  # noqa: F401  registers access rules
from api.chats.models import Message
from api.database import Database
from api.server.built import CHAT_PAGE
from api.server.product import Produce, Product
from api.server.runtime import Runtime
from api.settings import Settings

if TYPE_CHECKING:
    import strawberry

    from api.schema.context import ChatServices

# These functions import what they need: a worker loads no web server, and a server without replies does not load
# pydantic-ai (25 MB, 0.5 s).


def _schema() -> "strawberry.Schema":
    from api.schema.schema import make_schema

    return make_schema()


@asynccontextmanager
async def _services(runtime: Runtime) -> AsyncIterator["ChatServices"]:
    from api.chats.retention import retention
    from api.chats.search_index import indexing
    from api.schema.context import chat_services

    async with (
        retention(runtime.database, key_days=runtime.settings.key_days),
        indexing(runtime.database),
        chat_services(
            runtime.settings,
            runtime.database,
            runtime.bus,
            runtime.publisher,
            runtime.hub,
            runtime.metrics,
            runtime.writer,
        ) as services,
    ):
        yield services


@asynccontextmanager
async def _replies(settings: Settings, database: Database) -> AsyncIterator[Produce]:
    from api.replies.producer import ReplyProducer
    from api.replies.reply_model import ReplyModel

    async with ReplyModel.from_name(settings.model, timeout_seconds=settings.model_timeout_seconds) as model:
        yield ReplyProducer(database, model, lease=settings.lease_seconds)


TWOTRACK = Product(
    name="Twotrack",
    schema=_schema,
    services=_services,
    streams={Message: _replies},
    resumable=frozenset({Message}),
    page=CHAT_PAGE,
    page_paths=("", "c/", "l"),
)
