"""The command line: to serve, to write replies, to migrate, back up and restore, and to print the schema.

A wrong setting ends a command with one sentence.
"""

import asyncio
import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import structlog
import typer
import uvloop

from api import logs, migrations, reply_commands, user_commands
from api.errors import SettingsError
from api.server import metrics
from api.server.checks import START_ERRORS, check_services, sentence, with_database
from api.server.lock import serving_lock
from api.settings import PREFIX, Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

    from api.server.worker_port import WorkerPort

# Commands import what they need: a worker loads no web server, and a server without replies does not load pydantic-ai.

log = structlog.get_logger(__name__)

commands = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A GraphQL chat backend whose AI replies stream live. Settings are environment variables with the prefix "
    f"{PREFIX}, or lines of a file .env in the working directory.",
)

commands.add_typer(user_commands.users, name="user")
commands.add_typer(user_commands.tokens, name="token")
commands.add_typer(reply_commands.replies, name="reply")

WRONG_SETTING = 2
"""Exit code of a command that cannot run with its settings or options. It is typer's code as well."""


def main() -> None:
    """Run a command. It ends with one sentence and no traceback if an operator or a developer must fix something."""
    try:
        commands()
    except START_ERRORS as error:
        _exit(error, WRONG_SETTING)


def _exit(error: Exception, code: int) -> NoReturn:
    typer.echo(f"twotrack: {sentence(error)}", err=True)
    sys.exit(code)


@commands.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port to listen on. With 0, the system chooses one.")
    ] = 8000,
    uds: Annotated[
        str | None, typer.Option(help="Path of a Unix socket to listen on, for a proxy on this machine.")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="Number of server processes. More than one needs Redis.")] = 1,
    replies: Annotated[
        bool,
        typer.Option("--replies/--no-replies", help="Write replies in the server, or leave them to `twotrack worker`."),
    ] = True,
) -> None:
    """Serve the chat page and GraphQL, and write replies."""
    settings = _load_settings()
    if settings.one_process and (processes > 1 or not replies):
        option = f"--processes {processes}" if processes > 1 else "--no-replies"
        raise SettingsError(f"{option} needs a bus that processes share: set {PREFIX}BROADCAST_URL to redis://…")
    with serving_lock(settings), metrics.shared_by(processes):
        if replies:
            _check_model(settings)
        asyncio.run(check_services(settings))
        _check_key(settings)
        from api.server.serve import at_address, run

        _hand_down(at_address(settings, None if uds else host))
        app = "api.__main__:application" if replies else "api.__main__:application_without_replies"
        run(app, settings, host=host, port=port, processes=processes, uds=uds)


def _hand_down(settings: Settings) -> None:
    """The processes that serve read the environment again, and do not know the address that they listen on."""
    if settings.allowed_hosts:
        os.environ[f"{PREFIX}ALLOWED_HOSTS"] = ",".join(settings.allowed_hosts)
    if settings.metrics_port is not None:
        os.environ[f"{PREFIX}METRICS_PORT"] = settings.metrics_port


def application() -> "FastAPI":
    """The application of a server that also writes replies. uvicorn calls this in each server process."""
    return _create_application(replies=True)


def application_without_replies() -> "FastAPI":
    """The application of a server whose replies are written by workers."""
    return _create_application(replies=False)


def _create_application(*, replies: bool) -> "FastAPI":
    from api.graphql.transport.uvicorn_server import START_FAILED
    from api.product import TWOTRACK
    from api.server.app import create_app
    from api.server.serve import prepare_process

    try:
        settings = Settings.load()
        logs.configure(settings.log_level)
        prepare_process()
        return create_app(settings, TWOTRACK, replies=replies)
    except START_ERRORS as error:
        _exit(error, START_FAILED)


@commands.command()
def worker(
    host: Annotated[str, typer.Option(help="Address of the port for checks and metrics.")] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65_535, help="Port for /healthz, /readyz and /metrics. Without it, the worker has no port."
        ),
    ] = None,
) -> None:
    """Write replies, and serve nothing but checks and metrics."""
    from api.product import TWOTRACK

    settings = _load_settings()
    if settings.one_process:
        raise SettingsError(f"A worker needs a bus that processes share: set {PREFIX}BROADCAST_URL to redis://…")
    from api.server.worker_port import WorkerPort

    counts = metrics.Metrics(TWOTRACK.streams)
    checks = WorkerPort(counts)
    with ExitStack() as stack:
        stack.enter_context(serving_lock(settings))
        if port is not None:
            try:
                stack.enter_context(checks.served(host, port))
            except OSError as error:
                raise SettingsError(f"--port {port} of {host}: {error.strerror}. Choose another port.") from None
        _check_model(settings)
        asyncio.run(check_services(settings))
        runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
        runner.run(_write_replies(settings, counts, checks))


async def _write_replies(settings: Settings, counts: metrics.Metrics, checks: "WorkerPort") -> None:
    """Run a worker until SIGTERM or SIGINT."""
    from api.product import TWOTRACK
    from api.server.process import running

    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with running(settings, TWOTRACK, counts, replies=True) as runtime:
        checks.started(runtime)
        await stopping.wait()
        checks.is_draining = True


@commands.command()
def migrate() -> None:
    """Create or upgrade the tables of the database."""
    asyncio.run(with_database(_load_settings(), migrations.migrate))
    typer.echo("The database is up to date.")


LowerRevisions = Annotated[
    bool,
    typer.Option(
        "--lower-revisions",
        help="Start all revisions again from 1, once they cannot be raised further. Users must reload open pages.",
    ),
]


@commands.command()
def backup(file: Annotated[Path, typer.Argument(help="File to write. An earlier backup is replaced.")]) -> None:
    """Copy an SQLite database to a file, also while a server uses it."""
    from api.backup import back_up

    key = back_up(_load_settings(), file)
    typer.echo(f"The backup is {file}." + (f" The key that signs tokens is {key}; keep both secret." if key else ""))


@commands.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `twotrack backup` has written.")],
    lower_revisions: LowerRevisions = False,
) -> None:
    """Replace the SQLite database by a backup, and keep the former one. Stop the server first."""
    from api.backup import restore

    restored = restore(_load_settings(), file, lower_revisions=lower_revisions)
    typer.echo(f"The database is restored from {file}.")
    if restored.replaced is not None:
        typer.echo(f"The former database is {restored.replaced}. `twotrack restore` takes it as well.")
    if restored.ends_sessions:
        typer.echo("The key that signed the tokens of this backup is not there: all users must sign in again.")
    _report_revisions(restored.raised_by)


@commands.command()
def restored(
    times: Annotated[int, typer.Option(min=1, help="How often this backup has been restored, this time included.")] = 1,
    lower_revisions: LowerRevisions = False,
) -> None:
    """Finish the restore of a database by pg_restore, before servers and workers start."""
    from api.backup import complete_restore

    _report_revisions(asyncio.run(complete_restore(_load_settings(), times, lower_revisions=lower_revisions)))


def _report_revisions(raised_by: int) -> None:
    if raised_by:
        typer.echo(f"Revisions were raised by {raised_by:,}: open pages refetch by themselves.")
    else:
        typer.echo("Revisions start again from 1: users must reload open pages.")


@commands.command()
def schema() -> None:
    """Print the GraphQL schema."""
    from api.schema.schema import make_schema

    typer.echo(make_schema().as_str())


def _load_settings() -> Settings:
    """The settings of this process. Configures the log, and logs names that look like settings and are not."""
    settings = Settings.load()
    logs.configure(settings.log_level)
    for name in settings.unknown_names():
        log.warning("unknown setting", name=name)
    return settings


def _check_key(settings: Settings) -> None:
    """Raises SettingsError if there is no key to sign tokens with, and none can be made."""
    from api.accounts.secret import secret_key

    secret_key(settings)


def _check_model(settings: Settings) -> None:
    """Raises SettingsError if the model cannot be used."""
    from api.replies.reply_model import ReplyModel

    ReplyModel.from_name(settings.model, timeout_seconds=settings.model_timeout_seconds)


if __name__ == "__main__":
    main()
