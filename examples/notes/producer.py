"""Writes the body of a note: elaborates its title, word by word, at the pace of a fast writer."""

import asyncio

from api.streaming import Draft
from examples.notes.models import Note

WORDS_PER_SECOND = 12

PARAGRAPHS = (
    "{title}: at first sight there is little to say about it, and that is a good reason to look twice.",
    "Begin with the plain facts. Who needs {title}? When, and how often? What happens if nobody takes care of it? "
    "Write the answers down in the order in which they come; they can be sorted later.",
    "Then look at {title} from the other side. What would have to be true for the opposite to be better? "
    "One honest counterexample is worth more than three arguments.",
    "Finally, decide on one small step that can be done today. {title} does not get easier by waiting, "
    "and the second step is always clearer after the first.",
)


async def write_note(note: Note, draft: Draft) -> None:
    """Append the words of the body. The worker publishes them several times a second, and completes the note."""
    body = "\n\n".join(PARAGRAPHS).format(title=note.title)
    for number, word in enumerate(body.split(" ")):
        draft.append(f" {word}" if number else word)
        await asyncio.sleep(1 / WORDS_PER_SECOND)
