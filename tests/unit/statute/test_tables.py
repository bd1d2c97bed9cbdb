"""Classes and retention of whole tables."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import attrs
import pyarrow as pa
import pytest

from bwcstore.statute import Hold, RetentionRequest
from bwcstore.statute.tables import _fact_columns, classify_table, retention_table
from tests.unit.statute.small import facts, small_law
from tests.unit.statute.tabled import (
    HOLD,
    HOLDS,
    REQUEST,
    REQUESTS,
    arrow_table,
    classified,
    retained,
    table_of,
)

DAY: Final = date(2024, 6, 1)
LAW: Final = small_law(DAY)
MADE: Final = datetime(2024, 3, 1, 18, tzinfo=UTC)
QUIET: Final[dict[str, Any]] = {"collected_at": MADE, "force": "none", "investigation": "none"}
TIME: Final = pa.timestamp("us", tz="UTC")


def _retain(table: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = retention_table(table, law=LAW, as_of=DAY).to_pylist()
    return found


def _classify(table: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = classify_table(table, law=LAW, as_of=DAY).to_pylist()
    return found


@pytest.mark.spec("LAW-50", "LAW-51", "LAW-52")
def test_classes_of_atable_of() -> None:
    """Each row has its class, its labels, the rule, the overlays and what is missing."""
    table = table_of(
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
def test_retention_of_atable_of() -> None:
    """Each row has its dates, its status, the authority, the holds and what is missing."""
    table = table_of(
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
    table = table_of(
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


@pytest.mark.spec("LAW-63")
def test_a_hold_holds_from_its_day_on() -> None:
    """Where holds may lie ahead, one that begins tomorrow does not hold today."""
    specs = tuple(attrs.evolve(spec, ahead=spec.name == "holds") for spec in LAW.pack.facts)
    law = attrs.evolve(LAW.pack, facts=specs).law(LAW.agency, on=DAY)
    rows = [
        {**QUIET, "holds": (Hold(id="h", kind="litigation", placed=DAY + timedelta(days=shift)),)}
        for shift in (0, 1)
    ]

    found = retention_table(arrow_table(law, rows, [*QUIET, "holds"]), law=law, as_of=DAY)

    assert [["h"], []] == found.column("holds").to_pylist()
    assert [retained(facts(row), law, DAY) for row in rows] == (
        found.drop_columns("object").to_pylist()
    )


@pytest.mark.spec("LAW-61", "LAW-66", "LAW-67", "LAW-68")
def test_every_day_is_judged_alike() -> None:
    """On each day around the end, the ceiling and disposal, the table says what one row does."""
    rows = [{**QUIET, "labels": frozenset({"training"})}, QUIET, {**QUIET, "holds": ()}]
    table = arrow_table(LAW, rows, [*QUIET, "labels", "holds"])
    statuses = set()
    for shift in range(85, 125):
        day = date(2024, 3, 1) + timedelta(days=shift)
        found = retention_table(table, law=LAW, as_of=day).drop_columns("object").to_pylist()
        statuses |= {(row["status"], row["ceiling_passed"]) for row in found}

        assert [retained(facts(row), LAW, day) for row in rows] == found
    assert {("protected", False), ("due", False), ("due", True)} == statuses


@pytest.mark.spec("LAW-62", "LAW-63")
@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_the_day_of_release_and_of_withdrawal(shift: int) -> None:
    """On the day of its release a hold holds no longer, and a request withdrawn adds nothing."""
    ends, begun = DAY + timedelta(days=shift), date(2024, 5, 1)
    hold = Hold(id="h", kind="litigation", placed=begun, released=ends)
    request = RetentionRequest(
        id="r", received=begun, days=9, withdrawn=ends, answers={"written": True}
    )
    row = {**QUIET, "holds": (hold,), "keep_requests": (request,)}

    found = retention_table(arrow_table(LAW, [row], list(row)), law=LAW, as_of=DAY).to_pylist()[0]

    del found["object"]
    assert retained(facts(row), LAW, DAY) == found
    assert (["h"] if shift > 0 else []) == found["holds"]


@pytest.mark.spec("LAW-62")
def test_requests_extend_in_order() -> None:
    """Each accepted request adds its days from the later of the end and its date."""
    requests = [
        {**REQUEST, "id": "late", "received": date(2024, 5, 20), "days": 300},
        {**REQUEST, "id": "early", "received": date(2024, 4, 1), "days": 2},
        {**REQUEST, "id": "refused", "days": 100, "written": False},
    ]
    table = table_of(
        collected_at=pa.array([MADE], TIME),
        force=["none"],
        investigation=["none"],
        keep_requests=pa.array([requests], REQUESTS),
    )

    assert date(2024, 5, 30) + timedelta(days=182) == _retain(table)[0]["last_protected"]


def test_unused_words_of_a_dictionary_are_no_values() -> None:
    """A dictionary may have words that no row uses, and a null among its words."""
    words = pa.array(["much", "none", None])
    column = pa.DictionaryArray.from_arrays(pa.array([1, 2, None], pa.int8()), words)

    rows = _classify(table_of(force=column, investigation=["none"] * 3))

    assert [[], ["force"], ["force"]] == [row["missing"] for row in rows]


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
        table_of(**{name: pa.nulls(2) for name in names}),
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


@pytest.mark.spec("LAW-11")
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Chicago"])
def test_moments_in_other_units_and_zones(unit: str, zone: str) -> None:
    """A moment is the same in every unit and zone in which it is written."""
    # A second before and after midnight in the agency's zone.
    moments = [datetime(2024, 3, 2, 5, 59, 59, tzinfo=UTC), datetime(2024, 3, 2, 6, tzinfo=UTC)]
    column = pa.array(moments, TIME).cast(pa.timestamp(unit, tz=zone))
    table = table_of(collected_at=column, force=["none"] * 2, investigation=["none"] * 2)

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
