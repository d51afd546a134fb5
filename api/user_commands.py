"""`twotrack user` and `twotrack token`: accounts and API tokens, for an operator."""

import asyncio
import secrets
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from sqlalchemy.exc import SQLAlchemyError

from api.errors import RequestError, SettingsError
from api.settings import PREFIX, Settings
from api.streaming.columns import now

if TYPE_CHECKING:
    from api.administration import Administration

Result = TypeVar("Result")

users = typer.Typer(no_args_is_help=True, help="Accounts: list, create, disable and delete them.")
tokens = typer.Typer(no_args_is_help=True, help="API tokens of programs: create, list and revoke them.")

Email = Annotated[str, typer.Argument(help="E-mail address of the account.")]
FromInput = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of standard input.")
]

PASSWORD_BYTES = 15
"""Of a generated password: 20 characters."""


def run(act: "Callable[[Administration], Awaitable[Result]]") -> Result:
    """Call `act`. What is wrong with its input becomes a sentence, as what is wrong with a setting does."""
    from api.administration import administration

    async def opened() -> Result:
        async with administration(Settings.load()) as operator:
            return await act(operator)

    try:
        return asyncio.run(opened())
    except RequestError as error:
        raise SettingsError(str(error)) from None
    except (OSError, SQLAlchemyError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise SettingsError(f"{PREFIX}DATABASE_URL: the database cannot be used ({reason}).") from None


def _password(from_input: bool) -> str:
    """The password from standard input, or a new one, which is printed."""
    if from_input:
        return sys.stdin.readline().rstrip("\n")
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    typer.echo(f"Password: {password}")
    return password


def _date(moment: datetime | None) -> str:
    return "never" if moment is None else moment.strftime("%Y-%m-%d %H:%M")


@users.command("list")
def list_users() -> None:
    """List all accounts, the newest first: e-mail address, name, date of creation, and whether it is disabled."""
    for user in run(lambda opened: opened.users()):
        disabled = f"  disabled {_date(user.disabled_at)}" if user.disabled_at else ""
        typer.echo(f"{user.email}  {user.name}  {_date(user.created_at)}{disabled}")


@users.command("add")
def add_user(
    email: Email,
    name: Annotated[str, typer.Option(help="Name that other users see.")],
    password_stdin: FromInput = False,
) -> None:
    """Create an account, also where SIGN_UP is closed. Prints a new password unless one is given."""
    password = _password(password_stdin)
    run(lambda opened: opened.add(email, name, password))
    typer.echo(f"The account {email} is created.")


@users.command("reset-password")
def reset_password(email: Email, password_stdin: FromInput = False) -> None:
    """Set another password, and end all sessions of the account. API tokens stay."""
    password = _password(password_stdin)
    run(lambda opened: opened.reset_password(email, password))
    typer.echo(f"The password of {email} is changed, and all sessions have ended.")


@users.command("disable")
def disable_user(email: Email) -> None:
    """End all sessions and API tokens of the account, and let its user not sign in."""
    run(lambda opened: opened.disable(email))
    typer.echo(f"The account {email} is disabled. `twotrack user enable` allows it again.")


@users.command("enable")
def enable_user(email: Email) -> None:
    """Let the user of a disabled account sign in again."""
    run(lambda opened: opened.enable(email))
    typer.echo(f"The account {email} is enabled.")


@users.command("delete")
def delete_user(
    email: Email, yes: Annotated[bool, typer.Option("--yes", help="Delete without asking for confirmation.")] = False
) -> None:
    """Leave all chats of the account and empty it. Messages stay, by "Deleted user"."""
    if not yes:
        typer.confirm(f"Delete the account {email}? This cannot be undone.", abort=True)
    run(lambda opened: opened.delete(email))
    typer.echo(f"The account {email} is deleted.")


@users.command("export")
def export_user(email: Email, file: Annotated[Path, typer.Argument(help="File to write. It is replaced.")]) -> None:
    """Write all data of an account to a JSON file: profile, sessions, tokens, chats, links and messages."""
    from api.backup.files import replacing

    try:
        with replacing(file) as partial:
            run(lambda opened: opened.export(email, partial))
    except OSError as error:
        raise SettingsError(f"{file} cannot be written ({error.strerror}).") from None
    typer.echo(f"The data of {email} is in {file}. Only you can read the file.")


@users.command("sessions")
def list_sessions(email: Email) -> None:
    """List the sessions of an account: when it began, when it was last used, and the program that signed in."""
    for session in run(lambda opened: opened.sessions(email)):
        typer.echo(f"{_date(session.created_at)}  used {_date(session.last_used_at)}  {session.client}")


@tokens.command("create")
def create_token(
    email: Email,
    name: Annotated[str, typer.Option(help="Name of the token, such as the program that uses it.")],
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires. Without it, it never does.")] = None,
) -> None:
    """Create an API token, and print it. It is not shown again."""
    expires_at = None if days is None else now() + timedelta(days=days)
    typer.echo(run(lambda opened: opened.create_token(email, name, expires_at)))


@tokens.command("list")
def list_tokens(email: Email) -> None:
    """List the API tokens of an account: name, date of creation, last use and expiry."""
    for token in run(lambda opened: opened.tokens(email)):
        used, expires = _date(token.last_used_at), _date(token.expires_at)
        typer.echo(f"{token.name}  {_date(token.created_at)}  used {used}  expires {expires}")


@tokens.command("revoke")
def revoke_token(email: Email, name: Annotated[str, typer.Option(help="Name of the token.")]) -> None:
    """Revoke all API tokens of an account that have this name."""
    count = run(lambda opened: opened.revoke_token(email, name))
    if not count:
        raise SettingsError(f"{email} has no API token with the name {name!r}. `twotrack token list` shows all.")
    typer.echo(f"Revoked: {count}.")
