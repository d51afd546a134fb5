"""Access rules decide which rows a viewer may see. A model without a rule fails with a sentence."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import Select

from api.streaming import access
from api.streaming.access import Access, Key, access_rule, require_rules, rule_of
from api.streaming.errors import AccessRuleMissing
from tests.support.statements import sent_to
from tests.unit.streaming.essays import Essay, Reader, Remark, Shop, shop, visible_essays
from tests.unit.streaming.house import House


@pytest_asyncio.fixture
async def essays(here: House) -> AsyncIterator[Shop]:
    async with shop(here) as essays:
        yield essays


@pytest.fixture
def queries(essays: Shop) -> Iterator[list[str]]:
    """The queries that the database is sent."""
    with sent_to(essays.here.database, like=lambda statement: statement.startswith("SELECT")) as queries:
        yield queries


# Rules


def test_a_model_without_a_rule_fails_with_a_sentence_that_says_what_to_write() -> None:
    with pytest.raises(AccessRuleMissing, match=r"^Remark has no access rule, .*@access_rule\(Remark\)"):
        rule_of(Remark)
    with pytest.raises(AccessRuleMissing, match=r"^Remark"):
        require_rules([Essay, Remark, Reader])


def test_models_with_rules_are_accepted() -> None:
    require_rules([Essay, Reader])
    assert rule_of(Essay) is visible_essays


def test_a_decorated_function_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_rules", {})

    def rule(viewer: object) -> Select[Remark]:
        raise NotImplementedError

    assert access_rule(Remark)(rule) is rule
    assert rule_of(Remark) is rule


async def test_following_a_model_without_a_rule_raises(essays: Shop) -> None:
    with pytest.raises(AccessRuleMissing):
        await Access(essays.here.database).row(Remark, uuid4(), uuid4())


# One row


async def test_a_grant_has_the_row_its_revision_and_the_epoch_that_guards_it_from_one_query(
    essays: Shop, queries: list[str]
) -> None:
    reader = await essays.reader()
    essay = await essays.essay(reader)
    queries.clear()
    grant = await Access(essays.here.database).row(Essay, essay.id, reader.id)
    assert len(queries) == 1
    assert grant is not None
    assert (grant.revision, grant.scope, grant.epoch) == (essay.revision, essay.id, essay.access_epoch)
    assert (grant.row.id, grant.row.title, grant.row.status) == (essay.id, essay.title, essay.status)


async def test_a_model_without_an_epoch_has_a_grant_without_a_scope(essays: Shop) -> None:
    reader = await essays.reader()
    grant = await Access(essays.here.database).row(Reader, reader.id, reader.id)
    assert grant is not None
    assert (grant.revision, grant.scope, grant.epoch) == (reader.revision, None, 0)


async def test_rows_that_are_unknown_or_not_visible_have_no_grant(essays: Shop) -> None:
    reader, other = await essays.reader(), await essays.reader()
    essay = await essays.essay(reader)
    reads = Access(essays.here.database)
    assert await reads.row(Essay, essay.id, other.id) is None
    assert await reads.row(Essay, uuid4(), reader.id) is None


async def test_whoever_is_not_signed_in_sees_nothing_and_costs_no_query(essays: Shop, queries: list[str]) -> None:
    reader = await essays.reader()
    essay = await essays.essay(reader)
    queries.clear()
    reads = Access(essays.here.database)
    assert await reads.row(Essay, essay.id, None) is None
    assert await reads.revisions([(Essay, essay.id)], None) == {}
    assert queries == []


# Many rows


async def test_the_revisions_of_rows_of_several_models_are_one_query(essays: Shop, queries: list[str]) -> None:
    reader, other = await essays.reader(), await essays.reader()
    mine, hidden = await essays.essay(reader), await essays.essay(other)
    keys: list[Key] = [(Essay, mine.id), (Essay, hidden.id), (Essay, uuid4()), (Reader, reader.id), (Reader, other.id)]
    queries.clear()
    grants = await Access(essays.here.database).revisions(keys, reader.id)
    assert len(queries) == 1
    found = {key: (grant.revision, grant.scope, grant.epoch) for (_, key), grant in grants.items()}
    assert found == {mine.id: (1, mine.id, 0), reader.id: (2, None, 0)}


async def test_no_keys_cost_no_query(essays: Shop, queries: list[str]) -> None:
    queries.clear()
    assert await Access(essays.here.database).revisions([], uuid4()) == {}
    assert queries == []
