"""docs/asvs.md names each point of ASVS 5.0, level 2, once, and the tests that it names exist."""

import re
from itertools import chain

from tests.support.paths import ROOT

DOCS = ROOT / "docs"
ROWS = re.findall(r"^\| (\d+\.[^|]+) \| ([a-z ]+) \| (.+) \|$", (DOCS / "asvs.md").read_text(), re.MULTILINE)

SECTIONS = (
    "1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3 4.2:1 4.3:2 4.4:4 "
    "5.1:1 5.2:3 5.3:2 5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2 "
    "8.1:2 8.2:3 8.3:1 8.4:1 9.1:3 9.2:4 10.1:2 10.2:2 10.3:4 10.4:11 10.5:5 10.6:2 10.7:3 11.1:2 11.2:3 11.3:3 "
    "11.4:4 11.5:1 11.6:1 12.1:3 12.2:2 12.3:4 13.1:1 13.2:5 13.3:2 13.4:5 14.1:2 14.2:4 14.3:3 15.1:3 15.2:3 "
    "15.3:7 16.1:1 16.2:5 16.3:4 16.4:3 16.5:3 17.1:1 17.2:4 17.3:2"
)
"""The sections with points of levels 1 and 2, which come first in each, and how many they are."""


def points(row: str) -> list[str]:
    """`1.2.5 to 1.2.8, 1.3.1` as a list."""
    found = []
    for part in row.split(", "):
        first, _, last = part.partition(" to ")
        section, number = first.rsplit(".", 1)
        end = int(last.rsplit(".", 1)[1]) if last else int(number)
        found += [f"{section}.{each}" for each in range(int(number), end + 1)]
    return found


def test_each_point_of_level_2_is_in_the_table_once() -> None:
    sections = (section.split(":") for section in SECTIONS.split())
    expected = [f"{section}.{number}" for section, most in sections for number in range(1, int(most) + 1)]
    assert sorted(chain.from_iterable(points(row) for row, _, _ in ROWS)) == sorted(expected)


def test_a_point_that_holds_names_a_test_and_each_named_test_exists() -> None:
    for row, state, reason in ROWS:
        assert state in ("holds", "operator", "not applicable", "open"), row
        tests = re.findall(r"\[(\w+)\]\((\.\./(?:client/)?tests?/[^)]+)\)", reason)
        assert tests or state != "holds", row
        for name, path in tests:
            text = (DOCS / path).read_text()
            assert name == (DOCS / path).name.partition(".")[0].removesuffix(".py") or f"def {name}(" in text, name
