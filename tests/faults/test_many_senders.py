"""A hundred people send at once in chats that share their members: nobody waits in a circle, no revision is lost."""

import asyncio
from collections import Counter
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select

from api.accounts.models import User
from api.chats.models import Chat, Membership
from api.graphql import relay
from tests.support.fleet import Fleet
from tests.support.people import Person

SENDERS = 100
CHATS = 20
MEMBERS = 20
ROUNDS = 2

SENT_WITHIN = 90
"""On cores that others keep busy, it takes a minute until all have had their turn; two seconds otherwise."""

SEND = """mutation ($input: SendMessageInput!) { sendMessage(input: $input) { chat { id revision } } }"""


async def test_a_hundred_senders_in_chats_with_shared_members_lose_no_revision(fleet: Fleet) -> None:
    people = await fleet.people(*(f"Sender{number}" for number in range(SENDERS)))
    chats = await make_chats(fleet, people)
    before, deadlocks_before = await revisions(fleet, people, chats), deadlocks(fleet)
    async with httpx.AsyncClient(timeout=SENT_WITHIN) as client:
        sent = [
            (number, chats[(number + turn) % CHATS])
            for turn in range(ROUNDS)
            for number in range(SENDERS)
        ]  # fmt: skip
        seen = await asyncio.gather(*(send(client, people[number], chat) for number, chat in sent))
    after = await revisions(fleet, people, chats)

    in_chat = Counter(chat for _, chat in sent)
    for chat in chats:
        assert after[chat] == before[chat] + in_chat[chat]
        own = sorted(revision for (_, where), revision in zip(sent, seen, strict=True) if where == chat)
        assert own[-1] <= after[chat]
    for number, person in enumerate(people):
        mine = sum(in_chat[chat] for place, chat in enumerate(chats) if number in members(place))
        assert after[person.user_id] == before[person.user_id] + mine
    assert deadlocks(fleet) == deadlocks_before


def members(chat: int) -> set[int]:
    """Who takes part: in each chat others, each in several, and whoever sends in it among them."""
    senders = {(chat - turn) % CHATS + CHATS * lap for turn in range(ROUNDS) for lap in range(SENDERS // CHATS)}
    return senders | {(chat * 7 + step * 3) % SENDERS for step in range(MEMBERS)}


async def make_chats(fleet: Fleet, people: list[Person]) -> list[str]:
    keys = [relay.key_of("User", person.user_id) for person in people]
    chats: list[str] = []
    async with fleet.database() as database, database.transaction() as session:
        for number in range(CHATS):
            chat = Chat(title=f"Chat {number}", owner_id=keys[min(members(number))])
            session.add(chat)
            await session.flush()
            session.add_all(Membership(chat_id=chat.id, user_id=keys[member]) for member in members(number))
            chats.append(relay.global_id("Chat", chat.id))
    return chats


async def send(client: httpx.AsyncClient, person: Person, chat: str) -> int:
    """The chat's revision afterwards. Told to try again, as by a server with too much to do, they do."""
    message = {"chatId": chat, "content": "Hello", "idempotencyKey": uuid4().hex, "reply": False}
    body = {"query": SEND, "variables": {"input": message}}
    headers = {"authorization": f"Bearer {person.token}"}
    async with asyncio.timeout(SENT_WITHIN):
        while True:
            response = await client.post(f"http://127.0.0.1:{person.port}/graphql", json=body, headers=headers)
            if "errors" not in (answer := response.json()):
                return int(answer["data"]["sendMessage"]["chat"]["revision"])
            assert answer["errors"][0]["extensions"]["code"] == "INTERNAL", answer


async def revisions(fleet: Fleet, people: list[Person], chats: list[str]) -> dict[str, int]:
    """Of these people's Viewers and of these chats, by id."""
    found: dict[UUID, int] = {}
    async with fleet.database() as database:
        for model in (User, Chat):
            found |= {row.id: row.revision for row in await database.read(select(model.id, model.revision))}
    wanted = {person.user_id: relay.key_of("User", person.user_id) for person in people}
    wanted |= {chat: relay.key_of("Chat", chat) for chat in chats}
    return {id: found[key] for id, key in wanted.items()}


def deadlocks(fleet: Fleet) -> int:
    """How many Postgres had to break, as the servers tell it."""
    return sum(server.log.count("deadlock detected") for server in fleet.servers)
