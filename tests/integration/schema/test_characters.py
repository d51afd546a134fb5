"""Characters that cannot be seen, or that disturb the text beside them, in what users write."""

import pytest

from api.accounts.models import User
from api.accounts.passwords import Passwords
from tests.support.server import Running

PASSWORD = "correct horse"

INVISIBLE = ["\u200b", "\u2060\ufeff ", "\u3164", "\u2800", "\u202e\u202c", "\ufe0f\u200d"]

DISTURBING = ["\x1b", "\x7f", "\x85", "\t", "\n", "\u2028", "\u202e", "\u2066"]


@pytest.mark.parametrize("text", INVISIBLE, ids=ascii)
async def test_what_cannot_be_seen_is_empty(server: Running, text: str) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat("Plans")
    sent = await ann.send(chat, "Hello", reply=False)
    for error in (
        await ann.refusal("sendMessage", chatId=chat, content=text, idempotencyKey="a key"),
        await ann.refusal("editMessage", messageId=sent["message"]["id"], content=text),
        await ann.refusal("createChat", title=text),
        await ann.refusal("renameChat", chatId=chat, title=text),
        await ann.refusal("signUp", name=text, email="a@example.com", password=PASSWORD),
        await ann.refusal("signUp", name="Ann", email=f"{text}@example.com", password=PASSWORD),
    ):
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    page = await ann.ask(
        "query ($id: ID!) { chat(id: $id) { title messages { edges { node { content } } } } }", id=chat
    )
    assert page["chat"] == {"title": "Plans", "messages": {"edges": [{"node": {"content": "Hello"}}]}}


@pytest.mark.parametrize("character", DISTURBING, ids=ascii)
async def test_names_titles_and_addresses_keep_the_text_beside_them_as_it_is(server: Running, character: str) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat("Plans")
    text = f"a{character}b"
    for error in (
        await ann.refusal("createChat", title=text),
        await ann.refusal("renameChat", chatId=chat, title=text),
        await ann.refusal("signUp", name=text, email="a@example.com", password=PASSWORD),
        await ann.refusal("signUp", name="Ann", email=f"{text}@example.com", password=PASSWORD),
        await ann.refusal("addParticipant", chatId=chat, email=f"{text}@example.com"),
    ):
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}
        assert f"U+{ord(character):04X}" in error["message"]
    assert (await ann.send(chat, text, reply=False))["message"]["content"] == text


@pytest.mark.parametrize("text", ["می\u200cخواهم", "\u200fשלום", "👨\u200d👩\u200d👧", "❤️", "Zoë", "李小龙"], ids=ascii)  # noqa: RUF001
async def test_names_and_titles_in_any_script_are_taken(server: Running, text: str) -> None:
    ann = await server.person("Ann")
    assert (await ann.mutate("createChat", title=text))["chat"]["title"] == text
    signed_up = await server.stranger().mutate("signUp", name=f" {text}\n", email="a@example.com", password=PASSWORD)
    assert signed_up["viewer"]["user"]["name"] == text


async def test_an_invisible_character_in_an_address_is_refused(server: Running) -> None:
    """It would be another account whose address looks the same."""
    stranger = server.stranger()
    error = await stranger.refusal("signUp", name="Ann", email="a\u200bnn@example.com", password=PASSWORD)
    assert "U+200B" in error["message"]


async def test_a_chat_is_named_after_a_message_without_what_disturbs(server: Running) -> None:
    ann = await server.person("Ann")
    chat = (await ann.mutate("createChat"))["chat"]["id"]
    await ann.send(chat, "Tides\x1b[31m \u202eand\u202c seiches", reply=False)
    page = await ann.ask("query ($id: ID!) { chat(id: $id) { title } }", id=chat)
    assert page["chat"]["title"] == "Tides [31m and seiches"
    assert (await ann.mutate("renameChat", chatId=chat, title=page["chat"]["title"]))["chat"]["title"]


# --- e-mail addresses


async def test_addresses_that_case_folding_makes_the_same_are_two_accounts(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    people = {}
    for local in ("straße", "strasse"):
        email = f"{local}@example.com"
        people[local] = await server.stranger().mutate("signUp", name=local, email=email, password=PASSWORD)
        signed_in = await server.stranger().mutate("signIn", email=email.title(), password=PASSWORD)
        assert signed_in["viewer"] == people[local]["viewer"]
        assert signed_in["viewer"]["email"] == email
    added = await ann.mutate("addParticipant", chatId=chat, email="straße@example.com")
    assert [user["id"] for user in added["chat"]["participants"]] == [
        ann.user_id,
        people["straße"]["viewer"]["user"]["id"],
    ]


async def test_an_address_is_one_account_in_either_normal_form(server: Running) -> None:
    signed_up = await server.stranger().mutate("signUp", name="José", email="Jose\u0301@Example.com", password=PASSWORD)
    assert signed_up["viewer"]["email"] == "jos\u00e9@example.com"
    error = await server.stranger().refusal("signUp", name="José", email="JOS\u00c9@example.com", password=PASSWORD)
    assert error["extensions"]["code"] == "CONFLICT"
    signed_in = await server.stranger().mutate("signIn", email="jose\u0301@example.com", password=PASSWORD)
    assert signed_in["viewer"] == signed_up["viewer"]


async def test_another_spelling_signs_in_to_no_newer_account(server: Running) -> None:
    stranger = server.stranger()
    await stranger.mutate("signUp", name="Ann", email="strasse@example.com", password=PASSWORD)
    error = await stranger.refusal("signIn", email="straße@example.com", password=PASSWORD)
    assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_an_account_from_before_step_0004_is_signed_in_to_as_before(server: Running) -> None:
    """Its owner signed up as `straße`, and was stored as `strasse`."""
    former = User(name="Ann", email="strasse@example.com", folded_email="strasse@example.com", password="")
    former.password = await Passwords().hash(PASSWORD)
    async with server.runtime.database.transaction() as session:
        session.add(former)
    stranger = server.stranger()
    for spelling in ("straße@example.com", "Strasse@example.com", "STRASSE@example.com"):
        signed_in = await stranger.mutate("signIn", email=spelling, password=PASSWORD)
        assert signed_in["viewer"]["email"] == "strasse@example.com"
        error = await stranger.refusal("signUp", name="Eve", email=spelling, password=PASSWORD)
        assert error["extensions"]["code"] == "CONFLICT"
    error = await stranger.refusal("signIn", email="straße@example.com", password="battery staple")
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
