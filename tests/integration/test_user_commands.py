"""`twotrack user`, `twotrack token` and `twotrack reply` beside a running server."""

import asyncio
import json
import re
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from api.__main__ import commands
from api.errors import SettingsError
from api.graphql import relay
from tests.support.accounts import account, program
from tests.support.backends import SECRET, Backend
from tests.support.server import serving
from tests.support.until import becomes

SIGN_IN = "mutation ($e: String!, $p: String!) { signIn(input: { email: $e, password: $p }) { token } }"
VIEWER = "{ viewer { email } }"
ANN = "ann.of.commands@example.com"


class Operator:
    """At a shell beside the server."""

    def __init__(self, backend: Backend) -> None:
        self._environment = {
            "TWOTRACK_DATABASE_URL": backend.database_url,
            "TWOTRACK_BROADCAST_URL": backend.broadcast_url,
            "TWOTRACK_SECRET_KEY": SECRET,
        }

    async def result(self, *arguments: str, written: str = "") -> Result:
        runner = CliRunner()
        return await asyncio.to_thread(runner.invoke, commands, arguments, input=written, env=self._environment)

    async def run(self, *arguments: str, written: str = "") -> str:
        result = await self.result(*arguments, written=written)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout

    async def refused(self, *arguments: str, written: str = "") -> str:
        result = await self.result(*arguments, written=written)
        assert isinstance(result.exception, SettingsError), result.output
        return str(result.exception)


@pytest.fixture
def operator(backend: Backend) -> Operator:
    return Operator(backend)


async def test_accounts_and_tokens_are_managed_beside_a_running_server(backend: Backend, operator: Operator) -> None:
    async with serving(backend.settings(sign_up="closed", patience_seconds=0.5)) as server:

        async def signed_in(password: str) -> str | None:
            data = (await server.stranger().post(SIGN_IN, e=ANN, p=password))["data"]
            return None if data is None else str(data["signIn"]["token"])

        async def works(token: str) -> bool:
            return (await server.bearer(token).post(VIEWER)).get("data") == {"viewer": {"email": ANN}}

        async def ends(token: str | None) -> None:
            assert token is not None
            await becomes(lambda: works(token), lambda still: not still)

        added = await operator.run("user", "add", ANN, "--name", "Ann")
        password = re.search(r"^Password: (\S{20})$", added, re.MULTILINE)
        assert password is not None
        session = await signed_in(password[1])
        assert re.search(
            rf"^{ANN}  Ann  \d{{4}}-\d\d-\d\d \d\d:\d\d$", await operator.run("user", "list"), re.MULTILINE
        )
        assert "python-httpx" in await operator.run("user", "sessions", ANN)

        token = (await operator.run("token", "create", ANN, "--name", "agent", "--days", "7")).strip()
        assert await works(token)
        assert (await operator.run("token", "list", ANN)).startswith("agent  ")

        await operator.run("user", "reset-password", ANN, "--password-stdin", written="another fine phrase\n")
        await ends(session)
        assert await works(token)
        assert await operator.run("token", "revoke", ANN, "--name", "agent") == "Revoked: 1.\n"
        await ends(token)
        assert "has no API token" in await operator.refused("token", "revoke", ANN, "--name", "agent")

        session = await signed_in("another fine phrase")
        await operator.run("user", "disable", ANN)
        await ends(session)
        assert await signed_in("another fine phrase") is None
        assert "  disabled " in await operator.run("user", "list")
        await operator.run("user", "enable", ANN)
        session = await signed_in("another fine phrase")
        await operator.run("user", "delete", ANN, "--yes")
        await ends(session)
        assert ANN not in await operator.run("user", "list")


async def test_an_operator_sees_unfinished_replies_and_cancels_one(backend: Backend, operator: Operator) -> None:
    async with serving(backend.settings(model="scripted?stall_at=50&rate=0", lease_seconds=6), replies=True) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        async with ann.socket() as socket:
            written, waiting = [await ann.prompt(chat, text) for text in ("Hello", "Are you there?")]
            stream, following = await socket.stream(written), await socket.stream(waiting)
            while len((await stream.next())["content"]) < 50:
                pass
            row = await server.row(written)
            first, second = (await operator.run("reply", "list")).splitlines()
            assert re.fullmatch(
                rf"{row.id}  written by {row.writer}  chat {row.chat_id}  age \d+ s  lease \d+ s  tries 1", first
            )
            assert re.fullmatch(
                rf"{relay.key_of('Message', waiting)}  waiting  chat {row.chat_id}  age \d+ s  lease .+  tries 0",
                second,
            )
            await operator.run("reply", "cancel", str(row.id))
            last = (await stream.rest())[-1]
            assert (last["status"], len(last["content"]), last["error"]) == ("STOPPED", 50, None)
            assert (await server.row(written)).stopped_by_id is None
            await server.row_when(waiting, lambda row: row.writer is not None)  # its turn has come
            await operator.run("reply", "cancel", waiting)  # by the id of GraphQL
            assert (await following.rest())[-1]["status"] == "STOPPED"
        assert await operator.run("reply", "list") == ""
        assert await operator.refused("reply", "cancel", waiting) == "This reply has ended: it is STOPPED."
        assert "not found" in await operator.refused("reply", "cancel", str(UUID(int=7)))
        assert "is not the id of a reply" in await operator.refused("reply", "cancel", chat)


async def test_the_data_of_a_user_is_exported_without_secrets(
    backend: Backend, operator: Operator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.chats.export.BATCH_MESSAGES", 2)
    file = tmp_path / "ann.json"
    async with serving(backend.settings()) as server:
        ann, bob = await account(server), await account(server, "Bob")
        agent = await program(server, ann)
        chat, left = await ann.create_chat("Märchen"), await bob.create_chat("Bob's")
        await bob.add(left, ann)
        texts = ["One", 'Two "and" 🙂\n', "Three", "Four", "Five"]
        for number, text in enumerate(texts):
            await (agent if number % 2 else ann).send(left if number == 4 else chat, text, reply=False)
        await bob.send(left, "Not Ann's", reply=False)
        token = (await ann.mutate("createLink", chatId=chat, role="READER"))["token"]
        await bob.mutate(
            "removeParticipant", chatId=left, userId=relay.global_id("User", relay.key_of("Viewer", ann.viewer_id))
        )
        await operator.run("user", "export", ann.email, str(file))
        missing = await operator.refused("user", "export", ann.email, str(tmp_path / "no" / "file"))
        assert missing.endswith("cannot be written (No such file or directory).")
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_text()
    data = json.loads(content)
    assert (data["user"]["name"], data["user"]["email"]) == ("Ann", ann.email)
    assert [message["content"] for message in data["messages"]] == texts
    assert [found["title"] for found in data["chats"]] == ["Märchen"]
    assert (len(data["sessions"]), data["apiTokens"][0]["name"], data["links"][0]["role"]) == (1, "A program", "READER")
    for secret in (ann.token, agent.token, token, "password", "digest", "Not Ann's"):
        assert secret not in content


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
async def test_what_is_wrong_is_a_sentence(operator: Operator) -> None:
    unknown = "No account has the e-mail address bob@example.com. `twotrack user list` shows all."
    assert await operator.refused("user", "disable", "bob@example.com") == unknown
    assert "is not an e-mail address" in await operator.refused("user", "add", "bob", "--name", "Bob")
    common = ("user", "add", "bob@example.com", "--name", "Bob", "--password-stdin")
    assert "one of the most used" in await operator.refused(*common, written="qwertyuiop\n")
