"""The documents say what the code does: settings, tests, log events, error codes, links and GraphQL are compared."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from api.errors import RequestError
from api.graphql.transport import close_codes
from api.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs/operations.md").read_text()
PROTOCOL = (ROOT / "docs/protocol.md").read_text()

DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "client/README.md", "examples/**/*.md", ".github/*.md")
    for path in ROOT.glob(pattern)
    if "node_modules" not in path.parts
)

TOO_BIG = 1009
"""The close code for a message that is too large: the websockets library sends it."""

TABLE_DEFAULTS = {"SECRET_KEY", "FORMER_SECRET_KEYS", "ALLOWED_ORIGINS", "ALLOWED_HOSTS", "METRICS_PORT"}
"""Described in words: none has a value that could be written down."""


def test_the_table_of_settings_has_every_setting_and_its_default() -> None:
    table = section(OPERATIONS, "## Settings")
    written = dict(re.findall(r"^\| `([A-Z_]+)` \| (.+?) \|", table, re.MULTILINE))
    assert set(written) == {name.upper() for name in Settings.model_fields}
    for name, value in defaults().items():
        if name not in TABLE_DEFAULTS:
            assert written[name] == f"`{value}`", name


def test_the_example_of_an_env_file_has_every_setting_and_its_default() -> None:
    written = dict(re.findall(rf"^# {PREFIX}([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert written == defaults()


def defaults() -> dict[str, str]:
    """Every setting as it would be written in the environment."""

    def spelled(value: object) -> str:
        match value:
            case None | ():
                return ""
            case bool():
                return str(value).lower()
            case float():
                return f"{value:g}"
            case _:
                return str(value)

    return {name.upper(): spelled(field.default) for name, field in Settings.model_fields.items()}


def test_every_test_that_a_document_names_exists() -> None:
    sources = list((ROOT / "tests").rglob("*.py"))
    known = {path.name for path in sources}
    known |= {name for path in sources for name in re.findall(r"def (test_\w+)", path.read_text())}
    for document in DOCUMENTS:
        named = set(re.findall(r"`(test_\w+(?:\.py)?)`", document.read_text()))
        assert named <= known, (document, named - known)


def test_the_promises_link_every_test_of_them() -> None:
    linked = re.findall(r"\(\.\./tests/promises/(\w+\.py)\)", (ROOT / "docs/promises.md").read_text())
    assert linked == sorted(path.name for path in (ROOT / "tests/promises").glob("test_*.py"))


def test_every_file_and_folder_that_a_document_names_exists() -> None:
    for document in DOCUMENTS:
        for path in re.findall(r"`((?:api|bench|client|docs|examples|tests|tools)/[\w./-]*)`", document.read_text()):
            assert (ROOT / path).exists(), (document, path)


def test_every_log_event_that_the_operator_is_told_of_is_logged() -> None:
    table = section(OPERATIONS, "## Alarms")
    cells = re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
    events = [event for cell in cells for event in re.findall(r"`([^`]+)`", cell) if not event.isupper()]
    code = "".join(path.read_text() for path in (ROOT / "api").rglob("*.py"))
    assert len(events) >= 8
    for event in events:
        assert f'"{event}"' in code, event


def test_the_table_of_metrics_has_every_metric() -> None:
    code = (ROOT / "api/server/metrics.py").read_text()
    assert set(re.findall(r"`(twotrack_\w+)", OPERATIONS)) == set(re.findall(r'"(twotrack_\w+)"', code))


def test_the_protocol_lists_every_code() -> None:
    requests = section(PROTOCOL, "## 10. Errors")
    assert first_cells(requests) >= {kind.code for kind in RequestError.__subclasses__()} | {"INTERNAL"}
    closes = {value for value in vars(close_codes).values() if isinstance(value, int) and value > 1_000}
    assert {int(cell) for cell in first_cells(section(PROTOCOL, "## 11. Close codes"))} == {*closes, TOO_BIG}
    schema = build_schema((ROOT / "schema.graphql").read_text())
    for enum in ("StreamErrorCode", "StreamStatus"):
        for value in schema.type_map[enum].values:  # type: ignore[attr-defined]
            assert f"`{value}`" in PROTOCOL, value


def section(document: str, heading: str) -> str:
    return document.partition(f"{heading}\n")[2].partition("\n## ")[0]


def first_cells(table: str) -> set[str]:
    """The first cells of the rows of all tables, without their heads."""
    cells = re.findall(r"^\| `?([^`|]+?)`? \|", table, re.MULTILINE)
    return {cell for cell in cells if cell.replace("_", "").isupper() or cell.isdigit()}


FENCED = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(language: str) -> Iterator[tuple[str, str]]:
    """Name and code of each block of all documents."""
    for document in DOCUMENTS:
        for written, code in FENCED.findall(document.read_text()):
            if written == language:
                yield f"{document.relative_to(ROOT)}: {code.splitlines()[0]}", code


def test_the_graphql_of_the_documents_is_valid() -> None:
    text = (ROOT / "schema.graphql").read_text()
    schema = build_schema(text)
    operations = {name: code for name, code in blocks("graphql") if re.match(r"query|mutation|subscription|\{", code)}
    assert len(operations) >= 5
    for name, code in operations.items():
        assert validate(schema, parse(code)) == [], name


def test_the_json_of_the_protocol_is_valid_and_so_is_the_graphql_in_it() -> None:
    schema = build_schema((ROOT / "schema.graphql").read_text())
    messages = [json.loads(line) for _, code in blocks("json") for line in code.splitlines()]
    bodies = [json.loads(line) for line in PROTOCOL.splitlines() if line.startswith('{"query"')]
    requests = bodies + [message["payload"] for message in messages if message.get("type") == "subscribe"]
    assert len(requests) >= 4
    for request in requests:
        assert validate(schema, parse(request["query"])) == [], request


def test_the_page_of_the_readme_is_the_one_that_the_client_package_tests() -> None:
    page = one(ROOT / "README.md", "tsx")
    tested = one(ROOT / "client/README.md", "tsx apollo.tsx").splitlines()
    assert [line for line in page.splitlines() if line not in tested] == []


def one(document: Path, fence: str) -> str:
    """The first block with this fence."""
    return document.read_text().partition(f"```{fence}\n")[2].partition("```")[0]


def test_the_tracks_of_the_readme_are_those_of_the_models() -> None:
    models = "".join(path.read_text() for path in (ROOT / "api").rglob("models.py"))
    for document in ("README.md", "docs/concepts.md"):
        lines = re.findall(r"^(?:class|    __track__).*$", one(ROOT / document, "python"), re.MULTILINE)
        assert len(lines) == 4
        for line in lines:
            assert line in models, line


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_links_of_a_document_lead_somewhere(document: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.DOTALL | re.MULTILINE)
    for link in re.findall(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", text):
        target = link[0] or link[1]
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def anchors(document: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_decision_is_listed_and_has_its_sections() -> None:
    folder = ROOT / "docs/decisions"
    files = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert files == sorted(re.findall(r"\(([0-9]{4}-[a-z0-9-]+\.md)\)", (folder / "README.md").read_text()))
    for number, name in enumerate(files, 1):
        text = (folder / name).read_text()
        assert text.startswith(f"# {number}. "), name
        assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequence"], name
