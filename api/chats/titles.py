"""What a chat that nobody has named is called: what its first message that says something says first."""

import re

TITLE_WIDTH = 60
"""Characters: what a list of chats shows in a line or so."""

CODE = re.compile(r"^ *(```|~~~).*?(^ *\1|\Z)", re.DOTALL | re.MULTILINE)

READ_CHARACTERS = 2_000
"""Of a message: a title stands at its beginning, and the patterns below take the square of what they read."""

LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")

LINE_MARKS = re.compile(r"^[\s>]*(#{1,6}\s|[-*+]\s|\d+[.)]\s|>)?\s*")

INLINE_MARKS = re.compile(r"[*~`]+|(?<!\w)_+|_+(?!\w)")
"""Not within a word: `snake_case` is one."""

SENTENCE = re.compile(r"(?<=[.!?\u2026])\s+|(?<=[\u3002\uff01\uff1f])")
"""In Chinese and Japanese, no space follows a full stop."""

LOOSE_ENDS = " .,:;-\u2013\u2014\u2026\u3002"
"""What a title does not end with."""

GREETING = re.compile(
    r"(hi|hello|hey|hallo|dear|good (morning|afternoon|evening|day)|bonjour|hola|ciao|thanks|thank you|please|ok|okay)"
    r"( (there|all|everybody|everyone|again|assistant))?",
    re.IGNORECASE,
)


def title_of(content: str) -> str | None:
    """None if it says nothing that a chat could be called: a greeting, a block of code."""
    for line in CODE.sub("\n", content)[:READ_CHARACTERS].splitlines():
        plain = INLINE_MARKS.sub("", LINE_MARKS.sub("", LINK.sub(r"\1", line)))
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
