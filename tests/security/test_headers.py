"""What browsers are told with every answer, and that the page's own script is the only one that it may run."""

import hashlib
import re
from base64 import b64encode
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.support.backends import Backend
from tests.support.server import Running, serving

pytestmark = pytest.mark.parametrize("backend", ["embedded"], indirect=True)

COMMON = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-frame-options": "DENY",
}
DATA = "default-src 'none'; frame-ancestors 'none'"
HTML = {"accept": "text/html"}


@pytest_asyncio.fixture
async def client(server: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url.removesuffix("/graphql")) as opened:
        yield opened


async def test_every_answer_has_the_headers(client: httpx.AsyncClient) -> None:
    asset = re.search(r'src="(/assets/[^"]+)"', (await client.get("/")).text)
    assert asset is not None
    answers = [
        await client.get("/"),
        await client.get("/graphql", headers=HTML),
        await client.get("/graphql"),
        await client.post("/graphql", json={"query": "{ __typename }"}),
        await client.post("/graphql", content="no JSON"),
        await client.get("/healthz"),
        await client.get("/metrics"),
        await client.get("/icon.svg"),
        await client.get("/nowhere.php"),
        await client.get(asset[1]),
        await client.put("/graphql"),
    ]
    for answer in answers:
        assert {name: answer.headers.get(name) for name in COMMON} == COMMON, answer.url


@pytest.mark.parametrize("path", ["/", "/graphql", "/nowhere"])
async def test_a_page_runs_its_own_scripts_alone(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers=HTML)
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    inline = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    hashes = [f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in inline]
    assert policy["script-src"].split() == ["'self'", *hashes]
    assert len(hashes) == (0 if path == "/graphql" else 1)
    assert (policy["default-src"], policy["connect-src"]) == ("'self'", "'self'")
    assert (policy["frame-ancestors"], policy["object-src"], policy["base-uri"]) == ("'none'", "'none'", "'none'")
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"


async def test_a_browser_gets_the_page_at_an_unknown_address_and_is_told_that_it_is_not_found(
    client: httpx.AsyncClient,
) -> None:
    known, unknown = await client.get("/", headers=HTML), await client.get("/no/such/page", headers=HTML)
    assert (known.status_code, unknown.status_code) == (200, 404)
    assert unknown.text == known.text


async def test_data_that_is_shown_as_a_page_loads_nothing(client: httpx.AsyncClient) -> None:
    for answer in (
        await client.post("/graphql", json={"query": "{ __typename }"}),
        await client.get("/graphql"),
        await client.get("/no/such/page"),
        await client.get("/healthz"),
    ):
        assert answer.headers["content-security-policy"] == DATA, answer.url


async def test_graphiql_can_be_switched_off(backend: Backend) -> None:
    async with (
        serving(backend.settings(graphiql=False)) as server,
        httpx.AsyncClient(base_url=server.url.removesuffix("/graphql")) as client,
    ):
        answer = await client.get("/graphql", headers=HTML)
        assert (answer.status_code, answer.text) == (405, "Send operations to this address by POST, as JSON.\n")
        assert (await client.get("/graphql-assets/assets/index.js")).status_code == 404
        assert (await client.post("/graphql", json={"query": "{ __typename }"})).status_code == 200


async def test_data_is_kept_by_no_cache(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json={"query": "{ viewer { id } }"})
    assert answer.headers["cache-control"] == "no-store"
