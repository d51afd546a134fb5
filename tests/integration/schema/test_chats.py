"""Chats and who takes part: made, renamed, shared, left, handed over, deleted."""

import asyncio

from api.chats.chats import DELETE_BATCH
from api.chats.models import Message, MessageRole
from api.graphql import relay
from tests.support.backends import Backend
from tests.support.people import Person
from tests.support.server import Running, serving
from tests.support.statements import sent_to

CHAT = "query ($id: ID!) { chat(id: $id) { id title owner { id } participants { id } } }"
CHATS = "{ viewer { chats { edges { node { id title } } } } }"


async def chats_of(person: Person) -> list[str]:
    data = await person.ask(CHATS)
    return [edge["node"]["id"] for edge in data["viewer"]["chats"]["edges"]]


async def test_a_chat_is_made_with_its_maker_as_owner_and_only_participant(server: Running) -> None:
    ann = await server.person("Ann")
    chat = (await ann.mutate("createChat", title="  Plans  "))["chat"]
    assert chat["title"] == "Plans"
    assert chat["owner"] == {"id": ann.user_id}
    assert chat["participants"] == [{"id": ann.user_id}]
    assert await chats_of(ann) == [chat["id"]]


async def test_a_chat_can_be_made_without_a_word(server: Running) -> None:
    ann = await server.person("Ann")
    for mutation in (
        "mutation { createChat { chat { id title } } }",
        "mutation { createChat(input: {}) { chat { id title } } }",
        "mutation { createChat(input: null) { chat { id title } } }",
        "mutation { createChat(input: { title: null }) { chat { id title } } }",
    ):
        assert (await ann.ask(mutation))["createChat"]["chat"]["title"]


async def test_any_participant_renames_a_chat(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    renamed = await bob.mutate("renameChat", chatId=chat, title="Bob's plans")
    assert renamed["chat"]["title"] == "Bob's plans"
    assert (await ann.ask(CHAT, id=chat))["chat"]["title"] == "Bob's plans"


async def test_a_title_is_neither_empty_nor_longer_than_200_characters(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    assert (await ann.mutate("renameChat", chatId=chat, title="t" * 200))["chat"]["title"] == "t" * 200
    for title in ("", " ", "t" * 201):
        error = await ann.refusal("renameChat", chatId=chat, title=title)
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
    error = await ann.refusal("createChat", title="t" * 201)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_owner_deletes_a_chat_for_everybody(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    sent = await bob.send(chat)
    assert await ann.mutate("deleteChat", chatId=chat) == {"deletedId": chat}
    for person in (ann, bob):
        assert await chats_of(person) == []
        assert await person.ask(CHAT, id=chat) == {"chat": None}
        assert await person.ask("query ($id: ID!) { message(id: $id) { id } }", id=sent["reply"]["id"]) == {
            "message": None
        }


async def test_a_long_chat_is_deleted_some_messages_at_a_time(server: Running) -> None:
    """At once, it would hold up everybody else, and Postgres ends a transaction that is silent for seconds."""
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    async with server.runtime.database.transaction() as session:
        session.add_all(
            Message(chat_id=relay.key_of("Chat", chat), role=MessageRole.USER) for _ in range(2 * DELETE_BATCH + 1)
        )
    with sent_to(server.runtime.database, like=lambda sql: sql.startswith("DELETE FROM messages")) as deletions:
        await ann.mutate("deleteChat", chatId=chat)
    assert len(deletions) == 3
    assert await ann.ask(CHAT, id=chat) == {"chat": None}


async def test_nobody_but_its_owner_deletes_a_chat(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    error = await bob.refusal("deleteChat", chatId=chat)
    assert error["extensions"] == {"code": "FORBIDDEN"}
    assert await chats_of(ann) == [chat]


async def test_any_participant_lets_others_in_however_their_address_is_written(server: Running) -> None:
    ann, bob, cat = await server.person("Ann"), await server.person("Bob"), await server.person("Cat")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    added = await bob.mutate("addParticipant", chatId=chat, email=f" {cat.email.upper()} ")
    assert [one["id"] for one in added["chat"]["participants"]] == [ann.user_id, bob.user_id, cat.user_id]
    assert await chats_of(cat) == [chat]


async def test_letting_somebody_in_twice_changes_nothing(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    first = await ann.mutate("addParticipant", chatId=chat, email=bob.email)
    assert await ann.mutate("addParticipant", chatId=chat, email=bob.email) == first


async def test_an_address_that_nobody_has_is_not_found(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    error = await ann.refusal("addParticipant", chatId=chat, email="nobody@example.com")
    assert error["extensions"] == {"code": "NOT_FOUND"}


async def test_trying_addresses_is_slowed_down_for_the_one_who_tries(backend: Backend) -> None:
    async with serving(backend.settings(invitations_per_minute=2)) as server:
        ann, bob = await server.person("Ann"), await server.person("Bob")
        chat = await ann.create_chat()
        for guess in ("one@example.com", "two@example.com"):
            assert (await ann.refusal("addParticipant", chatId=chat, email=guess))["extensions"]["code"] == "NOT_FOUND"
        error = await ann.refusal("addParticipant", chatId=chat, email=bob.email)
        assert error["extensions"]["code"] == "RATE_LIMITED"
        assert 0 < error["extensions"]["retryAfter"] <= 60
        own = await bob.create_chat()
        await bob.add(own, ann)


async def test_a_chat_takes_so_many_participants_and_no_more(backend: Backend) -> None:
    async with serving(backend.settings(chat_participants=2)) as server:
        ann, bob, cat = await server.person("Ann"), await server.person("Bob"), await server.person("Cat")
        chat = await ann.create_chat()
        await ann.add(chat, bob)
        error = await ann.refusal("addParticipant", chatId=chat, email=cat.email)
        assert error["extensions"] == {"code": "LIMIT_EXCEEDED"}
        await ann.add(chat, bob)  # who is in already takes no further place


async def test_the_owner_takes_others_out(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    removed = await ann.mutate("removeParticipant", chatId=chat, userId=bob.user_id)
    assert removed["chat"]["participants"] == [{"id": ann.user_id}]
    assert await chats_of(bob) == []
    assert await bob.ask(CHAT, id=chat) == {"chat": None}


async def test_nobody_but_the_owner_takes_others_out(server: Running) -> None:
    ann, bob, cat = await server.person("Ann"), await server.person("Bob"), await server.person("Cat")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    await ann.add(chat, cat)
    for other in (ann, cat):
        error = await bob.refusal("removeParticipant", chatId=chat, userId=other.user_id)
        assert error["extensions"] == {"code": "FORBIDDEN"}


async def test_who_does_not_take_part_cannot_be_taken_out(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    error = await ann.refusal("removeParticipant", chatId=chat, userId=bob.user_id)
    assert error["extensions"] == {"code": "NOT_FOUND"}


async def test_who_leaves_gets_no_chat_back_and_the_others_keep_it(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    assert await bob.mutate("removeParticipant", chatId=chat, userId=bob.user_id) == {"chat": None}
    assert await chats_of(bob) == []
    left = (await ann.ask(CHAT, id=chat))["chat"]
    assert left["participants"] == [{"id": ann.user_id}]


async def test_an_owner_who_leaves_hands_over_to_whoever_joined_first(server: Running) -> None:
    ann, bob, cat = await server.person("Ann"), await server.person("Bob"), await server.person("Cat")
    chat = await ann.create_chat()
    await ann.add(chat, cat)
    await ann.add(chat, bob)
    assert await ann.mutate("removeParticipant", chatId=chat, userId=ann.user_id) == {"chat": None}
    left = (await bob.ask(CHAT, id=chat))["chat"]
    assert left["owner"] == {"id": cat.user_id}
    assert left["participants"] == [{"id": cat.user_id}, {"id": bob.user_id}]
    await cat.remove(chat, bob)


async def test_the_last_to_leave_deletes_the_chat(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    sent = await ann.send(chat)
    assert await ann.mutate("removeParticipant", chatId=chat, userId=ann.user_id) == {"chat": None}
    assert await chats_of(ann) == []
    error = await ann.refusal("addParticipant", chatId=chat, email=bob.email)
    assert error["extensions"] == {"code": "NOT_FOUND"}
    error = await ann.refusal("stopMessage", messageId=sent["reply"]["id"])
    assert error["extensions"] == {"code": "NOT_FOUND"}


async def test_who_comes_back_joined_last(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    await ann.mutate("removeParticipant", chatId=chat, userId=ann.user_id)
    back = await bob.mutate("addParticipant", chatId=chat, email=ann.email)
    assert back["chat"]["owner"] == {"id": bob.user_id}
    assert back["chat"]["participants"] == [{"id": bob.user_id}, {"id": ann.user_id}]


async def test_several_may_let_the_same_person_in_at_the_same_moment(server: Running) -> None:
    ann, bob, eve = await server.person("Ann"), await server.person("Bob"), await server.person("Eve")
    for _ in range(5):
        chat = await ann.create_chat()
        await ann.add(chat, bob)
        before = await revision(ann, chat)
        await asyncio.gather(*(person.add(chat, eve) for person in (ann, bob) * 3))
        assert len((await ann.ask(CHAT, id=chat))["chat"]["participants"]) == 3
        assert await revision(ann, chat) == before + 1


async def test_two_who_come_in_at_the_same_moment_do_not_share_the_last_seat(backend: Backend) -> None:
    async with serving(backend.settings(chat_participants=2)) as server:
        ann, bob, eve = await server.person("Ann"), await server.person("Bob"), await server.person("Eve")
        for _ in range(5):
            chat = await ann.create_chat()
            came = await asyncio.gather(ann.add(chat, bob), ann.add(chat, eve), return_exceptions=True)
            assert [getattr(refused, "code", None) for refused in came if refused] == ["LIMIT_EXCEEDED"]
            assert len((await ann.ask(CHAT, id=chat))["chat"]["participants"]) == 2


async def revision(person: Person, chat: str) -> int:
    data = await person.ask("query ($id: ID!) { chat(id: $id) { revision } }", id=chat)
    return int(data["chat"]["revision"])
