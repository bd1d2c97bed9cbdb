"""What was known of a day at a moment."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs
import pytest

from bwcstore._values import Instant
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._facts import Hold, RetentionRequest, Several, Value
from bwcstore.statute._history import Assertion, FactHistory
from bwcstore.statute._pack import Pack
from tests.unit.statute.small import small_pack

ZONE: Final = ZoneInfo("America/Chicago")
MARCH: Final = date(2024, 3, 1)


def moment(day: int, hour: int = 18) -> Instant:
    """An hour of a day in March 2024, UTC; the day before in Chicago up to five o'clock."""
    return Instant.from_datetime(
        datetime(2024, 3, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=hour)
    )


def said(
    name: str,
    fact: str,
    value: Value | None,
    *,
    since: int = 1,
    on: int = 2,
    instead_of: str | None = None,
) -> Assertion:
    """An assertion since a day of March 2024 that was recorded on a day of March."""
    return Assertion(
        id=name,
        fact=fact,
        value=value,
        since=date(2024, 3, since),
        recorded=moment(on),
        by="rivera",
        basis="report 26-118",
        supersedes=instead_of,
    )


def known(*assertions: Assertion, day: int = 31, at: int = 31, pack: Pack | None = None) -> object:
    """The values that were known on a day of March of another one."""
    facts = FactHistory(assertions).known(
        pack or small_pack(), zone=ZONE, on=date(2024, 3, day), at=moment(at)
    )
    return dict(facts.values)


def refused(*assertions: Assertion, at: int = 31) -> ErrorKind:
    """The code with which a history is refused."""
    with pytest.raises(InvalidInputError) as caught:
        known(*assertions, at=at)
    return caught.value.kind


@pytest.mark.spec("LAW-35")
def test_nothing_is_known_before_it_is_recorded() -> None:
    """An assertion counts from the moment on at which it was recorded."""
    one = said("a", "force", "some", since=1, on=10)

    assert {} == known(one, at=9)
    assert {"force": "some"} == known(one, at=10)


@pytest.mark.spec("LAW-35")
def test_nothing_is_so_before_it_is_so() -> None:
    """An assertion counts for the days from its own on, however early it was recorded."""
    early = said("a", "appointment_on", date(2024, 6, 1), since=20, on=2)

    assert {} == known(early, day=19)
    assert {"appointment_on": date(2024, 6, 1)} == known(early, day=20)


@pytest.mark.spec("LAW-35")
def test_the_latest_day_counts() -> None:
    """Of several assertions of one fact the one since the latest day counts, up to the day."""
    history = (
        said("a", "investigation", "none", since=1, on=20),
        said("b", "investigation", "active", since=5, on=6),
        said("c", "investigation", "inactive", since=15, on=16),
    )

    assert {"investigation": "none"} == known(*history, day=4)
    assert {"investigation": "active"} == known(*history, day=14)
    assert {"investigation": "inactive"} == known(*history, day=15)


@pytest.mark.spec("LAW-35")
def test_an_assertion_stands_in_place_of_another() -> None:
    """What is superseded counts until the other one is recorded, and no longer."""
    history = (
        said("a", "force", "none", since=3, on=4),
        said("b", "force", "some", since=1, on=10, instead_of="a"),
        said("c", "force", "deadly", since=1, on=20, instead_of="b"),
    )

    assert {"force": "none"} == known(*history, at=9)
    assert {"force": "some"} == known(*history, at=10)
    assert {"force": "deadly"} == known(*history, at=20)
    assert {} == known(*history, at=9, day=2)


@pytest.mark.spec("LAW-35")
def test_an_assertion_without_a_value_takes_one_back() -> None:
    """After it nothing is known, but for what other assertions say."""
    history = (
        said("a", "force", "some", since=1, on=2),
        said("b", "force", "deadly", since=5, on=6),
        said("c", "force", None, since=5, on=10, instead_of="b"),
        said("d", "force", None, since=1, on=20, instead_of="a"),
    )

    assert {"force": "deadly"} == known(*history, at=9)
    assert {"force": "some"} == known(*history, at=10)
    assert {} == known(*history, at=20)


@pytest.mark.spec("LAW-36")
def test_different_words_on_one_day_contradict_each_other() -> None:
    """Equal values do not; different ones do, from the moment on at which both are known."""
    one = said("a", "force", "some", on=2)
    same = said("b", "force", "some", on=3)
    other = said("c", "force", "deadly", on=10)

    assert {"force": "some"} == known(one, same)
    assert {"force": "some"} == known(one, other, at=9)
    assert ErrorKind.FACT_CONTRADICTION == refused(one, other)


@pytest.mark.spec("LAW-36")
def test_of_dates_the_latest_may_count() -> None:
    """Where the pack says so, the latest of the dates and moments of one day counts."""
    pack = attrs.evolve(
        small_pack(),
        facts=tuple(
            attrs.evolve(spec, several=Several.LATEST)
            if spec.name in ("complaint_on", "collected_at")
            else spec
            for spec in small_pack().facts
        ),
    )
    history = (
        said("a", "complaint_on", date(2024, 2, 20)),
        said("b", "complaint_on", date(2024, 2, 10), on=10),
        said("c", "collected_at", moment(1, hour=3)),
        said("d", "collected_at", moment(1, hour=2), on=10),
    )

    assert {"complaint_on": date(2024, 2, 20), "collected_at": moment(1, hour=3)} == known(
        *history, pack=pack
    )


@pytest.mark.spec("LAW-36")
def test_of_sets_all_may_count() -> None:
    """A union has every code that was ever asserted for a day up to the one asked about."""
    history = (
        said("a", "labels", frozenset({"training"}), since=1),
        said("b", "labels", frozenset({"evidence"}), since=10, on=10),
    )

    assert {"labels": frozenset({"training"})} == known(*history, day=9)
    assert {"labels": frozenset({"training", "evidence"})} == known(*history)


@pytest.mark.spec("LAW-36")
def test_a_union_is_made_less_only_by_taking_back() -> None:
    """To supersede a set by another adds to it; an assertion without a value takes one away."""
    first = said("a", "labels", frozenset({"evidence"}))
    instead = said("b", "labels", frozenset({"training"}), on=5, instead_of="a")
    taken = said("c", "labels", None, on=6, instead_of="a")

    assert {"labels": frozenset({"evidence", "training"})} == known(first, instead)
    assert {"labels": frozenset({"training"})} == known(first, instead, taken)


@pytest.mark.spec("LAW-36")
def test_holds_and_requests_are_joined_by_id() -> None:
    """Each counts as it was described last, whatever the day it is since."""
    placed = Hold(id="h1", kind="litigation", placed=MARCH)
    released = attrs.evolve(placed, released=date(2024, 3, 9))
    second = Hold(id="h2", kind="litigation", placed=MARCH)
    asked = RetentionRequest(id="r", received=MARCH, days=10, answers={"written": True})
    history = (
        said("a", "holds", (released,), since=3, on=9),
        said("b", "holds", (placed,), since=5, on=5),
        said("c", "holds", (second,), since=1, on=6),
        said("d", "keep_requests", (asked,)),
    )

    assert {"holds": (placed, second), "keep_requests": (asked,)} == known(*history, at=8)
    assert {"holds": (released, second), "keep_requests": (asked,)} == known(*history)


@pytest.mark.spec("LAW-36")
def test_a_hold_is_not_two_things_at_one_moment() -> None:
    """Two descriptions of one hold, recorded at once, contradict each other until a later one."""
    one = Hold(id="h", kind="litigation", placed=MARCH)
    other = attrs.evolve(one, placed=date(2024, 2, 1))
    both = (said("a", "holds", (one,)), said("b", "holds", (other,)))

    assert ErrorKind.FACT_CONTRADICTION == refused(*both)
    assert {"holds": (one,)} == known(*both, said("c", "holds", (one,), on=5))


@pytest.mark.spec("LAW-11", "LAW-35")
def test_nothing_is_recorded_before_it_is_so() -> None:
    """A fact is not asserted of a later civil date than the one of the record, in the zone."""
    at_night = attrs.evolve(said("a", "force", "some", since=5), recorded=moment(5, hour=4))
    by_day = attrs.evolve(at_night, recorded=moment(5, hour=7))
    ahead = attrs.evolve(at_night, fact="appointment_on", value=date(2024, 6, 1))

    assert ErrorKind.FACT_FUTURE == refused(at_night)
    assert {"force": "some"} == known(by_day)
    assert {"appointment_on": date(2024, 6, 1)} == known(ahead)


@pytest.mark.spec("LAW-31", "LAW-35")
@pytest.mark.parametrize(
    ("fact", "value", "expected"),
    [
        ("weather", "fine", ErrorKind.FACT_UNKNOWN),
        ("force", "little", ErrorKind.FACT_TYPE),
        ("minor_recorded", "some", ErrorKind.FACT_TYPE),
    ],
)
def test_what_the_pack_does_not_take_is_refused(
    fact: str, value: Value, expected: ErrorKind
) -> None:
    """An assertion is checked as a fact is, from the moment on at which it was recorded."""
    wrong = said("a", fact, value, on=10)

    assert {} == known(wrong, at=9)
    assert expected == refused(wrong)
    with pytest.raises(InvalidInputError) as caught:
        FactHistory((wrong,)).check(small_pack(), zone=ZONE)
    assert expected == caught.value.kind


@pytest.mark.spec("LAW-35")
@pytest.mark.parametrize(
    "added",
    [
        said("a", "force", "deadly", on=9),
        said("b", "force", "deadly", on=9, instead_of="nobody"),
        said("b", "investigation", "none", on=9, instead_of="a"),
        said("b", "force", "deadly", on=4, instead_of="a"),
        said("b", "force", "deadly", on=9, instead_of="b"),
        said("b", "force", None, on=9),
    ],
    ids=["id taken", "unknown", "other fact", "earlier", "itself", "nothing to take back"],
)
def test_what_has_no_place_is_not_added(added: Assertion) -> None:
    """An assertion has an id of its own, and supersedes an earlier one of its own fact."""
    history = FactHistory((said("a", "force", "some", on=5),))

    with pytest.raises(InvalidInputError) as caught:
        history.added(added)

    assert ErrorKind.ARGUMENT_INVALID == caught.value.kind


@pytest.mark.spec("LAW-35")
def test_assertions_do_not_supersede_each_other_in_a_round() -> None:
    """Two assertions of one moment, each in place of the other, leave nothing that counts."""
    round_of_two = (
        said("a", "force", "some", instead_of="b"),
        said("b", "force", "deadly", instead_of="a"),
    )

    with pytest.raises(InvalidInputError) as caught:
        FactHistory(round_of_two)

    assert ErrorKind.ARGUMENT_INVALID == caught.value.kind


@pytest.mark.spec("LAW-35")
def test_adding_leaves_the_history_as_it_was() -> None:
    """A history is a value: one more assertion makes another history."""
    before = FactHistory((said("a", "force", "some"),))
    after = before.added(said("b", "force", "deadly", on=9, instead_of="a"))

    assert ["a"] == [one.id for one in before.assertions]
    assert ["a", "b"] == [one.id for one in after.assertions]


@pytest.mark.parametrize(
    "changes",
    [{"id": ""}, {"by": "two\nlines"}, {"basis": ""}, {"since": datetime(2024, 3, 1, tzinfo=UTC)}],
)
def test_an_assertion_says_who_and_why(changes: dict[str, Any]) -> None:
    """An id, a name and a basis are each one line of text, and `since` is a civil date."""
    with pytest.raises(InvalidInputError):
        attrs.evolve(said("a", "force", "some"), **changes)
