"""Links to a chat: what guests may read, and how people join."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from api.chats import retention
from api.chats.models import Link
from api.streaming.columns import now
from tests.support.accounts import PASSWORD
from tests.support.backends import Backend
from tests.support.links import SHARED, guest, link
from tests.support.operations import CONTRACT
from tests.support.people import Person
from tests.support.server import Running, serving

LINKS = "query ($id: ID!) { chat(id: $id) { links { id role expiresAt creator { name } } } }"
FORBIDDEN = {"code": "FORBIDDEN"}


async def listed(ann: Person, chat: str) -> list[dict[str, Any]]:
    links: list[dict[str, Any]] = (await ann.ask(LINKS, id=chat))["chat"]["links"]
    return links


async def test_a_guest_reads_the_shared_chat_and_who_shares_it(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat("Open")
    await ann.send(chat, "Hello, world", reply=False)
    eve, _ = await guest(server, ann, chat)
    seen = await eve.ask(SHARED)
    assert seen["viewer"] is None
    assert seen["sharedBy"] == {"name": "Ann"}
    assert (seen["shared"]["id"], seen["shared"]["title"]) == (chat, "Open")
    (edge,) = seen["shared"]["messages"]["edges"]
    assert edge["node"]["content"] == "Hello, world"
    assert (await eve.ask("query ($id: ID!) { chat(id: $id) { id } }", id=chat))["chat"] == {"id": chat}
    by_node = await eve.ask("query ($id: ID!) { node(id: $id) { id } }", id=edge["node"]["id"])
    assert by_node["node"] == {"id": edge["node"]["id"]}


async def test_a_guest_follows_the_chat_and_its_streaming_reply(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    reply = await ann.prompt(chat)
    eve, _ = await guest(server, ann, chat)
    async with eve.socket() as socket:
        changes, frames = await socket.sync(chat), await socket.stream(reply)
        first = await changes.next()
        await frames.next()
        async with server.writing(reply) as text:
            text.append("Hello")
            await frames.until(content="Hello")
        assert (await frames.rest())[-1]["status"] == "COMPLETE"
        await ann.send(chat, "More", reply=False)
        assert (await changes.next())["revision"] > first["revision"]


async def test_a_guest_reads_nothing_but_the_shared_chat(server: Running) -> None:
    ann = await server.person("Ann")
    chat, other = await ann.create_chat(), await ann.create_chat("Private")
    theirs = await ann.prompt(other)
    eve, _ = await guest(server, ann, chat)
    for id in (other, theirs, ann.viewer_id, ann.user_id):
        assert (await eve.ask("query ($id: ID!) { node(id: $id) { id } }", id=id))["node"] is None
    assert (await eve.ask("query ($id: ID!) { chat(id: $id) { id } }", id=other))["chat"] is None
    assert (await eve.ask("query ($id: ID!) { message(id: $id) { id } }", id=theirs))["message"] is None
    assert (await eve.ask("{ viewer { id } }"))["viewer"] is None
    assert (await eve.post(LINKS, id=chat))["errors"][0]["extensions"] == FORBIDDEN
    async with eve.socket() as socket:
        changes = await socket.sync(other, ann.viewer_id, theirs)
        assert all([(await changes.next())["deleted"] for _ in range(3)])
        stream = await socket.stream(theirs)
        assert (await stream.refusal())["extensions"]["code"] == "NOT_FOUND"
    assert CONTRACT.query_type is not None
    assert set(CONTRACT.query_type.fields) == {"chat", "message", "node", "shared", "sharedBy", "viewer"}
    assert CONTRACT.subscription_type is not None
    assert set(CONTRACT.subscription_type.fields) == {"messageStream", "sync"}


async def test_the_texts_of_other_chats_are_not_reached_through_the_shared_one(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    eve, _ = await guest(server, ann, chat)
    people = (await eve.ask("{ shared { owner { id name } participants { id name } } }"))["shared"]
    assert [user["name"] for user in people["participants"]] == ["Ann", "Bob"]
    assert CONTRACT.type_map["User"].fields.keys() == {"id", "name", "createdAt"}  # type: ignore[attr-defined]


async def test_links_are_listed_for_participants_and_their_tokens_shown_once(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    _, reading = await link(ann, chat)
    _, joining = await link(ann, chat, "PARTICIPANT", later)
    assert (reading.split("_")[0], joining.split("_")[0]) == ("twotrackread", "twotrackjoin")
    newest, oldest = await listed(ann, chat)
    assert (newest["role"], oldest["role"]) == ("PARTICIPANT", "READER")
    assert (newest["expiresAt"] is None, oldest["expiresAt"]) == (False, None)
    assert newest["creator"] == {"name": "Ann"}
    assert reading not in str(oldest)
    error = await ann.refusal("createLink", chatId=chat, role="READER", expiresAt="2020-01-01T00:00:00Z")
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_creator_and_the_owner_may_revoke_a_link(server: Running) -> None:
    ann, bob, carl, eve = [await server.person(name) for name in ("Ann", "Bob", "Carl", "Eve")]
    chat = await ann.create_chat()
    for other in (bob, carl):
        await ann.add(chat, other)
    bobs, carls, anns = (await link(bob, chat))[0], (await link(carl, chat))[0], (await link(ann, chat))[0]
    assert (await bob.refusal("revokeLink", linkId=anns))["extensions"] == FORBIDDEN
    assert (await eve.refusal("revokeLink", linkId=anns))["extensions"]["code"] == "NOT_FOUND"
    assert (await bob.mutate("revokeLink", linkId=bobs))["revokedId"] == bobs
    await ann.mutate("revokeLink", linkId=carls)
    assert (await ann.refusal("revokeLink", linkId=carls))["extensions"]["code"] == "NOT_FOUND"
    assert [row["id"] for row in await listed(ann, chat)] == [anns]


async def test_a_chat_has_at_most_fifty_links(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    for _ in range(50):
        await link(ann, chat)
    assert (await ann.refusal("createLink", chatId=chat, role="READER"))["extensions"]["code"] == "LIMIT_EXCEEDED"


async def test_who_has_a_participant_link_joins_and_joining_again_changes_nothing(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    _, token = await link(ann, chat, "PARTICIPANT")
    for _ in range(2):
        joined = (await bob.mutate("joinChat", token=token))["chat"]
        assert joined["id"] == chat
        assert [user["id"] for user in joined["participants"]] == [ann.user_id, bob.user_id]


async def test_whom_the_owner_removed_comes_back_by_no_link(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    _, joining = await link(ann, chat, "PARTICIPANT")
    own_reading = (await link(bob, chat))[1]
    own_joining = (await link(bob, chat, "PARTICIPANT"))[1]
    await ann.remove(chat, bob)
    error = await bob.refusal("joinChat", token=joining)
    assert error["extensions"] == FORBIDDEN
    assert "removed you" in error["message"]
    assert (await bob.refusal("joinChat", token=own_joining))["extensions"]["code"] == "NOT_FOUND"
    reader = server.bearer(own_reading)
    assert (await reader.refusal("{ shared { id } }"))["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await bob.ask("query ($id: ID!) { chat(id: $id) { id } }", id=chat))["chat"] is None


@pytest.mark.parametrize("token", ["twotrackjoin_unknown", "", "x", "twotrackjoin_\x00"])
async def test_a_link_that_is_unknown_leads_nowhere(server: Running, token: str) -> None:
    bob = await server.person("Bob")
    assert (await bob.refusal("joinChat", token=token))["extensions"]["code"] in ("NOT_FOUND", "BAD_USER_INPUT")


async def test_the_two_kinds_of_links_do_not_stand_in_for_each_other(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    _, reading = await link(ann, chat)
    _, joining = await link(ann, chat, "PARTICIPANT")
    assert (await bob.refusal("joinChat", token=reading))["extensions"]["code"] == "BAD_USER_INPUT"
    assert (await server.bearer(joining).refusal(SHARED))["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_link_that_has_expired_shows_nothing_and_is_deleted(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    tokens = [(await link(ann, chat, role))[1] for role in ("READER", "PARTICIPANT")]
    async with server.runtime.database.transaction() as session:
        for row in await session.scalars(select(Link)):
            row.expires_at = now() - timedelta(seconds=1)
    assert (await server.bearer(tokens[0]).refusal(SHARED))["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await bob.refusal("joinChat", token=tokens[1]))["extensions"]["code"] == "NOT_FOUND"
    assert await listed(ann, chat) == []
    assert await retention.delete_expired_links(server.runtime.database) == 2


async def test_a_full_chat_takes_nobody_by_a_link(backend: Backend) -> None:
    async with serving(backend.settings(chat_participants=1)) as server:
        ann, bob = await server.person("Ann"), await server.person("Bob")
        _, token = await link(ann, await ann.create_chat(), "PARTICIPANT")
        assert (await bob.refusal("joinChat", token=token))["extensions"]["code"] == "LIMIT_EXCEEDED"


async def test_the_openings_of_a_link_from_one_network_are_limited(backend: Backend) -> None:
    async with serving(backend.settings(guests_per_minute=2)) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        eve, _ = await guest(server, ann, chat)
        for _ in range(2):
            await eve.ask("{ shared { id } }")
        assert (await eve.refusal("{ shared { id } }"))["extensions"]["code"] == "RATE_LIMITED"
        other, _ = await guest(server, ann, chat)
        assert (await other.ask("{ shared { id } }"))["shared"] == {"id": chat}


async def test_deleting_a_chat_ends_its_links(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    eve, _ = await guest(server, ann, chat)
    assert (await eve.ask("{ shared { id } }"))["shared"] == {"id": chat}
    await ann.mutate("deleteChat", chatId=chat)
    answer = await eve.post("{ shared { id } }")
    assert answer["data"] is None or answer["data"]["shared"] is None


async def test_only_the_invited_create_an_account_where_the_server_asks_for_it(backend: Backend) -> None:
    async with serving(backend.settings(sign_up="invited")) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        _, token = await link(ann, chat, "PARTICIPANT")
        _, reading = await link(ann, chat)
        new = {"name": "Bob", "email": "bob@example.com", "password": PASSWORD}
        stranger = server.stranger()
        assert (await stranger.refusal("signUp", **new))["extensions"] == FORBIDDEN
        assert (await stranger.refusal("signUp", link="twotrackjoin_x", **new))["extensions"]["code"] == "NOT_FOUND"
        assert (await stranger.refusal("signUp", link=reading, **new))["extensions"]["code"] == "BAD_USER_INPUT"
        signed = await stranger.mutate("signUp", link=token, **new)
        bob = server.bearer(signed["token"])
        assert (await bob.mutate("joinChat", token=token))["chat"]["id"] == chat
