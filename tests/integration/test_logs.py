"""Each request has an id, in its response and in the log. Details of internal errors are in the log alone."""

import json
import logging
import subprocess
import sys
from typing import Any

import httpx
import pytest

from api.chats import reads
from api.streaming import access
from tests.integration.following import TRANSPORTS, subscribed
from tests.support.logged import entries
from tests.support.operations import STREAM
from tests.support.server import Running
from tests.support.until import until

SECRET_DETAIL = "an internal detail"


@pytest.fixture(autouse=True)
def everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


async def ask(server: Running, document: str = "{ viewer { id } }", token: str = "") -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient() as client:
        return await client.post(server.url, json={"query": document}, headers=headers)


async def test_a_request_is_logged_with_the_id_that_its_client_receives(
    server: Running, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = await ask(server), await ask(server)
    logged = entries(caplog, "request")
    assert [entry["request_id"] for entry in logged] == [
        response.headers["x-request-id"] for response in (first, second)
    ]
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert {(entry["method"], entry["path"], entry["status"]) for entry in logged} == {("POST", "/graphql", 200)}


async def test_a_socket_is_logged_with_its_close_code(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    async with server.stranger().socket() as socket:
        assert socket.connection.response is not None
        request_id = socket.connection.response.headers["x-request-id"]
        await socket.connection.send("[]")
        await socket.closed.wait()
        await socket.connection.wait_closed()
    (entry,) = await logged_soon(caplog, "request")
    assert (entry["request_id"], entry["method"], entry["status"]) == (request_id, "WEBSOCKET", 101)
    assert entry["code"] == 4400


async def logged_soon(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    """The entries of this event, once there is one: the client receives the end before the server logs it."""
    await until(lambda: entries(caplog, event))
    return entries(caplog, event)


async def test_an_internal_error_is_masked_and_logged_with_the_request_id(
    server: Running, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(SECRET_DETAIL)

    monkeypatch.setattr(reads, "visible_chats", broken)
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    response = await ask(server, f'{{ viewer {{ id }} chat(id: "{chat}") {{ id }} }}', ann.token)
    request_id = response.headers["x-request-id"]
    answer = response.json()
    (error,) = answer["errors"]
    assert answer["data"] == {"viewer": {"id": ann.viewer_id}, "chat": None}
    assert error["extensions"] == {"code": "INTERNAL", "requestId": request_id}
    assert error["path"] == ["chat"]
    assert request_id in error["message"]
    assert SECRET_DETAIL not in response.text
    (entry,) = entries(caplog, "operation failed")
    assert entry["request_id"] == request_id
    assert str(entry["exc_info"]) == SECRET_DETAIL
    assert entry["exc_info"].__traceback__ is not None


@pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=TRANSPORTS)
async def test_an_internal_error_in_a_stream_is_masked_logged_and_ends_it(
    server: Running, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError(SECRET_DETAIL)

    ann = await server.person("Ann")
    reply = await ann.prompt()
    monkeypatch.setattr(access.Access, "row", broken)
    async with subscribed(ann, transport, STREAM, id=reply) as stream:
        error = await stream.refusal()
    assert error["extensions"]["code"] == "INTERNAL"
    assert SECRET_DETAIL not in json.dumps(error)
    (entry,) = entries(caplog, "operation failed")
    assert entry["request_id"] == error["extensions"]["requestId"]
    assert entry["request_id"]


async def test_a_clients_mistake_is_not_logged_as_an_error(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    for document in ("{", "{ nothing }", 'mutation { deleteChat(input: { chatId: "x" }) { deletedId } }'):
        assert "errors" in (await ask(server, document)).json()
    assert {record.levelname for record in caplog.records if record.name.startswith("api")} == {"INFO"}


async def test_neither_passwords_nor_tokens_are_logged(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    ann = {"name": "Ann", "email": "ann@example.com", "password": "correct horse"}
    token = (await server.stranger().mutate("signUp", **ann))["token"]
    await server.stranger().refusal("signUp", **ann)
    await server.stranger().refusal("signIn", email=ann["email"], password="battery staple")
    async with server.bearer(token).socket() as socket:
        await (await socket.subscribe("{ viewer { id } }")).rest()
    await ask(server, token=token[:-1])
    logged = caplog.text
    assert logged
    assert not [secret for secret in (ann["password"], "battery staple", token[:-1]) if secret in logged]


def test_lines_are_json_outside_of_a_terminal() -> None:
    program = """if True:
        import logging, structlog
        from api import logs
        logs.configure()
        structlog.get_logger("ours").info("hello", request_id="an id")
        logging.getLogger("theirs").warning("from a %s", "library")
        try:
            1 / 0
        except ZeroDivisionError as error:
            structlog.get_logger("ours").error("it broke", exc_info=error)
    """
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    ours, theirs, broken = (json.loads(line) for line in run.stderr.splitlines())
    assert (ours["event"], ours["request_id"], ours["level"]) == ("hello", "an id", "info")
    assert (theirs["event"], theirs["level"]) == ("from a library", "warning")
    assert all(line["timestamp"].endswith("Z") for line in (ours, theirs, broken))
    assert broken["event"] == "it broke"
    assert "ZeroDivisionError" in broken["exception"]
