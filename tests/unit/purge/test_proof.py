"""What proves that a recording may be destroyed, and each thing that withholds it."""

from datetime import date, timedelta

import attrs
import pytest

from bwcstore._encoding import Json
from bwcstore._values import ActId, Instant, ScopeId
from bwcstore.custody._assertion import FactAssertion
from bwcstore.custody._object_records import Claim, Keeping, ObjectState, Purge, RequestBound
from bwcstore.custody._records import HoldPlaced, StoreState
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, RetentionError
from bwcstore.purge._proof import Proof, Withheld, judge, prove
from tests.unit.custody.entries import CHIEF, CLIP, CREATED, ENROLLED, INGESTED, NOW, entry
from tests.unit.statute.small import small_law

ACT = ActId("00000000-0000-4000-8000-000000000001")
HOLD = "00000000-0000-4000-8000-00000000000a"
# Made on 1 March 2026: protected for 90 days, through 30 May, a Saturday; then 31 May, a Sunday.
MADE = date(2026, 3, 1)
DUE = Instant.parse("2026-06-10T12:00:00.000000Z")
NO_FORCE: dict[str, Json] = {"force": "none", "investigation": "none"}


def recording(facts: dict[str, Json] | None = None, **keeping: object) -> ObjectState:
    """A recording of which these facts are known."""
    state = State()
    state.fold(entry("store.created", CREATED))
    state.fold(entry("actor.enrolled", ENROLLED, seq=1, index=1))
    state.fold(entry("object.ingested", INGESTED, scope=ScopeId.object(CLIP), index=2))
    found = state.object(CLIP)
    assert found is not None
    known = NO_FORCE if facts is None else facts
    said = tuple(
        FactAssertion(
            assertion_id=name,
            fact=name,
            value=value,
            since=MADE,
            at=NOW,
            by=CHIEF,
            basis="report",
            index=number,
        )
        for number, (name, value) in enumerate(known.items())
    )
    return attrs.evolve(found, keeping=Keeping(facts=said, **keeping))  # type: ignore[arg-type]


def found(
    state: ObjectState,
    *changes: tuple[str, str],
    store: StoreState | None = None,
    at: Instant = DUE,
) -> Proof | Withheld:
    """What a recording comes to under the small law."""
    law = small_law(date.fromisoformat(str(at)[:10]), *changes)
    return judge(state, store or StoreState(), law=law, at=at)


def kind(judged: Proof | Withheld) -> tuple[ErrorKind, bool]:
    """The code of what withholds it, and whether its date is past."""
    assert isinstance(judged, Withheld)
    return judged.kind, judged.passed


@pytest.mark.spec("PRG-1", "PRG-4")
def test_what_is_due_proves() -> None:
    """Every date and rule that it rests on is in the proof."""
    proof = found(recording())

    assert isinstance(proof, Proof)
    assert date(2026, 5, 30) == proof.last_protected
    assert date(2026, 6, 2) == proof.disposal
    assert ["basic", "standard"] == [one.ground.rule for one in proof.floors]
    assert ["standard"] == [one.rule for one in proof.authority]
    assert {"end": "2026-05-30", "rule": "basic", "cite": "s. 7(a)", "period": "90 days"} == (
        proof.body()["floors"][0]  # type: ignore[index]
    )


@pytest.mark.spec("PRG-4")
@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-05-30", ErrorKind.OBJECT_PROTECTED),
        ("2026-05-31", ErrorKind.NOT_DUE),
        ("2026-06-01", ErrorKind.NOT_DUE),
        ("2026-06-02", None),
    ],
)
def test_the_days_around_the_end(day: str, expected: ErrorKind | None) -> None:
    """Through the last protected day, then while it rolls, then due."""
    at = Instant.parse(f"{day}T12:00:00.000000Z")
    judged = found(recording(), at=at)

    assert expected == (None if isinstance(judged, Proof) else judged.kind)


@pytest.mark.spec("PRG-3")
def test_holds_of_any_kind_and_pending_requests_hold() -> None:
    """A kind that the pack does not know holds all the same; an answered request does not."""
    hold = HoldPlaced(
        hold_id=HOLD,
        kind="unheard-of",
        authority="court",
        query=None,
        objects_count=1,
        placed_at=NOW,
        placed_by=CHIEF,
        index=3,
    )
    request = RequestBound(request=ACT, kind="subject-view", received=MADE, days=None, answers={})
    answered = attrs.evolve(request, outcome="granted", answered_on=MADE)
    held = found(recording(holds=frozenset({HOLD})), store=StoreState(holds={HOLD: hold}))
    asked = found(recording(requests={ACT: request}))
    free = found(recording(requests={ACT: answered}))

    assert (ErrorKind.OBJECT_HELD, True) == kind(held) == kind(asked)
    assert isinstance(held, Withheld)
    assert isinstance(asked, Withheld)
    assert ((HOLD,), (str(ACT),)) == (held.by, asked.by)
    assert f"unheard-of {HOLD}" in held.message
    assert isinstance(free, Proof)


@pytest.mark.spec("PRG-2")
@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"investigation": "none"}, (ErrorKind.RETENTION_UNKNOWN, True)),
        ({}, (ErrorKind.RETENTION_UNKNOWN, True)),
        ({**NO_FORCE, "labels": ["evidence"]}, (ErrorKind.RETENTION_UNKNOWN, False)),
        ({**NO_FORCE, "unheard_of": True}, (ErrorKind.RETENTION_UNKNOWN, True)),
        (
            {**NO_FORCE, "minor_recorded": True, "somebody_recorded": False},
            (ErrorKind.RETENTION_UNKNOWN, True),
        ),
        ({**NO_FORCE, "force": "deadly"}, (ErrorKind.OBJECT_PROTECTED, False)),
        ({**NO_FORCE, "force": "some"}, (ErrorKind.OBJECT_PROTECTED, False)),
    ],
)
def test_what_is_not_known_withholds(
    facts: dict[str, Json], expected: tuple[ErrorKind, bool]
) -> None:
    """Missing, awaited, unknown and contradicting facts; a floor that is longer."""
    judged = found(recording(facts))

    assert expected == kind(judged)


@pytest.mark.spec("PRG-2")
def test_a_missing_fact_withholds_even_after_every_floor_it_may_bring() -> None:
    """Whether there is an investigation may give 90 days; nobody has said, and years are over."""
    later = Instant.parse("2028-06-10T12:00:00.000000Z")
    judged = found(recording({"force": "none"}), at=later)

    assert (ErrorKind.RETENTION_UNKNOWN, True) == kind(judged)
    assert isinstance(judged, Withheld)
    assert ("investigation",) == judged.by


@pytest.mark.spec("PRG-4")
def test_no_authority_names_what_is_not_confirmed() -> None:
    """A schedule entry that the agency has not confirmed lets nothing be destroyed."""
    judged = found(
        recording(), ("confirmed = true\nauthority = ", "confirmed = false\nauthority = ")
    )

    assert (ErrorKind.NO_AUTHORITY, False) == kind(judged)
    assert isinstance(judged, Withheld)
    assert "not confirmed: standard" in judged.message
    assert "s. 7(a)" in judged.message


@pytest.mark.spec("PRG-2")
def test_entries_of_a_newer_version_withhold() -> None:
    """In the scope of the recording, or of the store."""
    opaque = attrs.evolve(recording(), opaque=True)

    assert (ErrorKind.RETENTION_UNKNOWN, True) == kind(found(opaque))
    assert (ErrorKind.RETENTION_UNKNOWN, True) == kind(
        found(recording(), store=StoreState(opaque=True))
    )


def test_what_is_going_or_gone_is_not_judged() -> None:
    """Each says so, the second with the number of its certificate."""
    going = Purge(plan=ACT, started_index=4)
    gone = attrs.evolve(going, completed_index=7, epoch=0)
    first, second = found(recording(purge=going)), found(recording(purge=gone))

    assert (ErrorKind.PURGE_STARTED, ErrorKind.OBJECT_PURGED) == (kind(first)[0], kind(second)[0])
    assert isinstance(second, Withheld)
    assert "certificate 7" in second.message


@pytest.mark.spec("PRG-4")
def test_a_refusal_cites_the_law() -> None:
    """Whoever is refused reads by which provision, and until when."""
    early = Instant.parse("2026-04-01T12:00:00.000000Z")
    with pytest.raises(RetentionError, match=r"until 2026-05-30: s. 7\(a\)") as caught:
        prove(recording(), StoreState(), law=small_law(date(2026, 4, 1)), at=early)

    assert ErrorKind.OBJECT_PROTECTED == caught.value.kind


def test_a_correction_of_the_clock_protects_longer() -> None:
    """The latest plausible claim counts."""
    made = attrs.evolve(recording(), collected=(Claim(at=NOW, basis="ingest"),))
    early = attrs.evolve(
        made,
        collected=(
            *made.collected,
            Claim(at=Instant(NOW.microseconds - 40 * 86_400_000_000), basis="correction"),
        ),
    )
    first, second = found(made), found(early)

    assert isinstance(first, Proof)
    assert isinstance(second, Proof)
    assert timedelta(days=40) == first.last_protected - second.last_protected
