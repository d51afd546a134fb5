"""Any number of rows go to the database as one parameter of one statement, and arrive as they were."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import BigInteger, Enum, Float, String, Text, Uuid, select
from sqlalchemy.types import TypeEngine

from api.streaming.batch import batch
from api.streaming.columns import Status
from tests.unit.streaming.house import House

KINDS: dict[str, TypeEngine[Any]] = {
    "id": Uuid(),
    "count": BigInteger(),
    "share": Float(),
    "body": Text(),
    "ink": String(10),
    "status": Enum(Status, native_enum=False, length=10),
}


async def through_the_database(here: House, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    sent = batch(here.database.dialect, KINDS, rows)
    return [dict(row._mapping) for row in await here.database.read(select(*(sent.c[name] for name in KINDS)))]


async def test_every_type_arrives_as_it_was(here: House) -> None:
    row = {"id": uuid4(), "count": 2**62, "share": 0.1, "body": "a", "ink": "blue", "status": Status.FAILED}
    assert await through_the_database(here, [row]) == [row]


async def test_what_a_row_lacks_is_null(here: House) -> None:
    key = uuid4()
    (row,) = await through_the_database(here, [{"id": key, "body": None}])
    assert row == {**dict.fromkeys(KINDS), "id": key}


TEXTS = [
    "",
    " ",
    "null",
    "true",
    "12",
    "1e5",
    "[1]",
    '{"a": 1}',
    "'",
    '"',
    "\\",
    "\\u0041",
    "\n\r\t\x01\x7f",
    "%s :a $1 ?",
    "😀",
]


@pytest.mark.parametrize("text", TEXTS)
async def test_any_text_arrives_as_it_was(here: House, text: str) -> None:
    (row,) = await through_the_database(here, [{"body": text}])
    assert row["body"] == text


async def test_a_million_characters_arrive_as_they_were(here: House) -> None:
    text = "größer 😀\n" * 100_000
    (row,) = await through_the_database(here, [{"body": text}])
    assert row["body"] == text


async def test_ten_thousand_rows_are_one_statement_and_keep_their_values_together(here: House) -> None:
    rows = [{"id": uuid4(), "count": number, "body": str(number)} for number in range(10_000)]
    arrived = await through_the_database(here, rows)
    assert [(row["id"], row["count"], row["body"]) for row in arrived] == [tuple(row.values()) for row in rows]


async def test_no_rows_are_no_rows(here: House) -> None:
    assert await through_the_database(here, []) == []
