"""`twotrack reply`: the replies that wait or are being written, for an operator."""

from typing import Annotated
from uuid import UUID

import typer

from api.errors import BadUserInput
from api.streaming.columns import now
from api.user_commands import run

replies = typer.Typer(no_args_is_help=True, help="Replies that wait or are being written: list and cancel them.")


@replies.command("list")
def list_replies() -> None:
    """List unfinished replies, the oldest first: id, state, chat, age, writer, lease, and how often it was claimed.

    The writer is the id of a worker, as in its log. The lease is the time until another process settles the reply.
    """
    for reply in run(lambda opened: opened.replies()):
        writer = "an agent" if reply.is_outside else reply.writer
        state = "waiting" if writer is None else f"written by {writer}"
        age = (now() - reply.requested_at).total_seconds()
        lease = "none" if reply.lease_seconds is None else f"{reply.lease_seconds:.0f} s"
        typer.echo(f"{reply.id}  {state}  chat {reply.chat}  age {age:.0f} s  lease {lease}  tries {reply.tries}")


@replies.command("cancel")
def cancel_reply(reply: Annotated[str, typer.Argument(metavar="ID", help="Id of the reply.")]) -> None:
    """Stop a reply, and keep its text. It ends for all who follow it, as if a participant had stopped it."""
    run(lambda opened: opened.cancel_reply(_key(reply)))
    typer.echo(f"The reply {reply} is stopped.")


def _key(reply: str) -> UUID:
    """The key of a reply, from the id in the list or that of GraphQL. Raises BadUserInput."""
    from api.graphql import relay

    try:
        return UUID(reply)
    except ValueError:
        pass
    try:
        return relay.key_of("Message", reply)
    except BadUserInput:
        raise BadUserInput(f"{reply[:60]!r} is not the id of a reply. `twotrack reply list` shows all.") from None
