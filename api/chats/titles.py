"""Titles of chats without a title: the first sentence of the first message that has a usable one."""

import re

from api.characters import without_disturbing

UNTITLED = "New chat"
"""The title of a chat until it is named after a message or renamed."""

TITLE_WIDTH = 60
"""Characters: about one line of a list of chats."""

CODE = re.compile(r"^ *(```|~~~).*?(^ *\1|\Z)", re.DOTALL | re.MULTILINE)

READ_CHARACTERS = 2_000
"""Characters of a message that are searched. The patterns below take time that is quadratic in this length."""

LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")

LINE_MARKS = re.compile(r"^[\s>]*(#{1,6}\s|[-*+]\s|\d+[.)]\s|>)?\s*")

INLINE_MARKS = re.compile(r"[*~`]+|(?<!\w)_+|_+(?!\w)")
"""Underscores inside a word stay: `snake_case` is one word."""

SENTENCE = re.compile(r"(?<=[.!?\u2026])\s+|(?<=[\u3002\uff01\uff1f])")
"""The end of a sentence. In Chinese and Japanese, no space follows a full stop."""

LOOSE_ENDS = " .,:;-\u2013\u2014\u2026\u3002"
"""Characters that are cut off the end of a title."""

GREETING = re.compile(
    r"(hi|hello|hey|hallo|dear|good (morning|afternoon|evening|day)|bonjour|hola|ciao|thanks|thank you|please|ok|okay)"
    r"( (there|all|everybody|everyone|again|assistant))?",
    re.IGNORECASE,
)


def title_of(content: str) -> str | None:
    """A title for a chat with this message; None if the message has only greetings or code."""
    for line in CODE.sub("\n", content)[:READ_CHARACTERS].splitlines():
        plain = INLINE_MARKS.sub("", LINE_MARKS.sub("", LINK.sub(r"\1", without_disturbing(line))))
        for sentence in SENTENCE.split(plain):
            words = " ".join(sentence.split()).rstrip(LOOSE_ENDS)
            if any(map(str.isalnum, words)) and not GREETING.fullmatch(words.rstrip("!?")):
                return _cut(words[0].upper() + words[1:])
    return None


def _cut(words: str) -> str:
    if len(words) <= TITLE_WIDTH:
        return words
    whole, _, _ = words[:TITLE_WIDTH].rpartition(" ")
    return (whole or words[: TITLE_WIDTH - 1]).rstrip(LOOSE_ENDS) + "…"
