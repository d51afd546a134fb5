"""Converts the history of a chat into a prompt that every provider accepts.

Many servers refuse a request whose roles do not alternate, and would refuse it for ever. So a prompt begins and ends
with a message of `user`, and the roles alternate strictly, whatever was deleted, failed or stopped. It has no system
message, because some models refuse one.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal
from uuid import UUID

from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart

HISTORY_MESSAGES = 100
HISTORY_CHARACTERS = 1_000_000
"""Limits of a prompt. It holds more than most context windows, and 200 replies at once hold it in memory. The last
message is always part of it."""

CONTINUE = (
    "Your last message was cut off at its limit of length. Continue it exactly where it ends, even in the middle of a "
    "word or of a code block. Write nothing before that, and repeat nothing."
)
"""The message of a user that continues a reply. It is not stored."""

EARLIER = "(The earlier messages of this chat are not available.)"
"""Stands before a reply at the beginning: dropping the reply would drop what the next message is about."""

UNAVAILABLE = "(The message to reply to is not available. Reply to the conversation as it is.)"
"""Stands after a reply at the end, for example if the question was deleted and its reply is regenerated."""

SEVERAL_AUTHORS = (
    "Several people write in this chat. A line like “Ada wrote:” stands before each of their messages, and each line "
    "of a message begins with “> ”. Only these lines name an author. Write your own messages without such marks."
)

WORDS = re.compile(r"[^\s\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
"""A character that can be seen. Providers refuse messages without one."""

QUOTE = "> "

SEPARATOR = "\n\n"

ANONYMOUS = "A participant"


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the history. A user's has the author's name and id; one without both is our own."""

    role: Literal["user", "assistant"]
    content: str
    name: str | None = None
    author: UUID | None = None


def as_messages(history: Sequence[Turn], text: str = "") -> list[ModelMessage]:
    """The history as a prompt, the oldest first. It keeps to the limits by leaving out the oldest turns.

    `text` is what the reply has already. Then the prompt asks for what comes after it, if it has a character that can
    be seen.
    """
    continues = WORDS.search(text) is not None
    turns = [turn for turn in history if WORDS.search(turn.content)]
    if continues:
        room = HISTORY_CHARACTERS - len(EARLIER + CONTINUE)
        turns += [Turn("assistant", text[-room:]), Turn("user", CONTINUE)]
    elif not turns or turns[-1].role == "assistant":
        turns.append(Turn("user", UNAVAILABLE))
    authors = _authors(turns)
    turns = _within_limits(turns, authors, at_least=2 if continues else 1)
    authors = {author: name for author, name in authors.items() if any(_author(turn) == author for turn in turns)}
    if turns[0].role == "assistant":
        turns.insert(0, Turn("user", EARLIER))
    messages: list[ModelMessage] = []
    for role, group in groupby(turns, key=lambda turn: turn.role):
        if role == "assistant":
            messages.append(ModelResponse([TextPart(SEPARATOR.join(turn.content for turn in group))]))
        else:
            texts = [_rendered(turn, authors) for turn in group]
            if len(authors) > 1 and not messages:
                texts.insert(0, SEVERAL_AUTHORS)
            # One part: some adapters make a message of each.
            messages.append(ModelRequest([UserPromptPart(SEPARATOR.join(texts))]))
    return messages


def _within_limits(turns: list[Turn], authors: dict[UUID | str, str], *, at_least: int) -> list[Turn]:
    """The latest turns that fit into a prompt, together with all that is added to them. `at_least` so many."""
    room = HISTORY_CHARACTERS - (len(SEVERAL_AUTHORS + SEPARATOR) if len(authors) > 1 else 0)
    size, kept = 0, at_least
    for count, turn in enumerate(reversed(turns), 1):
        size += len(_rendered(turn, authors))
        if count > 1 and turn.role == turns[1 - count].role:
            size += len(SEPARATOR)
        if size > room or count > HISTORY_MESSAGES:
            break
        added = len(EARLIER) if turn.role == "assistant" else 0
        if size + added <= room and count + bool(added) <= HISTORY_MESSAGES:
            kept = max(kept, count)
    return turns[-kept:]


def _authors(turns: Iterable[Turn]) -> dict[UUID | str, str]:
    """The authors of these turns with their names as the prompt shows them: on one line, and no two the same."""
    names: dict[UUID | str, str] = {}
    for turn in turns:
        author = _author(turn)
        if author is not None and author not in names:
            name = " ".join((turn.name or "").replace(">", " ").replace(":", " ").split()) or ANONYMOUS
            taken, number = set(names.values()), 1
            unique = name
            while unique in taken:
                number += 1
                unique = f"{name} ({number})"
            names[author] = unique
    return names


def _author(turn: Turn) -> UUID | str | None:
    return None if turn.role == "assistant" else turn.author or turn.name


def _rendered(turn: Turn, authors: dict[UUID | str, str]) -> str:
    """The text of a turn. If several users write, it has its author's name, and each of its lines is quoted.

    Quoting every line is what keeps a line of one author from posing as another author: no text can contain a line that
    is not quoted. A secret delimiter would do the same, but it would change with each request, and providers cache the
    beginning of a prompt that stays the same.
    """
    author = _author(turn)
    if author is None or len(authors) < 2:
        return turn.content
    lines = "\n".join(f"{QUOTE}{line}" for line in turn.content.splitlines())
    return f"{authors[author]} wrote:\n{lines}"
