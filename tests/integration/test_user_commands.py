"""`twotrack user` and `twotrack token` beside a running server."""

import asyncio
import re

import pytest
from typer.testing import CliRunner, Result

from api.__main__ import commands
from api.errors import SettingsError
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


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
async def test_what_is_wrong_is_a_sentence(operator: Operator) -> None:
    unknown = "No account has the e-mail address bob@example.com. `twotrack user list` shows all."
    assert await operator.refused("user", "disable", "bob@example.com") == unknown
    assert "is not an e-mail address" in await operator.refused("user", "add", "bob", "--name", "Bob")
    common = ("user", "add", "bob@example.com", "--name", "Bob", "--password-stdin")
    assert "one of the most used" in await operator.refused(*common, written="qwertyuiop\n")
