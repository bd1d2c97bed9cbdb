"""What a table of facts must be."""

from datetime import UTC, date, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pytest

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute.tables import _fact_columns, classify_table, retention_table
from tests.unit.statute.small import small_law
from tests.unit.statute.tabled import HOLD, HOLDS, REQUEST, REQUESTS, table_of

DAY: Final = date(2024, 6, 1)
LAW: Final = small_law(DAY)
MADE: Final = datetime(2024, 3, 1, 18, tzinfo=UTC)
TIME: Final = pa.timestamp("us", tz="UTC")


def _refused(table: Any) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as classes:
        classify_table(table, law=LAW, as_of=DAY)
    with pytest.raises(InvalidInputError) as kept:
        retention_table(table, law=LAW, as_of=DAY)
    assert str(classes.value) == str(kept.value)
    return classes.value


@pytest.mark.spec("LAW-31")
@pytest.mark.parametrize(
    ("name", "column", "kind"),
    [
        ("nothing", pa.array([True]), ErrorKind.FACT_UNKNOWN),
        ("minor_recorded", pa.array(["yes"]), ErrorKind.FACT_TYPE),
        ("minor_recorded", pa.array([1]), ErrorKind.FACT_TYPE),
        ("force", pa.array([1]), ErrorKind.FACT_TYPE),
        ("force", pa.array([1]).dictionary_encode(), ErrorKind.FACT_TYPE),
        ("labels", pa.array(["training"]), ErrorKind.FACT_TYPE),
        ("labels", pa.array([[1]]), ErrorKind.FACT_TYPE),
        ("complaint_on", pa.array([MADE], TIME), ErrorKind.FACT_TYPE),
        ("complaint_on", pa.array(["2024-01-01"]), ErrorKind.FACT_TYPE),
        ("complaint_on", pa.array([DAY], pa.date64()), ErrorKind.FACT_TYPE),
        ("collected_at", pa.array([DAY]), ErrorKind.FACT_TYPE),
        ("holds", pa.array([["h"]]), ErrorKind.FACT_TYPE),
        ("holds", pa.array([[{"id": "h"}]]), ErrorKind.FACT_TYPE),
        ("holds", pa.array([[{**HOLD, "by": "me"}]]), ErrorKind.FACT_TYPE),
        ("holds", pa.array([[{**HOLD, "placed": "2024"}]]), ErrorKind.FACT_TYPE),
        ("holds", pa.array([[{**HOLD, "released": 3}]]), ErrorKind.FACT_TYPE),
    ],
)
def test_columns_of_another_type_are_refused(name: str, column: Any, kind: ErrorKind) -> None:
    """A column that the pack does not have, or of another type, is refused by its name."""
    found = _refused(table_of(**{name: column}))

    assert kind is found.kind
    assert name in found.message


@pytest.mark.spec("LAW-31")
@pytest.mark.parametrize(
    ("name", "column", "kind"),
    [
        ("force", pa.array(["none", None, "much"]), ErrorKind.FACT_TYPE),
        ("force", pa.array(["none", "none", "much"]).dictionary_encode(), ErrorKind.FACT_TYPE),
        ("labels", pa.array([[], ["training"], ["x"]]), ErrorKind.LABEL_UNKNOWN),
        ("labels", pa.array([[], ["training"], [None]]), ErrorKind.FACT_TYPE),
        ("complaint_on", pa.array([0, None, 9_000_000], pa.date32()), ErrorKind.FACT_TYPE),
        ("complaint_on", pa.array([0, None, -800_000], pa.date32()), ErrorKind.FACT_TYPE),
        ("collected_at", pa.array([0, None, -1], TIME), ErrorKind.FACT_TYPE),
        ("collected_at", pa.array([0, 0, 2**60], TIME), ErrorKind.FACT_TYPE),
        ("holds", pa.array([[HOLD], [], [None]], HOLDS), ErrorKind.FACT_TYPE),
        ("holds", pa.array([[HOLD], [], [{**HOLD, "kind": "x"}]], HOLDS), ErrorKind.FACT_TYPE),
        ("holds", pa.array([[HOLD], [], [{**HOLD, "kind": None}]], HOLDS), ErrorKind.FACT_TYPE),
        ("holds", pa.array([[HOLD], [], [{**HOLD, "placed": None}]], HOLDS), ErrorKind.FACT_TYPE),
        ("holds", pa.array([[HOLD], [], [{**HOLD, "id": None}]], HOLDS), ErrorKind.FACT_TYPE),
        ("holds", pa.array([[HOLD], [], [{**HOLD, "id": "a\nb"}]], HOLDS), ErrorKind.TEXT_FORM),
        ("holds", pa.array([[HOLD], [], [{**HOLD, "id": ""}]], HOLDS), ErrorKind.TEXT_FORM),
        ("holds", pa.array([[HOLD], [], [{**HOLD, "id": "a" * 257}]], HOLDS), ErrorKind.TEXT_FORM),
        (
            "keep_requests",
            pa.array([[], [], [{**REQUEST, "days": 0}]], REQUESTS),
            ErrorKind.FACT_TYPE,
        ),
        (
            "keep_requests",
            pa.array([[], [], [{**REQUEST, "days": 36_501}]], REQUESTS),
            ErrorKind.FACT_TYPE,
        ),
        (
            "keep_requests",
            pa.array([[], [], [{**REQUEST, "days": None}]], REQUESTS),
            ErrorKind.FACT_TYPE,
        ),
        (
            "keep_requests",
            pa.array([[REQUEST], [], [{**REQUEST, "written": None}]], REQUESTS),
            ErrorKind.REQUEST_INCOMPLETE,
        ),
    ],
)
def test_values_that_cannot_be_are_refused_by_row(name: str, column: Any, kind: ErrorKind) -> None:
    """A value that cannot be one of the fact is refused, and the message says in which row."""
    found = _refused(table_of(**{name: column}))

    assert kind is found.kind
    assert f"fact {name}, row 2" in found.message


def test_rows_are_counted_from_the_first_of_thetable_of() -> None:
    """In a table of several pieces a message names the row of the table, not of the piece."""
    count = _fact_columns.PIECE_ROWS + 3
    force = ["none"] * (count - 1) + ["much"]

    assert f"row {count - 1}:" in _refused(table_of(force=force)).message


@pytest.mark.spec("LAW-31")
def test_requests_answer_what_is_asked() -> None:
    """Requests without a column for a flag are incomplete, and so is one that answers more."""
    fields = [field for field in REQUESTS.value_type if field.name != "written"]
    less = pa.list_(pa.struct(fields))
    more = pa.list_(pa.struct([*REQUESTS.value_type, ("signed", pa.bool_())]))
    number = pa.list_(pa.struct([*fields, ("written", pa.int8())]))

    for kind in (less, more, number):
        found = _refused(table_of(keep_requests=pa.array([[]], kind)))

        assert ErrorKind.REQUEST_INCOMPLETE is found.kind


@pytest.mark.spec("LAW-32")
def test_moments_without_a_zone_are_refused() -> None:
    """A column of moments must say its zone."""
    column = pa.array([MADE.replace(tzinfo=None)], pa.timestamp("us"))

    assert ErrorKind.TIME_NAIVE is _refused(table_of(collected_at=column)).kind


def test_the_column_of_objects_is_needed() -> None:
    """Without `object`, with numbers in it, or with a column twice, a table is refused."""
    fields = [pa.array(["a"]), pa.array(["none"]), pa.array(["none"])]
    twice = pa.Table.from_arrays(fields, names=["object", "force", "force"])

    assert ErrorKind.FIELD_MISSING is _refused(pa.table({"force": ["none"]})).kind
    assert ErrorKind.FIELD_INVALID is _refused(pa.table({"object": [1]})).kind
    assert ErrorKind.FIELD_INVALID is _refused(twice).kind


def test_numbers_of_rows_are_plain() -> None:
    """A message names a row as a number, whatever kind of number it was counted with."""
    message = _refused(table_of(holds=pa.array([[], [{**HOLD, "kind": "x"}]], HOLDS))).message

    assert "row 1:" in message
    assert np.int64.__name__ not in message


def test_tables_without_rows_are_checked() -> None:
    """A table without rows is held to the pack like any other."""
    table = pa.table({"object": pa.array([], pa.string()), "x": pa.nulls(0)})

    assert ErrorKind.FACT_UNKNOWN is _refused(table).kind


@pytest.mark.spec("LAW-33", "LAW-34")
@pytest.mark.parametrize(
    ("name", "cell", "problem"),
    [
        ("keep_requests", [{"received": date(2024, 6, 2)}], "fact-future"),
        ("keep_requests", [{"withdrawn": date(2024, 4, 30)}], "fact-contradiction"),
        ("keep_requests", [{}, {}], "fact-contradiction"),
        ("holds", [{"placed": date(2024, 6, 2)}], "fact-future"),
        ("holds", [{"released": date(2024, 4, 30)}], "fact-contradiction"),
        ("holds", [{}, {}], "fact-contradiction"),
        ("holds", [{"released": date(2024, 5, 1)}], None),
    ],
)
def test_problems_of_requests_and_holds(
    name: str, cell: list[dict[str, Any]], problem: str | None
) -> None:
    """What is in the wrong order, in the future, or has the id of another, is a problem."""
    whole: dict[str, Any] = REQUEST if name == "keep_requests" else HOLD
    ends = "withdrawn" if name == "keep_requests" else "released"
    own = REQUESTS if name == "keep_requests" else HOLDS
    kind = pa.list_(pa.struct([*own.value_type, (ends, pa.date32())]))
    table = table_of(**{name: pa.array([[], [{**whole, **one} for one in cell], None], kind)})

    found = retention_table(table, law=LAW, as_of=DAY)

    assert [None, problem, None] == found.column("problem").to_pylist()
