"""Finds words that make texts hard to read, in schema, docstrings, comments, messages and documents.

    python -m tools.words            # everything that is written for readers
    python -m tools.words api/chats  # some files or folders

The rest of plain writing cannot be checked by a program: a second reader has to do it.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from graphql import Node, StringValueNode, parse, visit
from graphql.language.visitor import Visitor

ROOT = Path(__file__).parents[1]

WRITTEN_FOR_READERS = (
    *("schema.graphql", "api", "bench", "tools", "client/src", "client/app", "client/graphiql", "examples", "docs"),
    *("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "client/README.md"),
)

GENERATED = ("dist", "node_modules", "documents.ts")

AVOID = {
    r"who(m)?ever|(some|any|every)(body|one)|nobody|no one|oneself|(?<!first )(?<!last )(?<!next )(?<!other )one's": (
        "Name the actor: client, server, worker, writer, subscriber, viewer, participant, owner, provider, operator."
    ),
    r"tell(s|ing)?|told": "Say what happens: send, report, show, name, distinguish.",
    r"hear(s|d|ing)?": "The word of the field is `receive`.",
    r"stir(s|red|ring)?": "The word of the field is `wake`.",
    r"doubt(s|ed|ing|ful)?": "The word of the field is `invalidate`. For people: be unsure.",
    r"look(s|ed|ing)?(?! (up|like|the same)\b)": "Say what is done: read, check, fetch, authorize again.",
    r"part(s|ed|ing)? (company|from|ways|with)|parting": "Say which end it is: close, disconnect, leave, drain.",
    r"mend(s|ed|ing)?": "Use `fix` or `correct`.",
    r"news": "Say which: update, event, latest state.",
    r"(in|out of) sight": "Use `visible to the viewer` or `not visible`.",
    r"as good as": "Say what is known, and what is not.",
}
"""Words, as patterns without regard to case, each with what to write instead."""

NO_BEGINNING = {
    r"Who(se|m)?\b": "Begin with a noun or a verb: `The authenticated viewer.`, not `Whose it is.`",
    r"(Where|Why) (it|they)\b": ("Begin with a noun or a verb: `Status of the message.`, not `Where it stands.`"),
}
"""Beginnings of sentences that are no questions, as patterns, each with what to write instead."""

NO_DESCRIPTION = r"(Who|Whose|Whom|What|Which|Where|When|Why|How|It|They|Its|Their)\b"
"""Beginnings of descriptions that make no sense without what stands beside them."""

EXCEPTIONS = {
    "api/chats/titles.py:everybody": "Part of a greeting that people write.",
    "api/chats/titles.py:everyone": "Part of a greeting that people write.",
    "api/replies/prose.py": "The scripted model's replies: fiction for demonstrations, in the voice of a story.",
    "tools/words.py": "Lists the words.",
}
"""Files, folders and words in a file that are not reported, each with the reason."""

PATTERNS = [
    *((re.compile(rf"\b({words})\b", re.IGNORECASE), advice) for words, advice in AVOID.items()),
    *((re.compile(rf"(?:^|[.!?]\s+)({words})(?![^.!]*\?)"), advice) for words, advice in NO_BEGINNING.items()),
]

MESSAGE_WORDS = 3
"""Strings of fewer words are names and keys, not messages."""

TYPESCRIPT = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`""",
    re.DOTALL,
)

JSX_TEXT = re.compile(r">([^<>{}=;]+)<")

FENCED = re.compile(r"^```.*?^```$|`[^`\n]*`", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Text:
    """A text for readers, and the line that it begins on."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A text that breaks a rule. `advice` is what to do."""

    file: str
    line: int
    quote: str
    advice: str

    @property
    def excepted(self) -> bool:
        return f"{self.file}:{self.quote.lower()}" in EXCEPTIONS or any(
            self.file.startswith(path) for path in EXCEPTIONS if ":" not in path
        )

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.quote!r}. {self.advice}"


def findings(*paths: str) -> list[Finding]:
    """Everything that breaks a rule in these files and folders of the repository, but the exceptions."""
    found = (finding for path in paths for file in files(ROOT / path) for finding in in_file(file))
    return [finding for finding in found if not finding.excepted]


def files(path: Path) -> Iterator[Path]:
    """The files with texts for readers in a folder, or the file itself."""
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.suffix in READERS and not any(part in GENERATED for part in file.parts):
            yield file


def in_file(file: Path) -> Iterator[Finding]:
    """Everything that breaks a rule in a file."""
    name = str(file.relative_to(ROOT))
    for text in READERS[file.suffix](file.read_text()):
        for quote, line, advice in in_text(text):
            yield Finding(name, line, quote, advice)
        if file.suffix == ".graphql":
            for advice in in_description(text.text):
                yield Finding(name, text.line, text.text, advice)


def in_text(text: Text) -> Iterator[tuple[str, int, str]]:
    """Each word to avoid, with its line and the advice."""
    for pattern, advice in PATTERNS:
        for found in pattern.finditer(text.text):
            yield found[1], text.line + text.text.count("\n", 0, found.start(1)), advice


def in_description(description: str) -> Iterator[str]:
    """The rules that a GraphQL description breaks."""
    if not description[:1].isupper():
        yield "Begin with a capital letter."
    if len(description.split()) < MESSAGE_WORDS:
        yield f"Use at least {MESSAGE_WORDS} words: GraphiQL shows one description at a time."
    if not description.endswith("."):
        yield "End with a full stop."
    if re.match(NO_DESCRIPTION, description):
        yield "Begin with a noun or a verb: GraphiQL shows one description at a time."


def python(source: str) -> Iterator[Text]:
    """Comments, docstrings and messages."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield Text(token.start[0], token.string.lstrip("# "))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value.split()) >= MESSAGE_WORDS:
            yield Text(node.lineno, node.value)


def typescript(source: str) -> Iterator[Text]:
    """Comments and messages."""
    for found in TYPESCRIPT.finditer(source):
        if found[0].startswith("/") or len(found[0].split()) >= MESSAGE_WORDS:
            yield Text(source.count("\n", 0, found.start()) + 1, found[0].strip("/*\"'` "))


def tsx(source: str) -> Iterator[Text]:
    """Comments, messages, and the text of elements."""
    yield from typescript(source)
    for found in JSX_TEXT.finditer(source):
        if len(found[1].split()) >= MESSAGE_WORDS:
            yield Text(source.count("\n", 0, found.start(1)) + 1, found[1])


def markdown(source: str) -> Iterator[Text]:
    """Everything but code. Blank lines keep the numbers of the others right."""
    prose = FENCED.sub(lambda code: "\n" * code[0].count("\n"), source)
    yield from (Text(number, line.strip("#-*> ")) for number, line in enumerate(prose.splitlines(), 1))


class Descriptions(Visitor):
    """Collects the descriptions of a schema."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Text] = []

    def enter(self, node: Node, *_: object) -> None:
        description = getattr(node, "description", None)
        if isinstance(description, StringValueNode):
            assert description.loc is not None
            self.found.append(Text(description.loc.start_token.line, description.value))


def graphql(source: str) -> Iterator[Text]:
    """Descriptions."""
    descriptions = Descriptions()
    visit(parse(source), descriptions)
    yield from descriptions.found


READERS = {".py": python, ".ts": typescript, ".tsx": tsx, ".md": markdown, ".graphql": graphql}

if __name__ == "__main__":
    found = findings(*(sys.argv[1:] or WRITTEN_FOR_READERS))
    print(*found, sep="\n")
    sys.exit(bool(found))
