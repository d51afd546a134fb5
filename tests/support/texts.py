"""Long texts: as models write them, and such as nothing can compress."""

import base64
import random

WORDS = [
    "the",
    "a",
    "stream",
    "grows",
    "naïve",
    "çédille",
    "漢字",
    "かな",
    "🧵",
    "👩‍👩‍👧",
    "“quoted”",
    '"',
    "\\",
    "</b>",
    "\u2028",
]


def story(characters: int, seed: int = 1) -> str:
    """Text as models write it, no two the same."""
    chosen = random.Random(seed)
    words = [f"{chosen.choice(WORDS)}{chosen.randrange(1_000)}" for _ in range(characters // 2)]
    return " ".join(words)[:characters]


def noise(characters: int) -> str:
    """Text in which there is nothing to compress but its alphabet."""
    return base64.b64encode(random.Random(1).randbytes(characters)).decode()[:characters]
