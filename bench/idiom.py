"""A rival: a message stream as strawberry, FastAPI and broadcaster document it, in one process with its publisher."""

import enum
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import strawberry
from broadcaster import Broadcast
from fastapi import FastAPI
from strawberry.fastapi import GraphQLRouter

from bench.load import Load
from bench.publishing import publish_when_told

broadcast = Broadcast("memory://")


@strawberry.enum
class MessageRole(enum.Enum):
    USER = "USER"
    ASSISTANT = "ASSISTANT"


@strawberry.enum
class StreamStatus(enum.Enum):
    STREAMING = "STREAMING"
    COMPLETE = "COMPLETE"


@strawberry.type
class User:
    id: strawberry.ID
    name: str


@strawberry.type
class Message:
    id: strawberry.ID
    chat_id: strawberry.ID
    role: MessageRole
    content: str
    status: StreamStatus
    streaming: bool
    revision: int
    created_at: str
    updated_at: str
    author: User

    @classmethod
    def from_json(cls, text: str) -> "Message":
        values = json.loads(text)
        return cls(
            id=values["id"],
            chat_id=values["chatId"],
            role=MessageRole(values["role"]),
            content=values["content"],
            status=StreamStatus(values["status"]),
            streaming=values["streaming"],
            revision=values["revision"],
            created_at=values["createdAt"],
            updated_at=values["updatedAt"],
            author=User(**values["author"]),
        )


@strawberry.type
class Query:
    @strawberry.field
    def hello(self) -> str:
        return "world"


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def message_stream(self, id: strawberry.ID) -> AsyncGenerator[Message, None]:
        async with broadcast.subscribe(channel=id) as subscriber:
            async for event in subscriber:  # type: ignore[union-attr]
                message = Message.from_json(event.message)  # type: ignore[union-attr]
                yield message
                if not message.streaming:
                    return


async def publish(message: int, values: dict[str, Any]) -> None:
    await broadcast.publish(channel=values["id"], message=json.dumps(values))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    await broadcast.connect()
    publish_when_told(Load.from_json(os.environ["LOAD"]), publish)
    yield
    await broadcast.disconnect()


app = FastAPI(lifespan=lifespan)
app.include_router(GraphQLRouter(strawberry.Schema(query=Query, subscription=Subscription)), prefix="/graphql")
