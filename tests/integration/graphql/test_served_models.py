"""A server refuses to start if clients could follow a model that has no access rule."""

from pathlib import Path

import pytest
import strawberry

from api.accounts.models import User
from api.chats.models import Chat, Message
from api.graphql.served_models import served_models
from api.product import TWOTRACK
from api.server.app import create_app
from api.server.metrics import Metrics
from api.server.process import running
from api.settings import Settings
from api.streaming import access
from api.streaming.errors import AccessRuleMissing


def test_streamed_models_and_models_with_a_page_are_served() -> None:
    expected: set[access.RevisedModel] = {Message, Chat, User}
    assert served_models(TWOTRACK.schema()) == expected


def test_a_schema_without_subscriptions_serves_none() -> None:
    @strawberry.type
    class Query:
        answer: int = 42

    assert served_models(strawberry.Schema(Query)) == set()


def remove_rule(monkeypatch: pytest.MonkeyPatch, model: access.RevisedModel) -> None:
    monkeypatch.setattr(access, "_rules", {other: rule for other, rule in access._rules.items() if other is not model})


@pytest.mark.parametrize("model", [Message, Chat, User])
def test_a_server_needs_a_rule_for_each(monkeypatch: pytest.MonkeyPatch, model: access.RevisedModel) -> None:
    create_app(Settings(), TWOTRACK)
    remove_rule(monkeypatch, model)
    with pytest.raises(AccessRuleMissing, match=rf"^{model.__name__} has no access rule"):
        create_app(Settings(), TWOTRACK)


async def test_a_worker_needs_a_rule_for_what_it_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path / 'twotrack.db'}")
    async with running(settings, TWOTRACK, Metrics(), replies=True):
        pass
    remove_rule(monkeypatch, Message)
    with pytest.raises(AccessRuleMissing, match=r"^Message has no access rule"):
        async with running(settings, TWOTRACK, Metrics(), replies=True):
            pytest.fail("a worker started that writes what no viewer may see")
