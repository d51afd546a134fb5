"""The soak believes nothing but this comparison."""

from typing import Any

import pytest
from uuid_utils.compat import uuid7

from api.chats.models import Message
from api.graphql import relay
from api.streaming.columns import Status
from tests.e2e.shown import difference

ROWS = [
    Message(id=uuid7(), author_id=uuid7(), content="How do tides work?", status=Status.COMPLETE),
    Message(id=uuid7(), author_id=None, content="**The Moon** pulls.", status=Status.STREAMING),
]


def page(**changes: Any) -> list[dict[str, Any]]:
    """The page that shows these rows, but for its last message."""
    drawn = ["How do tides work?", "The Moon pulls."]
    articles = [
        {
            "id": relay.global_id("Message", row.id),
            "status": row.status.value,
            "busy": row.streaming,
            "content": row.content,
            "drawn": text,
        }
        for row, text in zip(ROWS, drawn, strict=True)
    ]
    articles[-1] |= changes
    return articles


def test_a_page_that_shows_the_rows_is_right() -> None:
    assert difference(page(), ROWS) is None


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(page(content="**The Moon**"), id="an older text"),
        pytest.param(page(status="COMPLETE"), id="another status"),
        pytest.param(page(busy=False), id="a cursor that is gone, or one that is stuck"),
        pytest.param(page(id="of another message"), id="another message"),
        pytest.param(page()[:1], id="a message too few"),
        pytest.param([*page(), page()[-1]], id="a message twice"),
        pytest.param(page()[::-1], id="another order"),
        pytest.param([page()[0] | {"drawn": "How do"}, page()[1]], id="a text that is not all drawn"),
    ],
)
def test_a_page_that_shows_anything_else_is_found_out(wrong: list[dict[str, Any]]) -> None:
    assert difference(wrong, ROWS) is not None
