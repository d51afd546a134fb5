"""Runs `twotrack` commands as an operator does: exit codes, output, and servers in processes of their own."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from api.settings import PREFIX
from tests.support.services import free_port

TWOTRACK = Path(sys.executable).with_name("twotrack")

SECONDS = 60
"""For a process to say what it has to say: it takes two, or thirty where everything runs at once."""


def environment(settings: dict[str, str]) -> dict[str, str]:
    """This process's environment with these settings of Twotrack and no others. OPENAI_* go without the prefix."""
    others = {name: value for name, value in os.environ.items() if not name.startswith((PREFIX, "OPENAI_"))}
    return others | {name if "OPENAI" in name else PREFIX + name: value for name, value in settings.items()}


async def run_command(
    directory: Path, *arguments: str, program: Path | str = TWOTRACK, **settings: str
) -> tuple[int | None, str, str]:
    """Exit code, output and errors of a command that ends by itself."""
    process = await asyncio.create_subprocess_exec(
        program, *arguments, cwd=directory, env=environment(settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    async with asyncio.timeout(SECONDS):
        try:
            output, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    return process.returncode, output.decode(), errors.decode()


@asynccontextmanager
async def server_process(
    directory: Path, *arguments: str, program: Path | str = TWOTRACK, **settings: str
) -> AsyncIterator[str]:
    """The URL of a `twotrack serve`, once it is ready. Its log is the file `log` in the directory."""
    url = f"http://127.0.0.1:{free_port()}"
    with (directory / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            program, "serve", "--port", url.rpartition(":")[2], *arguments,
            cwd=directory, env=environment(settings), stdout=log, stderr=log,
        )  # fmt: skip
    try:
        async with asyncio.timeout(SECONDS), httpx.AsyncClient() as client:
            while True:
                assert process.returncode is None, (directory / "log").read_text()
                try:
                    if (await client.get(f"{url}/readyz")).status_code == 200:
                        break
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
        yield url
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(SECONDS):
            await process.wait()
