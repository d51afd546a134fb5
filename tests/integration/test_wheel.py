"""The wheel, installed into an empty environment, serves the whole product without Node and without a checkout."""

import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from api.migrations import versions
from tests.support.commands import run_command, server_process
from tests.support.paths import ROOT
from tests.support.people import Person

UV = Path(sys.executable).with_name("uv")

SCRIPTED = {"MODEL": "scripted?chars=400&rate=0"}

PAGES = ("page", "graphiql")

pytestmark = pytest.mark.timeout(300)  # a machine whose cache is empty downloads forty packages


def uv(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([UV, *arguments], cwd=cwd, capture_output=True, text=True, check=False)


def install(wheel: Path, environment: Path, directory: Path) -> Path:
    """The `twotrack` of a new virtual environment with the wheel and what its metadata requires.

    The versions are those of `uv.lock`. They come from uv's cache if it has them all, else from the registry.
    """
    constraints = directory / "constraints.txt"
    python = environment / "bin" / "python"
    for made in (
        uv("venv", "--python", sys.executable, environment),
        uv("export", "--locked", "--no-dev", "--no-emit-project", "--no-hashes", "--output-file", constraints),
    ):
        assert made.returncode == 0, made.stderr
    command = ("pip", "install", "--python", python, "--constraint", constraints, wheel)
    installed = uv("--offline", *command)
    if installed.returncode != 0:
        installed = uv(*command)
    assert installed.returncode == 0, installed.stderr
    return environment / "bin" / "twotrack"


async def test_an_installed_wheel_serves_the_product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = uv("build", "--out-dir", tmp_path)  # the wheel from the sdist
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    (sdist,) = tmp_path.glob("*.tar.gz")
    check_contents(wheel, sdist)
    program = install(wheel, tmp_path / "environment", tmp_path)
    directory = tmp_path / "elsewhere"
    directory.mkdir()
    for name in ("PYTHONPATH", "VIRTUAL_ENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(program.parent))
    assert await run_command(directory, "migrate", program=program) == (0, "The database is up to date.\n", "")
    check_tables(directory / "twotrack.db")
    async with server_process(directory, program=program, **SCRIPTED) as url:
        await check_pages(url)
        await check_reply(int(url.rpartition(":")[2]))
    assert "Traceback" not in (directory / "log").read_text()


def check_contents(wheel: Path, sdist: Path) -> None:
    """They contain the package, the built pages and the migrations, and nothing else of the repository."""
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    assert {name.split("/")[0] for name in packed if ".dist-info" not in name} == {"api"}
    assert {f"api/server/built/{page}/index.html" for page in PAGES} <= packed
    steps = {path.name for path in Path(versions.__path__[0]).glob("0*.py")}
    assert steps
    assert {f"api/migrations/versions/{step}" for step in steps} | {"api/migrations/script.py.mako"} <= packed
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {name.split("/")[0] for name in names} == {
        *("api", "client", "hatch_build.py", "pyproject.toml", "PKG-INFO"),
        *(".gitignore", "CHANGELOG.md", "LICENSE", "README.md", "schema.graphql"),
    }
    assert {"/".join(name.split("/")[:3]) for name in names if name.startswith("client/")} == {
        "client/app/dist",
        "client/graphiql/dist",
    }


def check_tables(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {"alembic_version", "users", "chats", "messages"} <= tables


async def check_pages(url: str) -> None:
    """The chat page and GraphiQL come with every script and style that they name."""
    async with httpx.AsyncClient(base_url=url) as client:

        async def get(path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
            response = await client.get(path, headers=headers)
            assert response.status_code == 200, (path, response.text)
            return response

        for path in ("/", "/graphql"):
            page = await get(path, {"accept": "text/html"})
            assert page.headers["content-type"].startswith("text/html")
            assets = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
            assert [asset for asset in assets if asset.endswith(".js")], page.text
            for asset in assets:
                response = await get(asset)
                assert len(response.content) > 100
                assert not response.headers["content-type"].startswith("text/html")


async def check_reply(port: int) -> None:
    """A user signs up, sends a message, and follows the reply to its end over a WebSocket."""
    account = {"name": "Ann", "email": "ann@example.com", "password": "correct horse"}
    stranger = Person(port, "", "", "", "")
    token = (await stranger.mutate("signUp", **account))["token"]
    ann = Person(port, token, account["email"], "", "")
    reply = await ann.prompt()
    async with ann.socket() as socket:
        frames = await (await socket.stream(reply)).rest()
    assert (frames[-1]["status"], len(frames[-1]["content"])) == ("COMPLETE", 400)


def test_a_package_without_built_pages_is_refused_with_a_sentence(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(ROOT / "api", source / "api", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("CHANGELOG.md", "LICENSE", "README.md", "hatch_build.py", "pyproject.toml", "schema.graphql"):
        shutil.copy(ROOT / name, source)
    for kind in ("--wheel", "--sdist"):
        built = uv("build", kind, "--out-dir", tmp_path / "dist", cwd=source)
        assert built.returncode != 0
        assert "client/app/dist is not built, and the package must contain it. Run `make wheel`." in built.stderr
        assert "Traceback" not in built.stderr
    assert list((tmp_path / "dist").glob("twotrack*")) == []
