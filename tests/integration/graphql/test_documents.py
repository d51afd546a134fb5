"""What a document may ask, and that no document takes long to refuse."""

import asyncio
from typing import Any

import pytest
from graphql import DocumentNode, get_introspection_query

from api.graphql.execution import documents as module
from api.graphql.execution.cache import ByteCache
from api.graphql.execution.documents import Documents
from api.schema.schema import make_schema

SCHEMA = make_schema()._schema


def deep(levels: int) -> str:
    """Chats of messages of chats, that many selections within each other."""
    fields = ["viewer", *["chats", "edges", "node"], *["messages", "edges", "node", "chat"] * 9][:levels]
    return "{ " + " { ".join(fields) + " { __typename }" + " }" * levels


def aliased(aliases: int) -> str:
    return "{ " + " ".join(f"a{number}: viewer {{ id }}" for number in range(aliases)) + " }"


def long(tokens: int) -> str:
    """All but the ids are 13."""
    return "subscription { sync(ids: [" + '"an id" ' * (tokens - 13) + "]) { id } }"


@pytest.mark.parametrize(
    ("document", "limit", "sentence"),
    [(deep, 10, "levels deep"), (aliased, 30, "aliases"), (long, 1_000, "tokens")],
    ids=["depth", "aliases", "tokens"],
)
def test_each_bound_is_met_and_not_passed(document: Any, limit: int, sentence: str) -> None:
    documents = Documents(SCHEMA)
    within, beyond = documents.read(document(limit)), documents.read(document(limit + 1))
    assert isinstance(within, DocumentNode), within
    assert isinstance(beyond, list)
    assert sentence in beyond[0].message


@pytest.mark.parametrize("options", [{}, {"input_value_deprecation": True, "specified_by_url": True}])
def test_tools_may_ask_for_the_whole_schema(options: dict[str, bool]) -> None:
    assert isinstance(Documents(SCHEMA).read(get_introspection_query(**options)), DocumentNode)


def test_introspection_that_goes_round_in_circles_is_refused() -> None:
    circle = "{ __schema { types " + "{ fields { type { fields " * 3 + "{ name }" + " } }" * 3 + " } }"
    assert isinstance(Documents(SCHEMA).read(circle), list)


def test_aliases_count_wherever_their_fragment_is_spread() -> None:
    """A kilobyte would have a process read its whole schema a thousand times."""
    once = "fragment T on __Type { t0: name t1: name t2: name t3: name t4: name t5: name t6: name t7: name }"
    spread = "{ __schema { " + " ".join(f"a{n}: types {{ ...T }}" for n in range(3)) + " } } " + once
    assert isinstance(Documents(SCHEMA).read(spread), DocumentNode)  # 3 and 3 times 8
    errors = Documents(SCHEMA).read(spread.replace("} } fragment", "a3: types { ...T } } } fragment"))
    assert isinstance(errors, list)
    (error,) = errors
    assert "36 aliases" in error.message


def test_depth_counts_through_fragments() -> None:
    named = "{ viewer { ...A } } fragment A on Viewer { chats { edges { node { ...B } } } } fragment B on Chat "
    assert isinstance(Documents(SCHEMA).read(named + "{ messages { edges { node { id } } } }"), DocumentNode)
    assert isinstance(
        Documents(SCHEMA).read(named + "{ messages { edges { node " + "{ chat " * 5 + "{ id }" + "}" * 8), list
    )


async def test_fragments_that_double_on_each_level_are_measured_at_once() -> None:
    doubling = " ".join(f"fragment F{n} on Viewer {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
    bomb = f"{{ viewer {{ ...F0 }} }} {doubling} fragment F60 on Viewer {{ id }}"
    async with asyncio.timeout(20):
        assert await asyncio.to_thread(Documents(SCHEMA).read, bomb)


def test_a_document_is_read_once() -> None:
    documents = Documents(SCHEMA)
    assert documents.read("{ viewer { id } }") is documents.read("{ viewer { id } }")
    assert documents.read("{ nothing }") is documents.read("{ nothing }")


def test_documents_are_remembered_up_to_so_many_bytes() -> None:
    """A document with a long comment takes several times as much as its text."""
    documents = Documents(SCHEMA)
    sent = [f"{{ viewer {{ id }} }} # {number} " + "x" * 140_000 for number in range(60)]
    for document in sent:
        documents.read(document)
    remembered = documents.remembered
    assert module.DOCUMENTS_BYTES - 500_000 < remembered.size <= module.DOCUMENTS_BYTES
    assert len(remembered) < 50
    assert (remembered.get(sent[0]), remembered.get(sent[-1])) == (None, documents.read(sent[-1]))


def test_a_cache_drops_what_was_used_longest_ago_and_keeps_nothing_that_is_large() -> None:
    cache: ByteCache[str] = ByteCache(100)
    for number in range(10):
        cache.put(number, str(number), 10)
    assert cache.get(0) == "0"
    cache.put("new", "new", 10)
    cache.put("large", "large", 11)
    assert [cache.get(key) for key in (0, 1, 2, "new", "large")] == ["0", None, "2", "new", None]
    assert (len(cache), cache.size) == (10, 100)


@pytest.mark.parametrize(
    "document",
    [
        "{ " + "viewer { id } " * 240 + "}",
        "{ viewer { " + "chats(first: 1) { edges { cursor } } " * 80 + "} }",
        "{ viewer { ...F0 } } " + " ".join(f"fragment F{n} on Viewer {{ id ...F{n + 1} ...F{min(n + 2, 66)} }}"
        for n in range(66)) + " fragment F66 on Viewer { id }",
    ],
    ids=["objects", "arguments", "fragments"],
)  # fmt: skip
def test_comparing_fields_with_each_other_ends_at_a_limit(document: str) -> None:
    """It would take the square of their number, half a second of the process for 3 kB."""
    errors = Documents(SCHEMA).read(document)
    assert isinstance(errors, list)
    (error,) = errors
    assert error.message == "The document selects the same fields too often. Select each once in its selection."


def test_a_document_with_few_errors_gets_suggestions_and_one_with_many_gets_the_first_errors() -> None:
    """To find one name that is like a wrong one takes as long as all the rest."""
    documents = Documents(SCHEMA)
    few = documents.read("{ viewr { id } }")
    assert isinstance(few, list)
    assert few[0].message == "Cannot query field 'viewr' on type 'Query'. Did you mean 'viewer'?"
    errors = documents.read("{ viewer { " + " ".join(f"... on Mesage{n} {{ id }}" for n in range(60)) + " } }")
    assert isinstance(errors, list)
    assert [error.message for error in errors[:2]] == ["Unknown type 'Mesage0'.", "Unknown type 'Mesage1'."]
    assert len(errors) == 21
    assert errors[-1].message == (
        "The document has more than 20 errors; these are the first. Correct them and try again."
    )
