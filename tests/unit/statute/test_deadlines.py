"""What is owed, and by when."""

from datetime import date

import pytest

from bwcstore.statute._deadlines import deadlines
from bwcstore.statute._judgements import Deadline
from tests.unit.statute.small import facts, small_law


def _owed(day: date, **given: object) -> dict[str, Deadline]:
    found = deadlines(facts(given), law=small_law(day), as_of=day)
    return {one.id: one for one in found}


@pytest.mark.spec("LAW-80", "LAW-14", "LAW-15")
@pytest.mark.parametrize(
    ("name", "given", "plain", "rolled"),
    [
        ("answer", {"requested_on": date(2024, 5, 31)}, date(2024, 6, 14), date(2024, 6, 14)),
        ("answer", {"requested_on": date(2024, 12, 20)}, date(2025, 1, 6), date(2025, 1, 6)),
        (
            "release",
            {"force": "some", "complaint_on": date(2024, 5, 25)},
            date(2024, 6, 8),
            date(2024, 6, 10),
        ),
        (
            "release",
            {
                "force": "some",
                "complaint_on": date(2024, 5, 25),
                "closed_on": date(2024, 6, 30),
            },
            date(2024, 6, 30),
            date(2024, 7, 1),
        ),
        ("audit", {"last_audit_on": date(2024, 2, 29)}, date(2026, 2, 28), date(2026, 3, 2)),
    ],
)
def test_both_dates_are_given(
    name: str, given: dict[str, object], plain: date, rolled: date
) -> None:
    """A deadline has its plain date, and the one with days of rest left out."""
    found = _owed(date(2025, 6, 1), **given)[name]

    assert (plain, rolled) == (found.plain, found.rolled)


@pytest.mark.spec("LAW-80")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"force": "none", "complaint_on": date(2024, 5, 1)}, False),
        ({"force": "some"}, False),
        ({"force": "some", "complaint_on": date(2024, 5, 1)}, True),
        ({"complaint_on": date(2024, 5, 1)}, True),
    ],
)
def test_deadlines_arise_with_their_event(
    given: dict[str, object],
    expected: bool,
) -> None:
    """Nothing is owed before the event, or where the condition does not hold."""
    assert expected == ("release" in _owed(date(2024, 6, 1), **given))


@pytest.mark.spec("LAW-80")
def test_unknown_starts_are_listed() -> None:
    """A duty whose start is not known is listed without a date, with the missing fact."""
    found = _owed(date(2024, 6, 1))["audit"]

    assert (None, None, ("last_audit_on",)) == (found.plain, found.rolled, found.missing)


@pytest.mark.spec("LAW-81")
@pytest.mark.parametrize(
    ("day", "given", "expected"),
    [
        (date(2024, 6, 8), {}, "owed"),
        (date(2024, 6, 9), {}, "past-plain"),
        (date(2024, 6, 10), {}, "past-plain"),
        (date(2024, 6, 11), {}, "overdue"),
    ],
)
def test_status_of_a_rolled_deadline(day: date, given: dict[str, object], expected: str) -> None:
    """Between the plain and the rolled date a duty is past its plain date; then it is overdue."""
    given = {"force": "some", "complaint_on": date(2024, 5, 25), **given}

    assert expected == _owed(day, **given)["release"].status


@pytest.mark.spec("LAW-81")
def test_what_is_done_is_met() -> None:
    """A duty that is done is met, also after its date."""
    given = {"requested_on": date(2024, 1, 2), "answered_on": date(2024, 5, 1)}

    assert "met" == _owed(date(2024, 6, 1), **given)["answer"].status


@pytest.mark.spec("LAW-81")
def test_prompt_duties_have_no_date() -> None:
    """A duty without a number of days is owed, with the law's own word, until it is met."""
    found = _owed(date(2034, 6, 1), force="some", complaint_on=date(2024, 5, 25))["prompt"]

    assert (None, "at once", "owed") == (found.plain, found.promptness, found.status)


def test_the_soonest_comes_first() -> None:
    """Deadlines are in the order of their plain dates, those without one last."""
    found = _owed(
        date(2024, 6, 1),
        force="some",
        complaint_on=date(2024, 5, 25),
        requested_on=date(2024, 5, 31),
        last_audit_on=date(2022, 6, 1),
    )

    assert ["audit", "release", "answer", "prompt"] == list(found)
