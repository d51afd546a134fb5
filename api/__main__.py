"""The command line: serve, worker, migrate, schema. A wrong setting ends it with one sentence."""

import asyncio
import functools
import gc
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated, Any

import structlog
import typer
import uvloop
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from api import logs, migrations
from api.database import Database
from api.errors import SettingsError
from api.server import metrics
from api.server import serve as serving
from api.server.lock import only_process
from api.settings import PREFIX, Settings
from api.streaming.errors import BusAddressError

log = structlog.get_logger(__name__)

commands = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A GraphQL chat backend whose AI replies stream live.",
)


PING_SECONDS = 45.0
"""Between two pings of a socket: within the minute after which nginx, and others on the way, cut what is idle.
uvicorn's own 20 s cost more than twice as much. Whoever is written to and gone, the kernel notices too; our clients
ping by themselves."""


def said_in_a_sentence(command: Callable[..., None]) -> Callable[..., None]:
    """What the operator has to mend is told without a traceback."""

    @functools.wraps(command)
    def told(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except BusAddressError as error:
            typer.echo(f"twotrack: {PREFIX}BROADCAST_URL: {error}", err=True)
            sys.exit(2)
        except SettingsError as error:
            typer.echo(f"twotrack: {error}", err=True)
            sys.exit(2)

    return told


@commands.command()
@said_in_a_sentence
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The port to listen on; 0 for any that is free.")] = 8000,
    processes: Annotated[int, typer.Option(min=1, help="Server processes; more than one needs Redis.")] = 1,
    replies: Annotated[
        bool, typer.Option("--replies/--no-replies", help="Whether replies are written here too.")
    ] = True,
) -> None:
    """Serve the chat page and GraphQL, and write replies."""
    settings = _settings()
    if settings.one_process and (processes > 1 or not replies):
        asked = f"--processes {processes}" if processes > 1 else "--no-replies"
        raise SettingsError(f"{asked} needs a bus that processes share: set {PREFIX}BROADCAST_URL to redis://…")
    with only_process(settings), _metrics_of(processes):
        asyncio.run(_ready(settings, replies=replies))
        serving.run(
            "api.__main__:application" if replies else "api.__main__:application_without_replies",
            factory=True,
            host=host,
            port=port,
            workers=processes,
            loop="uvloop",
            **protocols(settings),
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=max(1, round(settings.drain_seconds)),
        )


@commands.command()
@said_in_a_sentence
def worker(
    host: Annotated[str, typer.Option(help="The address to tell metrics on.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="The port to tell metrics on; without it, they are not told.")
    ] = None,
) -> None:
    """Write replies, and nothing else."""
    settings = _settings()
    if settings.one_process:
        raise SettingsError(f"A worker needs a bus that processes share: set {PREFIX}BROADCAST_URL to redis://…")
    counted = metrics.Metrics()
    with ExitStack() as stack:
        if port is not None:
            try:
                stack.enter_context(counted.served(host, port))
            except OSError as error:
                raise SettingsError(f"--port {port} of {host}: {error.strerror}. Choose another.") from None
        asyncio.run(_ready(settings, replies=True))
        runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
        runner.run(_work(settings, counted))


@commands.command()
@said_in_a_sentence
def migrate() -> None:
    """Bring the database to this version's tables."""
    asyncio.run(_with_database(_settings(), migrations.migrate))
    typer.echo("The database is up to date.")


@commands.command()
def schema() -> None:
    """Print the GraphQL schema."""
    from api.schema.schema import make_schema

    typer.echo(make_schema().as_str())


def _settings() -> Settings:
    """The settings of a process that is about to run, and a log, which names what looks like one and is none."""
    settings = Settings.load()
    logs.configure()
    for name in settings.unknown():
        log.warning("this is no setting", name=name)
    return settings


def protocols(settings: Settings) -> dict[str, Any]:
    """uvicorn's options for how to speak with clients. Without `DIRECT_WRITES`, everything goes its plain way."""
    from api.graphql.transport.backpressure import BoundedHTTP, BoundedSocket
    from api.graphql.transport.direct_protocol import DirectWebSocketProtocol

    return {
        "http": BoundedHTTP,
        "ws": DirectWebSocketProtocol if settings.direct_writes else BoundedSocket,
        "ws_max_size": settings.body_bytes,
        "ws_ping_interval": PING_SECONDS,
        "ws_per_message_deflate": settings.deflate and settings.direct_writes,
    }


def application() -> FastAPI:
    """The factory that uvicorn calls in each process."""
    return _application(replies=True)


def application_without_replies() -> FastAPI:
    """The same, for servers whose replies are written by workers."""
    return _application(replies=False)


def _application(*, replies: bool) -> FastAPI:
    from api.product import TWOTRACK
    from api.server.app import create_app

    logs.configure()
    _calm_the_collector()
    _leave_with_parent()
    return create_app(Settings.load(), TWOTRACK, replies=replies)


def _leave_with_parent() -> None:
    """Should the parent of `--processes` be killed, its children would keep the port, and nobody would end them."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def leave() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=leave, daemon=True, name="parent").start()


def _calm_the_collector() -> None:
    """Python's defaults look through everything that start-up made again and again: a third of the cost of fan-out."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 1_000)


async def _work(settings: Settings, counted: metrics.Metrics) -> None:
    from api.product import TWOTRACK
    from api.server.runtime import running

    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, done.set)
    async with running(settings, TWOTRACK, counted, replies=True):
        await done.wait()


async def _ready(settings: Settings, *, replies: bool) -> None:
    """Find out what would stop the start, before anything runs."""
    if replies:
        from api.replies.reply_model import ReplyModel

        ReplyModel.from_name(settings.model, timeout_seconds=settings.model_timeout_seconds)
    from api.streaming.bus import Bus

    async with Bus(settings.broadcast_url):
        await _with_database(settings, functools.partial(migrations.prepare, embedded=settings.embedded))


async def _with_database(settings: Settings, act: Callable[[Database], Any]) -> None:
    from api.streaming.publisher import Publisher

    async def nobody(messages: object) -> None:
        """Nothing is announced here."""

    # An index on a table that has grown large takes the time that it takes.
    database = Database(settings.database_url, Publisher(nobody), statement_seconds=None)
    try:
        await act(database)
    except (OSError, SQLAlchemyError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise SettingsError(
            f"{PREFIX}DATABASE_URL: the database does not answer as it should ({reason}). "
            "Check the address and that it runs."
        ) from None
    finally:
        await database.aclose()


@contextmanager
def _metrics_of(processes: int) -> Iterator[None]:
    """Processes of one `serve` count together, in files that end with it."""
    if processes == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="twotrack-metrics-") as directory:
        os.environ[metrics.DIRECTORY] = directory
        yield


def main() -> None:
    commands()


if __name__ == "__main__":
    main()
