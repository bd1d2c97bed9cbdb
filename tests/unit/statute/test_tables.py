"""Classes and retention of whole tables."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pytest

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute import Hold, RetentionRequest
from bwcstore.statute.tables import _fact_columns, classify_table, retention_table
from tests.unit.statute.small import facts, small_law
from tests.unit.statute.tabled import arrow_table, classified, retained

DAY: Final = date(2024, 6, 1)
LAW: Final = small_law(DAY)
MADE: Final = datetime(2024, 3, 1, 18, tzinfo=UTC)
QUIET: Final[dict[str, Any]] = {"collected_at": MADE, "force": "none", "investigation": "none"}
TIME: Final = pa.timestamp("us", tz="UTC")
REQUEST: Final = {"id": "r", "received": date(2024, 5, 1), "days": 10, "written": True}
REQUESTS: Final = pa.list_(
    pa.struct(
        [
            ("id", pa.string()),
            ("received", pa.date32()),
            ("days", pa.int64()),
            ("written", pa.bool_()),
        ]
    )
)
HOLD: Final = {"id": "h", "kind": "litigation", "placed": date(2024, 5, 1)}
HOLDS: Final = pa.list_(
    pa.struct([("id", pa.string()), ("kind", pa.string()), ("placed", pa.date32())])
)


def _table(**columns: Any) -> Any:
    length = len(next(iter(columns.values())))
    return pa.table({"object": [f"o{number}" for number in range(length)], **columns})


def _refused(table: Any) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as classes:
        classify_table(table, law=LAW, as_of=DAY)
    with pytest.raises(InvalidInputError) as kept:
        retention_table(table, law=LAW, as_of=DAY)
    assert str(classes.value) == str(kept.value)
    return classes.value


def _retain(table: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = retention_table(table, law=LAW, as_of=DAY).to_pylist()
    return found


def _classify(table: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = classify_table(table, law=LAW, as_of=DAY).to_pylist()
    return found


@pytest.mark.spec("LAW-50", "LAW-51", "LAW-52")
def test_classes_of_a_table() -> None:
    """Each row has its class, its labels, the rule, the overlays and what is missing."""
    table = _table(
        force=["some", None, "none"],
        investigation=["none", "none", "active"],
        somebody_recorded=[False, None, True],
        labels=[["training"], [], None],
    )

    first, second, third = _classify(table)

    assert {
        "object": "o0",
        "class_id": "open",
        "individuals": None,
        "others": "open to all",
        "rule": "open-force",
        "overlays": ["minors"],
        "overlays_unknown": ["minors"],
        "mismatches": ["training"],
        "missing": [],
        "problem": None,
    } == first
    assert ("closed", ["force"], ["minors", "rumour"]) == (
        second["class_id"],
        second["missing"],
        second["overlays"],
    )
    assert ("secret", "secret-investigation", []) == (
        third["class_id"],
        third["rule"],
        third["missing"],
    )


@pytest.mark.spec("LAW-61", "LAW-63", "LAW-65", "LAW-66", "LAW-68")
def test_retention_of_a_table() -> None:
    """Each row has its dates, its status, the authority, the holds and what is missing."""
    table = _table(
        collected_at=pa.array([MADE, MADE, None], TIME),
        force=["none", "deadly", "none"],
        investigation=["none"] * 3,
        holds=pa.array([[HOLD, {**HOLD, "id": "a"}], [], []], HOLDS),
    )

    first, second, third = _retain(table)

    assert {
        "object": "o0",
        "status": "held",
        "last_protected": date(2024, 5, 30),
        "statutory_floor": date(2024, 5, 30),
        "earliest_plain": date(2024, 5, 31),
        "earliest_conservative": date(2024, 5, 31),
        "disposal": None,
        "ceiling": None,
        "ceiling_passed": False,
        "metadata_last_protected": date(2029, 3, 1),
        "authority": ["standard"],
        "holds": ["a", "h"],
        "missing": [],
        "problem": None,
    } == first
    assert ("indefinite", None) == (second["status"], second["last_protected"])
    assert ("undetermined", ["collected_at"]) == (third["status"], third["missing"])


@pytest.mark.spec("LAW-33", "LAW-34")
def test_problems_stay_with_their_row() -> None:
    """A row that a judgement would refuse says why, protects most, and leaves the others alone."""
    table = _table(
        complaint_on=[DAY + timedelta(days=1), None, None],
        minor_recorded=[False, True, False],
        somebody_recorded=[True, False, True],
        force=["some"] * 3,
        investigation=["none"] * 3,
    )

    classes, kept = _classify(table), _retain(table)

    assert ["fact-future", "fact-contradiction", None] == [row["problem"] for row in classes]
    assert ["fact-future", "fact-contradiction", None] == [row["problem"] for row in kept]
    assert ["secret", "secret", "open"] == [row["class_id"] for row in classes]
    assert {
        "object": "o0",
        "class_id": "secret",
        "individuals": "secret",
        "others": "secret to all",
        "problem": "fact-future",
    } == {name: value for name, value in classes[0].items() if value is not None}
    assert {"object": "o1", "status": "undetermined", "problem": "fact-contradiction"} == {
        name: value for name, value in kept[1].items() if value is not None
    }


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
    table = _table(**{name: pa.array([[], [{**whole, **one} for one in cell], None], kind)})

    assert [None, problem, None] == [row["problem"] for row in _retain(table)]


@pytest.mark.spec("LAW-62")
def test_requests_extend_in_order() -> None:
    """Each accepted request adds its days from the later of the end and its date."""
    requests = [
        {**REQUEST, "id": "late", "received": date(2024, 5, 20), "days": 300},
        {**REQUEST, "id": "early", "received": date(2024, 4, 1), "days": 2},
        {**REQUEST, "id": "refused", "days": 100, "written": False},
    ]
    table = _table(
        collected_at=pa.array([MADE], TIME),
        force=["none"],
        investigation=["none"],
        keep_requests=pa.array([requests], REQUESTS),
    )

    assert date(2024, 5, 30) + timedelta(days=182) == _retain(table)[0]["last_protected"]


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
    found = _refused(_table(**{name: column}))

    assert kind is found.kind
    assert name in found.message


@pytest.mark.spec("LAW-31")
@pytest.mark.parametrize(
    ("name", "column", "kind"),
    [
        ("force", pa.array(["none", None, "much"]), ErrorKind.FACT_TYPE),
        ("force", pa.array(["none", "none", "much"]).dictionary_encode(), ErrorKind.FACT_TYPE),
        ("labels", pa.array([[], ["training"], ["x"]]), ErrorKind.FACT_TYPE),
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
    found = _refused(_table(**{name: column}))

    assert kind is found.kind
    assert f"fact {name}, row 2" in found.message


def test_rows_are_counted_from_the_first_of_the_table() -> None:
    """In a table of several pieces a message names the row of the table, not of the piece."""
    count = _fact_columns.PIECE_ROWS + 3
    force = ["none"] * (count - 1) + ["much"]

    assert f"row {count - 1}:" in _refused(_table(force=force)).message


def test_unused_words_of_a_dictionary_are_no_values() -> None:
    """A dictionary may have words that no row uses, and a null among its words."""
    words = pa.array(["much", "none", None])
    column = pa.DictionaryArray.from_arrays(pa.array([1, 2, None], pa.int8()), words)

    rows = _classify(_table(force=column, investigation=["none"] * 3))

    assert [[], ["force"], ["force"]] == [row["missing"] for row in rows]


@pytest.mark.spec("LAW-31")
def test_requests_answer_what_is_asked() -> None:
    """Requests without a column for a flag are incomplete, and so is one that answers more."""
    fields = [field for field in REQUESTS.value_type if field.name != "written"]
    less = pa.list_(pa.struct(fields))
    more = pa.list_(pa.struct([*REQUESTS.value_type, ("signed", pa.bool_())]))
    number = pa.list_(pa.struct([*fields, ("written", pa.int8())]))

    for kind in (less, more, number):
        found = _refused(_table(keep_requests=pa.array([[]], kind)))

        assert ErrorKind.REQUEST_INCOMPLETE is found.kind


@pytest.mark.spec("LAW-32")
def test_moments_without_a_zone_are_refused() -> None:
    """A column of moments must say its zone."""
    column = pa.array([MADE.replace(tzinfo=None)], pa.timestamp("us"))

    assert ErrorKind.TIME_NAIVE is _refused(_table(collected_at=column)).kind


def test_the_column_of_objects_is_needed() -> None:
    """Without `object`, with numbers in it, or with a column twice, a table is refused."""
    fields = [pa.array(["a"]), pa.array(["none"]), pa.array(["none"])]
    twice = pa.Table.from_arrays(fields, names=["object", "force", "force"])

    assert ErrorKind.FIELD_MISSING is _refused(pa.table({"force": ["none"]})).kind
    assert ErrorKind.FIELD_INVALID is _refused(pa.table({"object": [1]})).kind
    assert ErrorKind.FIELD_INVALID is _refused(twice).kind


@pytest.mark.spec("LAW-30")
def test_what_no_row_gives_is_absent() -> None:
    """A column that is missing, all null, or without a type is a fact that is not given."""
    names = list(LAW.specs)
    rows: list[dict[str, Any]] = [{}, {}]
    expected = [
        classified(facts({}), LAW, DAY),
        retained(facts({}), LAW, DAY),
    ]
    tables = (
        arrow_table(LAW, rows, []),
        arrow_table(LAW, rows, names),
        _table(**{name: pa.nulls(2) for name in names}),
    )

    for table in tables:
        classes = classify_table(table, law=LAW, as_of=DAY).drop_columns("object")
        kept = retention_table(table, law=LAW, as_of=DAY).drop_columns("object")

        assert [expected[0]] * 2 == classes.to_pylist()
        assert [expected[1]] * 2 == kept.to_pylist()


def test_no_rows_give_no_rows() -> None:
    """A table without rows has an answer without rows, of the same columns and types."""
    names = list(LAW.specs)
    empty, one = arrow_table(LAW, [], names), arrow_table(LAW, [{}], names)

    for judge in (classify_table, retention_table):
        found, full = (judge(table, law=LAW, as_of=DAY) for table in (empty, one))

        assert (0, full.schema) == (found.num_rows, found.schema)
    assert (
        ErrorKind.FACT_UNKNOWN
        is _refused(pa.table({"object": pa.array([], pa.string()), "x": pa.nulls(0)})).kind
    )


@pytest.mark.spec("LAW-11")
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Chicago"])
def test_moments_in_other_units_and_zones(unit: str, zone: str) -> None:
    """A moment is the same in every unit and zone in which it is written."""
    # A second before and after midnight in the agency's zone.
    moments = [datetime(2024, 3, 2, 5, 59, 59, tzinfo=UTC), datetime(2024, 3, 2, 6, tzinfo=UTC)]
    column = pa.array(moments, TIME).cast(pa.timestamp(unit, tz=zone))
    table = _table(collected_at=column, force=["none"] * 2, investigation=["none"] * 2)

    assert [date(2024, 5, 30), date(2024, 5, 31)] == [
        row["last_protected"] for row in _retain(table)
    ]


def _many() -> tuple[list[str], list[dict[str, Any]]]:
    requests = (
        RetentionRequest(id="r", received=date(2024, 5, 1), days=9, answers={"written": True}),
    )
    holds = (Hold(id="h", kind="litigation", placed=date(2024, 5, 1)),)
    rows: list[dict[str, Any]] = [
        {},
        QUIET,
        {**QUIET, "labels": frozenset({"training", "evidence"}), "holds": holds},
        {**QUIET, "keep_requests": requests, "complaint_on": DAY},
        {"force": "deadly", "labels": frozenset(), "minor_recorded": True},
        {**QUIET, "collected_at": MADE + timedelta(days=200)},
        {**QUIET, "closed_on": DAY, "labels": frozenset({"evidence"})},
    ]
    names = list(LAW.specs)
    return names, [dict(row) for row in rows * 3]


def _chunked(table: Any) -> Any:
    parts = [table.slice(0, 2), table.slice(2, 1), table.slice(3, 0), table.slice(3)]
    return pa.concat_tables(parts)


def _encoded(table: Any) -> Any:
    """The same, with a dictionary for every code, another one in each chunk."""
    parts = []
    for part in (table.slice(0, 4), table.slice(4)):
        for name in ("object", "force", "investigation"):
            at = part.schema.get_field_index(name)
            part = part.set_column(at, name, part.column(name).dictionary_encode())  # noqa: PLW2901
        parts.append(part)
    return pa.concat_tables(parts)


def _large(table: Any) -> Any:
    kinds = {
        "object": pa.large_string(),
        "force": pa.string_view(),
        "investigation": pa.large_string(),
        "labels": pa.large_list(pa.large_string()),
        "holds": pa.large_list(table.schema.field("holds").type.value_type),
    }
    for name, kind in kinds.items():
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, table.column(name).cast(kind))
    return table


def _sliced(table: Any) -> Any:
    """The same rows, in arrays that begin elsewhere."""
    return (
        pa.concat_tables([table.slice(5, 3), table, table.slice(0, 1)])
        .combine_chunks()
        .slice(3, table.num_rows)
    )


@pytest.mark.parametrize("form", [_chunked, _encoded, _large, _sliced])
def test_the_form_of_the_arrays_does_not_matter(form: Any) -> None:
    """Chunks, dictionaries, long strings and slices say the same as plain arrays."""
    names, rows = _many()
    given = [facts(row) for row in rows]

    table = form(arrow_table(LAW, rows, names))

    classes = classify_table(table, law=LAW, as_of=DAY)
    kept = retention_table(table, law=LAW, as_of=DAY)
    assert [classified(one, LAW, DAY) for one in given] == classes.drop_columns(
        "object"
    ).to_pylist()
    assert [retained(one, LAW, DAY) for one in given] == kept.drop_columns("object").to_pylist()
    assert table.column("object").type == classes.column("object").type
    assert table.column("object").to_pylist() == kept.column("object").to_pylist()


def test_pieces_join(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that is judged in many pieces comes to what it comes to in one."""
    names, rows = _many()
    table = arrow_table(LAW, rows, names)
    whole = [judge(table, law=LAW, as_of=DAY) for judge in (classify_table, retention_table)]

    monkeypatch.setattr(_fact_columns, "PIECE_ROWS", 2)
    parts = [judge(table, law=LAW, as_of=DAY) for judge in (classify_table, retention_table)]

    assert [one.to_pylist() for one in whole] == [one.to_pylist() for one in parts]
    assert [one.schema for one in whole] == [one.schema for one in parts]


def test_answers_can_be_written() -> None:
    """The columns that are never null are declared so, and the whole is valid Arrow."""
    names, rows = _many()
    table = arrow_table(LAW, rows, names)

    for judge, never_null in (
        (classify_table, {"class_id", "others"}),
        (retention_table, {"status"}),
    ):
        found = judge(table, law=LAW, as_of=DAY)
        found.validate(full=True)

        assert never_null == {field.name for field in found.schema if not field.nullable}


def test_the_law_is_judged_without_arrow() -> None:
    """Neither the package nor its law engine loads Arrow or NumPy before a table is judged."""
    program = (
        "import sys, bwcstore, bwcstore.statute\n"
        "print(sorted({'numpy', 'pyarrow'} & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )

    assert "[]" == found.stdout.strip()


def test_numbers_of_rows_are_plain() -> None:
    """A message names a row as a number, whatever kind of number it was counted with."""
    message = _refused(_table(holds=pa.array([[], [{**HOLD, "kind": "x"}]], HOLDS))).message

    assert "row 1:" in message
    assert np.int64.__name__ not in message
