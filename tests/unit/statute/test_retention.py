"""How long a recording is kept."""

from datetime import UTC, date, datetime

import pytest

from bwcstore.statute._facts import Hold, RetentionRequest
from bwcstore.statute._judgements import NoteKind, Retention, RetentionStatus
from bwcstore.statute._retention import retention
from tests.unit.statute.small import facts, small_law

DAY = date(2024, 6, 1)
MADE = datetime(2024, 3, 1, 18, tzinfo=UTC)
QUIET: dict[str, object] = {"collected_at": MADE, "force": "none", "investigation": "none"}


def _retain(
    given: dict[str, object],
    *changes: tuple[str, str],
    as_of: date = DAY,
    law: date = DAY,
) -> Retention:
    return retention(facts({**QUIET, **given}), law=small_law(law, *changes), as_of=as_of)


def _request(name: str, received: date, days: int, **more: object) -> RetentionRequest:
    written = bool(more.pop("written", True))
    withdrawn = more.pop("withdrawn", None)
    assert not more
    return RetentionRequest(
        id=name,
        received=received,
        days=days,
        withdrawn=withdrawn if isinstance(withdrawn, date) else None,
        answers={"written": written},
    )


@pytest.mark.spec("LAW-60", "LAW-61")
@pytest.mark.parametrize(
    ("given", "last", "rule"),
    [
        ({}, date(2024, 5, 30), "basic"),
        ({"force": "some"}, date(2025, 3, 1), "force"),
        ({"complaint_on": date(2024, 4, 1)}, date(2025, 4, 1), "complaint"),
        ({"investigation": "active"}, date(2024, 4, 30), "standard"),
        ({"labels": ["evidence"], "closed_on": date(2024, 5, 31)}, date(2027, 3, 1), "evidence"),
        ({"force": "deadly"}, None, "deadly"),
    ],
)
def test_the_longest_wins(given: dict[str, object], last: date | None, rule: str) -> None:
    """The last protected day is the latest end of the floors and entries that apply."""
    found = _retain(given)

    assert (last, rule) == (found.last_protected, found.floors[0].ground.rule)


@pytest.mark.spec("LAW-61")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, date(2024, 5, 30)),
        ({"force": None}, date(2024, 5, 30)),
        ({"force": None, "investigation": None}, date(2024, 5, 30)),
        ({"investigation": "active"}, None),
        ({"collected_at": None, "force": None, "investigation": None}, None),
        ({"labels": ["evidence"]}, None),
    ],
)
def test_statutory_floor_is_what_is_certain(
    given: dict[str, object], expected: date | None
) -> None:
    """The statutory floor leaves the schedule and everything unknown out."""
    assert expected == _retain(given).statutory_floor


@pytest.mark.spec("LAW-61", "LAW-64")
@pytest.mark.parametrize(
    ("given", "status", "missing"),
    [
        ({"force": None}, "undetermined", ("force",)),
        ({"collected_at": None}, "undetermined", ("collected_at",)),
        ({"investigation": None}, "no-authority", ("investigation",)),
        ({"force": "some", "investigation": None}, "protected", ()),
    ],
)
def test_missing_facts_protect_and_are_named(
    given: dict[str, object], status: str, missing: tuple[str, ...]
) -> None:
    """What is not known may lengthen; only facts that could do so are missing."""
    found = _retain(given, ("confirmed = true", "confirmed = false"))

    assert (status, missing) == (found.status, found.missing)


@pytest.mark.spec("LAW-62")
@pytest.mark.parametrize(
    ("requests", "last"),
    [
        ([_request("a", date(2024, 4, 1), 30)], date(2024, 6, 29)),
        ([_request("a", date(2024, 4, 1), 400)], date(2024, 11, 26)),
        ([_request("a", date(2024, 5, 31), 10)], date(2024, 6, 10)),
        ([_request("a", date(2024, 4, 1), 30, written=False)], date(2024, 5, 30)),
        ([_request("a", date(2024, 4, 1), 30, withdrawn=DAY)], date(2024, 5, 30)),
        ([_request("a", date(2024, 4, 1), 30, withdrawn=date(2024, 6, 2))], date(2024, 6, 29)),
        (
            [_request("b", date(2024, 5, 2), 10), _request("a", date(2024, 5, 1), 20)],
            date(2024, 6, 29),
        ),
    ],
)
def test_requests_extend_the_end(requests: list[RetentionRequest], last: date) -> None:
    """Each accepted request adds its days, within the cap, to the end or to its own day."""
    found = _retain({"keep_requests": requests})

    assert last == found.last_protected


@pytest.mark.spec("LAW-62")
@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (_request("a", date(2024, 4, 1), 181), NoteKind.REQUEST_OVER_CAP),
        (_request("a", date(2024, 4, 1), 10, written=False), NoteKind.REQUEST_NOT_ACCEPTED),
    ],
)
def test_requests_that_are_not_granted_whole_are_noted(
    request_: RetentionRequest, kind: NoteKind
) -> None:
    """A request beyond the cap, or of the wrong kind, does not pass in silence."""
    found = _retain({"keep_requests": [request_]})

    assert [(kind, "a")] == [(note.kind, note.about) for note in found.notes]


@pytest.mark.spec("LAW-62")
def test_requests_extend_the_statutory_floor() -> None:
    """A request lengthens what the statute protects, and not only what the schedule does."""
    found = _retain({"keep_requests": [_request("a", date(2024, 4, 1), 30)]})

    assert date(2024, 6, 29) == found.statutory_floor


@pytest.mark.spec("LAW-63", "LAW-68")
@pytest.mark.parametrize(
    ("released", "status", "last", "disposal"),
    [
        (None, "held", date(2024, 5, 30), None),
        (date(2024, 6, 2), "held", date(2024, 6, 2), None),
        (date(2024, 6, 1), "protected", date(2024, 6, 1), date(2024, 6, 4)),
        (date(2024, 5, 31), "due", date(2024, 5, 31), date(2024, 6, 1)),
    ],
)
def test_holds_hold_until_their_release(
    released: date | None, status: str, last: date, disposal: date | None
) -> None:
    """A hold stands until it is released, and the day of its release is still protected."""
    hold = Hold(id="h", kind="litigation", placed=date(2024, 4, 1), released=released)

    found = _retain({"holds": [hold]})

    assert (status, last, disposal) == (found.status, found.last_protected, found.disposal)


@pytest.mark.spec("LAW-65")
def test_an_unconfirmed_entry_gives_no_authority() -> None:
    """Without a confirmed entry nothing may be destroyed, however long ago the floor ended."""
    found = _retain({}, ("confirmed = true", "confirmed = false"), as_of=date(2124, 1, 1))

    assert (RetentionStatus.NO_AUTHORITY, (), None) == (
        found.status,
        found.authority,
        found.disposal,
    )
    assert [NoteKind.ENTRY_NOT_CONFIRMED] == [note.kind for note in found.notes]


@pytest.mark.spec("LAW-66")
@pytest.mark.parametrize(
    ("changes", "plain", "conservative", "disposal"),
    [
        ((), date(2024, 6, 9), date(2024, 6, 11), date(2024, 6, 11)),
        (
            (("roll_floors = true", "roll_floors = false"),),
            date(2024, 6, 9),
            date(2024, 6, 11),
            date(2024, 6, 9),
        ),
        (
            (("grace_days = 0", "grace_days = 7"),),
            date(2024, 6, 9),
            date(2024, 6, 18),
            date(2024, 6, 18),
        ),
    ],
)
def test_earliest_days(
    changes: tuple[tuple[str, str], ...], plain: date, conservative: date, disposal: date
) -> None:
    """Destruction begins the day after; a careful agency leaves days of rest out and waits."""
    # 90 days after 10 March 2024 are 8 June, a Saturday.
    made = datetime(2024, 3, 10, 18, tzinfo=UTC)

    found = _retain({"collected_at": made}, *changes)

    assert (plain, conservative, disposal) == (
        found.earliest_plain,
        found.earliest_conservative,
        found.disposal,
    )


@pytest.mark.spec("LAW-67")
@pytest.mark.parametrize(
    ("given", "as_of", "passed", "noted"),
    [
        ({}, date(2024, 6, 29), False, False),
        ({}, date(2024, 6, 30), True, False),
        ({"force": "some"}, date(2024, 6, 30), True, True),
        (
            {"holds": [Hold(id="h", kind="litigation", placed=date(2024, 4, 1))]},
            date(2024, 6, 30),
            True,
            True,
        ),
    ],
)
def test_ceilings_yield_and_say_so(
    given: dict[str, object],
    as_of: date,
    passed: bool,
    noted: bool,
) -> None:
    """A ceiling is reported as passed; where something still protects, the conflict is noted."""
    found = _retain({"labels": ["training"], **given}, as_of=as_of)

    assert (date(2024, 6, 29), passed) == (found.ceiling, found.ceiling_passed)
    assert noted == (NoteKind.CEILING_YIELDS in [note.kind for note in found.notes])


@pytest.mark.spec("LAW-67")
def test_grace_does_not_pass_a_ceiling() -> None:
    """The agency's own caution ends at the ceiling."""
    found = _retain({"labels": ["training"]}, ("grace_days = 0", "grace_days = 90"))

    assert date(2024, 6, 30) == found.disposal


@pytest.mark.spec("LAW-68")
@pytest.mark.parametrize(
    ("given", "as_of", "expected"),
    [
        ({"force": "deadly"}, DAY, "indefinite"),
        ({"labels": ["evidence"]}, DAY, "awaiting-event"),
        ({}, date(2024, 5, 30), "protected"),
        ({}, date(2024, 5, 31), "due"),
        ({"collected_at": datetime(2024, 3, 10, 18, tzinfo=UTC)}, date(2024, 6, 9), "waiting"),
        ({"collected_at": datetime(2024, 3, 10, 18, tzinfo=UTC)}, date(2024, 6, 11), "due"),
    ],
)
def test_status(given: dict[str, object], as_of: date, expected: str) -> None:
    """The status says the first thing that stands in the way of destruction."""
    assert expected == _retain(given, as_of=as_of).status


@pytest.mark.spec("LAW-3")
def test_the_law_of_the_day_counts() -> None:
    """A floor that came later did not protect before."""
    made = datetime(2019, 3, 1, 18, tzinfo=UTC)
    given: dict[str, object] = {"collected_at": made, "force": "deadly"}

    before = _retain(given, law=date(2019, 12, 31))
    after = _retain(given, law=date(2020, 1, 1))

    assert (date(2020, 3, 1), None) == (before.last_protected, after.last_protected)


@pytest.mark.spec("LAW-69")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("complaint_on", "force", "labels")),
        ({"force": None}, ("force",)),
        ({"force": "deadly"}, ()),
    ],
)
def test_facts_that_could_change_the_date(
    given: dict[str, object], expected: tuple[str, ...]
) -> None:
    """The facts that could make the last protected day later are named."""
    assert expected == _retain(given).could_change


@pytest.mark.spec("LAW-60")
def test_metadata_have_their_own_end() -> None:
    """What protects the recording's metadata is judged apart."""
    found = _retain({"collected_at": datetime(2024, 2, 29, 18, tzinfo=UTC)})

    assert date(2029, 2, 28) == found.metadata_last_protected
