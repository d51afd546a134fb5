"""The text of the scripted model: Markdown of an exact length, the same for the same question.

It contains what real replies contain, so that a page can be judged by it: headings, paragraphs, lists, tables, quotes
and code, in sentences that make sense. Its subject is always how to do a piece of work.
"""

import itertools
import random
import re
from collections.abc import Iterator, Sequence

QUOTED_CHARS = 80
"""Characters of the question that the first line repeats."""

WORDS = {
    "thing": (
        "the draft", "the plan", "the first version", "the schedule", "the budget", "the outline", "the sketch",
        "the list of questions", "the prototype", "the summary", "the diagram", "the timetable", "the notebook",
    ),
    "person": (
        "a colleague", "a patient friend", "the person who asked", "somebody new to the subject", "your future self",
        "whoever inherits it", "a neighbour", "a stranger in a café", "the most sceptical person you know",
    ),
    "time": (
        "before lunch", "by Friday", "within the hour", "over a quiet weekend", "in the first ten minutes",
        "after a night's sleep", "every other morning", "at the end of the month", "on the way home",
    ),
    "cost": (
        "an afternoon", "a little pride", "two e-mails", "about a day", "less than a coffee", "one awkward question",
        "half a page", "a spare morning", "a week that nobody planned for",
    ),
    "risk": (
        "a forgotten assumption", "a number copied by hand", "the step that only one person knows", "a late change",
        "the exception that everybody remembers differently", "a deadline set too early",
        "silence from the one who decides",
    ),
}  # fmt: skip

SLOT = re.compile(r"\{(\w+)\}")

SENTENCES = (
    "Most of the work is deciding what to leave out, and {thing} is a good place to practise that.",
    "If you show {thing} to {person} {time}, you will learn more than from another round of polishing.",
    "A good test is whether {person} could carry on with {thing} after reading it once.",
    "The usual trap is {risk}, which costs {cost} if you catch it {time} and far more if you don't.",
    "It helps to separate what you know from what you merely expect; {thing} tends to mix the two.",
    "Write the question at the top of the page, so that {thing} cannot quietly answer a different one.",
    "People remember the first example they are given, so choose it with {person} in mind.",
    "Some things only become clear {time}, and there is no shame in waiting for them.",
    "When two options look equally good, take the one that is cheaper to undo — usually {thing}.",
    "Numbers help, but only those that {person} would act on: the rest is decoration.",
    "A small version that works {time} beats a large one that is nearly finished.",
    "Nobody reads everything, so let each part of {thing} say in its first line what it is for.",
    "It is naïve to hope that {risk} will sort itself out, and easy to check {time}.",
    "What looks like a matter of taste is often {risk} in disguise.",
    "Ask {person} what they would cut; the answer is rarely what you would have guessed.",
    "Keep the old version next to {thing} until you have needed it once or gone a month without.",
    "Three short steps → one visible result: that rhythm carries {thing} past the dull middle.",
    "If it can be explained to {person} {time}, it can probably be finished as well.",
    "What you would rather not look at is where to look for {risk}, {time} if you can.",
    "Comparing {thing} with somebody else's is only fair if both answer the same question.",
    "It takes {cost} to find out whether {person} sees it the same way.",
    "The first hour goes into understanding, the second into {thing}, and the third into doubting both.",
    "If {person} hesitates at {thing}, the fault is in the page and not in the reader.",
    "Rules of thumb are fine until {risk} turns up; then you want to know where they came from.",
    "Done {time} and imperfect is worth more than flawless and too late to matter to {person}.",
    "Take {thing} apart once, even if it works, to see which piece carries the weight.",
    "A habit beats a heroic effort: {cost}, {time}, and nothing to remember.",
    "Should it go wrong, going back ought to cost {cost} and not a reputation.",
    "Two people can disagree about {thing} and still agree on what would settle it.",
    "Keep one page for what went well, or {person} will only hear about the rest.",
    "Repeating a measurement costs {cost}; repeating a decision that rested on a wrong one costs more.",
    "Agree {time} on what “done” means, or {thing} will keep growing.",
    "There is a difference between slow and careful, and {thing} shows which of them it was.",
    "Where the evidence is thin, say so to {person} in the same sentence and not in a footnote.",
    "Leave room for {risk}: a plan without slack is a wish.",
    "Whatever you choose, put down why, since {person} will ask {time}.",
    "A plan that makes you smile 🙂 is not wrong for that, but show it to {person} all the same.",
    "Half of the difficulty goes away once {thing} has a name that everybody uses.",
)

STEPS = (
    "Put {thing} where everybody can see it.",
    "Ask {person} for one honest sentence.",
    "Look for {risk}.",
    "Set aside {cost} for what goes wrong.",
    "Go through {thing} {time}, aloud.",
    "Strike out what nobody would miss.",
    "Compare {thing} with last time's.",
    "Decide {time}, and tell {person}.",
    "Note what surprised you about {thing}.",
    "Stop when the next hour would not change the outcome.",
)

HEADINGS = (
    "The short answer", "What it costs", "A first attempt", "Where to begin", "How to tell whether it works",
    "What usually goes wrong", "Choosing between two ways", "What to measure", "When to ask for help",
    "A worked example", "Getting it into shape", "Questions worth asking", "Making it last", "The dull middle",
    "What others do", "Small print", "If time is short", "If money is short", "A second opinion", "Handing it over",
    "What to leave out", "Signs of trouble", "A calmer schedule", "Looking back",
)  # fmt: skip

CODE = (
    "```python\ndef remaining(steps: list[str], done: set[str]) -> list[str]:\n"
    '    """What is still to do, in order."""\n    return [step for step in steps if step not in done]\n\n\n'
    'plan = ["ask", "sketch", "try", "show"]\n'
    'print(remaining(plan, done={"ask"}))  # {thing} comes next\n```',
    "```sql\n-- who has looked at {thing}, latest first\nselect reader, max(read_at) as last_read\nfrom readings\n"
    "where topic = 'plan'\ngroup by reader\norder by last_read desc;\n```",
    "```typescript\ntype Step = { name: string; hours: number; done: boolean };\n\n// what {person} will ask first\n"
    "const left = (steps: Step[]): number =>\n"
    "  steps.filter((step) => !step.done).reduce((sum, step) => sum + step.hours, 0);\n```",
    '```sh\n# a copy, {time}\nset -eu\ncp -r plan "plan-$(date +%F)"\nls -1dt plan-* | head -n 7\n```',
)

CLOSINGS = (
    "Begin today.", "Stay curious.", "Write it down.", "Then ask again.", "Keep what works.", "Measure it twice.",
    "Leave some margin.", "Drop what does not.", "Show somebody early.", "Nobody minds a draft.",
    "Good notes save hours.", "That is enough for now.", "Ask me for any one part.",
)  # fmt: skip
"""One sentence of each length from 12 to 24 characters. Joined by spaces, they add up to any length from 12 on."""

SHORTEST = min(map(len, CLOSINGS))
LONGEST = max(map(len, CLOSINGS))


def markdown(question: str, chars: int) -> Iterator[str]:
    """Blocks with `chars` characters in total. They end in a whole sentence if there is room for one."""
    author = _Author(question)
    left, gap = chars, ""
    for block in author.blocks():
        block = gap + block
        if len(block) + len("\n\n") + SHORTEST > left:
            break
        yield block
        left, gap = left - len(block), "\n\n"
    yield gap + author.sentences(left - len(gap))


def reasoning(question: str, chars: int) -> str:
    """Reasoning with `chars` characters, in whole sentences."""
    return _Author(question).sentences(chars)


class _Author:
    """Chooses from the lists above, by random numbers whose seed is the question."""

    def __init__(self, question: str) -> None:
        self._question = question
        self._random = random.Random(question)  # noqa: S311 - not a secret, and it must be repeatable
        self._sentences = self._filled_in_turn(SENTENCES)
        self._steps = self._filled_in_turn(STEPS)
        self._words = {slot: self._shuffled(words) for slot, words in WORDS.items()}
        self._code = self._filled_in_turn(CODE)

    def blocks(self) -> Iterator[str]:
        """An endless document, block by block."""
        yield self._opening()
        kinds = itertools.cycle((self._bullets, self._table, self._code_block, self._numbered, self._quote))
        for heading, kind in zip(self._filled_in_turn(HEADINGS), kinds, strict=False):
            yield f"## {heading}\n\n{self._paragraph(3)}"
            yield kind()
            yield self._paragraph(2)

    def sentences(self, chars: int) -> str:
        """Whole sentences with exactly `chars` characters; if the shortest is longer, the start of it."""
        if chars < SHORTEST:
            return CLOSINGS[0][: max(chars, 0)]
        sentences = []
        while (sentence := next(self._sentences)) and chars - len(sentence) - 1 >= SHORTEST:
            sentences.append(sentence)
            chars -= len(sentence) + 1
        while chars > LONGEST:
            sentence = self._random.choice([short for short in CLOSINGS if chars - len(short) - 1 >= SHORTEST])
            sentences.append(sentence)
            chars -= len(sentence) + 1
        return " ".join([*sentences, *(short for short in CLOSINGS if len(short) == chars)])

    def _opening(self) -> str:
        quoted = " ".join(self._question.split())
        if len(quoted) > QUOTED_CHARS:
            quoted = quoted[:QUOTED_CHARS].rsplit(" ", 1)[0] + " …"
        return f"You asked: “{quoted}” — here is how I would go about it."

    def _paragraph(self, length: int) -> str:
        return " ".join(itertools.islice(self._sentences, length))

    def _bullets(self) -> str:
        return "\n".join(f"- **{next(self._steps)}** {next(self._sentences)}" for _ in range(3))

    def _numbered(self) -> str:
        return "\n".join(f"{number}. {next(self._steps)}" for number in range(1, 6))

    def _quote(self) -> str:
        return f"> {next(self._sentences)}"

    def _code_block(self) -> str:
        return next(self._code)

    def _table(self) -> str:
        rows = ("| Option | By when | Costs | Watch out for |", "| --- | --- | ---: | --- |")
        options = (
            self._filled(f"| {name} | {{time}} | {{cost}} | {{risk}} |") for name in ("Small", "Middle", "Large")
        )
        return "\n".join((*rows, *options))

    def _filled_in_turn(self, lines: Sequence[str]) -> Iterator[str]:
        return map(self._filled, self._shuffled(lines))

    def _shuffled(self, lines: Sequence[str]) -> Iterator[str]:
        """Endlessly all lines in random order, each once before any comes again."""
        while True:
            yield from self._random.sample(lines, len(lines))

    def _filled(self, line: str) -> str:
        return SLOT.sub(lambda slot: next(self._words[slot[1]]), line)
