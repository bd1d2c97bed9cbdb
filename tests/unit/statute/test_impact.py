"""What another law changes for a table."""

from datetime import UTC, date, datetime
from typing import Any, Final

import attrs
import pyarrow as pa
import pytest

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute import FactSpec, FactType, Law, Subject
from bwcstore.statute.tables import impact
from tests.unit.statute.small import small_law
from tests.unit.statute.tabled import arrow_table

DAY: Final = date(2024, 6, 1)
OLD: Final = small_law(date(2019, 6, 1))
NEW: Final = small_law(DAY)
QUIET: Final[dict[str, Any]] = {
    "collected_at": datetime(2024, 3, 1, 18, tzinfo=UTC),
    "force": "none",
    "investigation": "none",
}
ROWS: Final = (QUIET, {**QUIET, "force": "deadly"}, {**QUIET, "force": "some"})
NAMES: Final = ("collected_at", "force", "investigation", "minor_recorded", "somebody_recorded")


def _impact(before: Law, after: Law, rows: tuple[dict[str, Any], ...] = ROWS) -> Any:
    return impact(before, after, arrow_table(NEW, rows, NAMES), as_of=DAY)


@pytest.mark.spec("LAW-3", "LAW-61", "LAW-68")
def test_a_new_version_touches_what_it_changes() -> None:
    """Only the recording to which the new rule applies is told of, with what it was and is."""
    found = _impact(OLD, NEW).to_pylist()

    assert 1 == len(found)
    told = found[0]
    assert "o1" == told["object"]
    assert ["status", "statutory_floor", "last_protected", "disposal"] == told["changed"]
    assert ("protected", "indefinite") == (told["status_before"], told["status_after"])
    assert (date(2025, 3, 1), None) == (told["last_protected_before"], told["last_protected_after"])
    assert ("open", "open") == (told["individuals_before"], told["individuals_after"])


def test_the_same_law_changes_nothing() -> None:
    """Between a law and itself no recording differs, and the columns are the same."""
    found = _impact(NEW, NEW)

    assert 0 == found.num_rows
    assert _impact(OLD, NEW).schema == found.schema


def test_two_agencies_can_be_compared() -> None:
    """A change of the schedule shows in the day of disposal."""
    after = small_law(DAY, ("60 days", "1 year"))

    found = _impact(NEW, after, (QUIET,)).to_pylist()

    assert ["status", "last_protected", "disposal"] == found[0]["changed"]
    assert ("due", "protected") == (found[0]["status_before"], found[0]["status_after"])
    assert (date(2024, 5, 31), date(2025, 3, 4)) == (
        found[0]["disposal_before"],
        found[0]["disposal_after"],
    )


def _other_pack() -> Law:
    """Another pack, with other labels, one fact less and one more."""
    pack = NEW.pack
    more = FactSpec(name="drone", type=FactType.FLAG, about=Subject.RECORDING, question="Drone?")
    other = attrs.evolve(
        pack,
        id="yy",
        facts=(*(spec for spec in pack.facts if spec.name != "minor_recorded"), more),
        classes=tuple(attrs.evolve(one, others=f"{one.others} there") for one in pack.classes),
        contradictions=(),
    )
    return other.law(attrs.evolve(NEW.agency, pack="yy"), on=DAY)


def test_two_packs_can_be_compared() -> None:
    """Each pack is given the facts that it asks, and labels are compared by what they say."""
    table = arrow_table(NEW, ROWS, NAMES).append_column("drone", pa.array([True, None, False]))

    found = impact(NEW, _other_pack(), table, as_of=DAY).to_pylist()

    assert [["others"]] * 3 == [row["changed"] for row in found]
    assert ("closed to others", "closed to others there") == (
        found[0]["others_before"],
        found[0]["others_after"],
    )


def test_a_problem_under_one_law_is_a_difference() -> None:
    """What one law refuses to judge and the other judges is told of."""
    row = {**QUIET, "minor_recorded": True, "somebody_recorded": False}

    found = _impact(NEW, _other_pack(), (row,)).to_pylist()

    assert ("fact-contradiction", None) == (found[0]["problem_before"], found[0]["problem_after"])
    assert {"problem", "status", "individuals"} <= set(found[0]["changed"])


def test_a_fact_that_no_pack_asks_is_refused() -> None:
    """A column that neither pack knows is an error, and so are tables without objects."""
    table = arrow_table(NEW, ROWS, NAMES)

    with pytest.raises(InvalidInputError) as unknown:
        impact(OLD, NEW, table.append_column("weather", pa.array(["wet"] * 3)), as_of=DAY)
    with pytest.raises(InvalidInputError) as nameless:
        impact(OLD, NEW, table.drop_columns("object"), as_of=DAY)

    assert ErrorKind.FACT_UNKNOWN is unknown.value.kind
    assert ErrorKind.FIELD_MISSING is nameless.value.kind


def test_no_rows_have_no_impact() -> None:
    """A table without rows is compared like any other."""
    assert 0 == _impact(OLD, NEW, ()).num_rows
