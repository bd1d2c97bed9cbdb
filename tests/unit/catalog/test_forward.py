"""Tables of a catalog: made anew, brought forward, compared with what the ledger commits to."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from bwcstore.catalog import Tables, root
from bwcstore.catalog._forward import Tail, forward, no_tables
from bwcstore.catalog._schema import SCHEMAS
from bwcstore.custody._rows import state_root
from bwcstore.errors import ErrorKind, IntegrityError
from tests.unit.catalog.ledgers import ledger, lines, state_of, tables_of


@pytest.mark.spec("STA-10")
@pytest.mark.parametrize("seed", range(6))
def test_bringing_forward_gives_what_making_anew_gives(seed: int) -> None:
    """Whatever happens in between, in steps of whatever length."""
    made = ledger(seed)

    grown = no_tables()
    at = 0
    while at < len(made.entries):
        at = min(at + made.chance.choice((1, 2, 17, 60)), len(made.entries))
        grown = tables_of(made, until=at, base=grown)

    assert lines(tables_of(made)) == lines(grown)
    assert tables_of(made).position == grown.position
    assert tables_of(made).store == grown.store


@pytest.mark.spec("STA-11")
@pytest.mark.parametrize("seed", range(6))
def test_tables_lead_to_the_root_that_the_ledger_commits_to(seed: int) -> None:
    """At every size, the rows that the tables hold have the root of the state."""
    made = ledger(seed)

    for size in (1, 2, 30, len(made.entries)):
        state = state_of(made.entries[:size])

        assert state_root(state) == root(tables_of(made, until=size))


@pytest.mark.spec("STA-11")
def test_a_table_that_was_tampered_with_leads_to_another_root() -> None:
    """Whichever column a row is made of: a hold that is left out, a status, a fact, a number."""
    made = ledger(3)
    good = tables_of(made)
    bare = {
        "hold_objects": good.stored["hold_objects"].slice(1),
        "facts": good.stored["facts"].slice(0, 1),
        "request_objects": good.stored["request_objects"].slice(1),
        "acts": good.stored["acts"].slice(1),
        "objects": _with(good.stored["objects"], "accesses", 7),
    }

    for name, table in bare.items():
        changed = Tables(
            position=good.position, store=good.store, stored={**good.stored, name: table}
        )

        assert root(changed) != state_root(made.state), name


def _with(table: pa.Table, name: str, value: int) -> pa.Table:
    column = pa.array([value] * len(table), table.schema.field(name).type)
    return table.set_column(table.schema.get_field_index(name), name, column)


@pytest.mark.spec("STA-8")
def test_tables_have_the_columns_that_are_documented() -> None:
    """Stored tables have exactly their schema, also where they have no rows."""
    for tables in (no_tables(), tables_of(ledger(1))):
        assert {name: tables.stored[name].schema for name in SCHEMAS} == dict(SCHEMAS)
        assert tuple(SCHEMAS) == tables.names


def test_shown_tables_name_their_objects() -> None:
    """What objects have says of which object it is, without copying the ids."""
    tables = tables_of(ledger(2))
    ids = set(tables.objects.column("object").to_pylist())

    for name in ("facts", "hold_objects", "request_objects", "releases", "accesses"):
        shown = tables[name]

        assert "object" == shown.schema.names[0]
        assert ids >= set(shown.column("object").to_pylist()), name
        assert len(shown) > 0, name


def test_every_table_by_its_name() -> None:
    """Tables are attributes too."""
    tables = tables_of(ledger(2))

    for name in tables.names:
        assert tables[name] is getattr(tables, name)


def test_nothing_new_changes_nothing() -> None:
    """A tail without entries gives the same tables."""
    made = ledger(1)
    tables = tables_of(made)

    assert tables is forward(tables, made.state, Tail.of(()), generation=0)


def test_tables_of_another_ledger_are_refused() -> None:
    """What the tail is about must be in the tables, or begin in it."""
    made, other = ledger(1), ledger(2)
    foreign = tables_of(other, until=40)
    tail = Tail.of(made.entries[40:])

    with pytest.raises(IntegrityError) as caught:
        forward(foreign, made.state, tail, generation=0)

    assert ErrorKind.CATALOG_INVALID == caught.value.kind


def test_tables_are_plain_arrow() -> None:
    """What is shown can be filtered, grouped and joined, and read as data frames."""
    made = ledger(5)
    tables = tables_of(made)
    facts = tables.facts.select(["object", "fact"])
    expected = Counter(
        one.object_id.text for one in made.state.objects() for _ in one.keeping.facts
    )

    named = facts.set_column(0, "object", facts.column("object").cast(pa.string()))
    counted = named.group_by("object").aggregate([("fact", "count")])
    joined = tables.objects.select(["object", "status"]).join(counted, "object", join_type="inner")

    assert expected == {one["object"]: one["fact_count"] for one in joined.to_pylist()}


@pytest.mark.parametrize("library", ["pandas", "polars", "duckdb"])
def test_other_libraries_take_them(library: str) -> None:
    """Where they are installed."""
    module: Any = pytest.importorskip(library)
    tables = tables_of(ledger(5))
    count = len(tables.objects)
    read: dict[str, Callable[[], int]] = {
        "pandas": lambda: len(tables.objects.to_pandas()),
        "polars": lambda: module.from_arrow(tables.objects).height,
        "duckdb": lambda: module.from_arrow(tables.objects).count("*").fetchone()[0],
    }

    assert count == read[library]()
