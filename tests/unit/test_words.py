"""The texts of the project avoid the words that `tools.words` lists, and its rules find what they are meant to find."""

import pytest

from tools.words import EXCEPTIONS, READERS, ROOT, Text, files, findings, in_description, in_file, in_text

CHECKED = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "api/__main__.py",
    "api/accounts",
    "api/backup",
    "api/base.py",
    "api/chats",
    "api/database.py",
    "api/errors.py",
    "api/identity.py",
    "api/inputs.py",
    "api/keyset.py",
    "api/logs.py",
    "api/migrations",
    "api/product.py",
    "api/schema",
    "api/sqlite.py",
    "api/streaming",
    "client/app/markdown",
    "client/app/preload",
    "client/app/ui",
    "client/graphiql",
    "client/src/apollo",
    "client/src/core/sync",
    "docs",
    "schema.graphql",
]
"""Files and folders. A new one is added when its texts pass."""


@pytest.mark.parametrize("path", CHECKED)
def test_texts_for_readers_avoid_the_words_of_the_list(path: str) -> None:
    assert list(files(ROOT / path)) != []
    assert "\n".join(map(str, findings(path))) == ""


@pytest.mark.parametrize("exception", EXCEPTIONS)
def test_every_exception_is_still_needed(exception: str) -> None:
    path, _, word = exception.partition(":")
    found = [finding.quote.lower() for file in files(ROOT / path) for finding in in_file(file)]
    assert word in found if word else found


@pytest.mark.parametrize(
    "text",
    [
        "Whoever sends has its key locked already.",
        "Waits until somebody reads it.",
        "Change the text of one's own message.",
        "What the hub is told of a row.",
        "A channel that every process hears.",
        "All look again after a doubt.",
        "The server parts from its clients.",
        "Whose it is.",
        "The message. Where it stands.",
        "Why it was not sent.",
    ],
)
def test_a_text_with_a_word_of_the_list_is_found(text: str) -> None:
    assert list(in_text(Text(1, text))) != []


@pytest.mark.parametrize(
    "text",
    [
        "Parts of the document are cached.",
        "Unknown and deleted objects look the same.",
        "Looks up the row by its key.",
        "From the first one's arrival to the last one's.",
        "The chat whose messages are read.",
        "Who may delete a chat?",
        "The partition, the lookup and the newsletter.",
    ],
)
def test_a_text_without_any_is_not(text: str) -> None:
    assert list(in_text(Text(1, text))) == []


@pytest.mark.parametrize(
    "description",
    ["the message.", "Its id.", "The message", "What can be asked here.", "Where it stands in a list."],
)
def test_a_description_that_does_not_stand_alone_is_found(description: str) -> None:
    assert list(in_description(description)) != []


def test_a_description_that_stands_alone_is_not() -> None:
    assert list(in_description("Status of the message: streaming, or how it ended.")) == []


SOURCES = {
    ".py": "'''A docstring of\n\nthree words.'''\nname = 'a name'\nraise E('A message of words.')  # a comment\n",
    ".ts": """const a = "https://two"; // a comment\n/** A\n * doc. */\nthrow new Error('A message of words.');\n""",
    ".tsx": """const a = <p className="one two three">\n  Don't say this.\n</p>;\n""",
    ".md": "# A heading\n\n```python\nsomebody = 1\n```\nA line with `code` in it.\n",
    ".graphql": '"""A description."""\ntype Query {\n  "Another one, of a field."\n  viewer: ID\n}\n',
}

TEXTS = {
    ".py": [(1, "A docstring of\n\nthree words."), (5, "A message of words."), (5, "a comment")],
    ".ts": [(1, "a comment"), (2, "A\n * doc."), (4, "A message of words.")],
    ".tsx": [(1, "\n  Don't say this.\n"), (1, "one two three")],
    ".md": [(1, "A heading"), (6, "A line with  in it.")],
    ".graphql": [(1, "A description."), (3, "Another one, of a field.")],
}


@pytest.mark.parametrize("suffix", READERS)
def test_the_texts_of_a_file_are_found_and_its_code_is_not(suffix: str) -> None:
    assert sorted((text.line, text.text) for text in READERS[suffix](SOURCES[suffix]) if text.text) == TEXTS[suffix]


def test_a_word_is_reported_on_its_line() -> None:
    assert [line for _, line, _ in in_text(Text(10, "The first line.\nThe second, for somebody.\n"))] == [11]
