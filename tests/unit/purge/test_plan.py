"""Plans: what is in them, their one encoding, their brakes, and what should be gone."""

import csv
import io
from datetime import date

import attrs
import pytest

from bwcstore._encoding import Json, decode, encode, sha256
from bwcstore._values import ActId, Digest, Instant, ObjectId, StoreId
from bwcstore.cli._output import Output, time_text
from bwcstore.cli._purge_show import say_plan
from bwcstore.custody._act_records import PlanState
from bwcstore.custody._object_records import Locked, ObjectState, Purge
from bwcstore.custody._records import EpochEnded, HoldPlaced, Policy, StoreState
from bwcstore.errors import ErrorKind, FormatError
from bwcstore.purge._approval import conditions
from bwcstore.purge._brakes import Brake, find_brakes, usual_volume
from bwcstore.purge._over_retention import Overdue, find_over_retained
from bwcstore.purge._plan import PurgePlan, make_plan
from bwcstore.purge._plan_text import PLAN_OBJECTS_MAX, PlanItem, PlanText
from bwcstore.purge._standing import standing
from tests.unit.custody.entries import CHIEF, CLIP, NOW, OTHER
from tests.unit.purge.test_proof import ACT, DUE, HOLD, NO_FORCE, recording
from tests.unit.statute.small import small_law

STORE = StoreId("44444444-4444-4444-8444-444444444444")
HELD = StoreState(
    holds={
        HOLD: HoldPlaced(
            hold_id=HOLD,
            kind="litigation",
            authority="court",
            query=None,
            objects_count=1,
            placed_at=NOW,
            placed_by=CHIEF,
            index=3,
        )
    }
)


def plan(*states: ObjectState, at: Instant = DUE, store: StoreState = HELD) -> PurgePlan:
    """A plan over these recordings."""
    law = small_law(date.fromisoformat(str(at)[:10]))
    return make_plan(states, store, store_id=STORE, law=law, at=at, usual=0)


def other(state: ObjectState) -> ObjectState:
    """The same of another recording."""
    return attrs.evolve(state, object_id=OTHER)


def proposed(count: int, *, number: int = 0, completed: int = 0, ended: int = 1) -> PlanState:
    """A plan that was proposed."""
    return PlanState(
        act=ActId(f"00000000-0000-4000-8000-{number:012d}"),
        digest=Digest(bytes(32)),
        annex=Digest(bytes(32)),
        as_of=date(2026, 6, 10),
        objects_count=count,
        brakes=(),
        proposed_at=DUE,
        proposed_by=CHIEF,
        proposed_index=9,
        ended=ended,
        completed=completed,
    )


@pytest.mark.spec("PRG-5")
def test_a_plan_sorts_recordings_into_what_is_due_and_what_withholds_them() -> None:
    """Due, held past the date, without authority, begun, and not to be mentioned yet."""
    held = other(recording(holds=frozenset({HOLD})))
    going = recording(purge=Purge(plan=ACT, started_index=4))
    gone = recording(purge=Purge(plan=ACT, started_index=4, completed_index=5, epoch=0))
    young = recording({**NO_FORCE, "force": "some"})
    made = plan(recording(), held, going, gone, young)

    assert [CLIP] == [one.object_id for one in made.due]
    assert [(OTHER, ErrorKind.OBJECT_HELD)] == [(one.object_id, one.kind) for one in made.withheld]
    assert ((CLIP,), 4, ()) == (made.unfinished, made.considered_count, made.no_authority)
    assert 0 == made.beyond_count


@pytest.mark.spec("PRG-5")
def test_the_text_of_a_plan_has_one_form() -> None:
    """What is encoded is decoded; the digest is of these bytes; every other form is refused."""
    text = plan(recording()).text
    raw = text.encode()
    value = decode(raw, what="plan")
    item = value["objects"][0]  # type: ignore[index]
    wrong: tuple[dict[str, Json], ...] = (
        {**value, "format": "bwcstore-plan/2"},
        {**value, "more": 1},
        {**value, "objects": []},
        {**value, "objects": [item, item]},
        {**value, "objects": [{**item, "object": 7}]},  # type: ignore[dict-item]
        {**value, "objects": [{"object": str(CLIP)}]},
        {**value, "as_of": "2026-02-30"},
        {**value, "store": "x"},
    )

    assert text == PlanText.decode(raw)
    assert text.digest == sha256(raw)
    for one in wrong:
        with pytest.raises(FormatError):
            PlanText.decode(encode(one))
    with pytest.raises(FormatError):
        PlanText.decode(raw + b" ")


@pytest.mark.spec("PRG-5")
def test_more_than_ten_thousand_are_left_for_the_next_plan() -> None:
    """The text of a plan takes 10,000 recordings and refuses one more."""
    item = plan(recording()).text.items[0]

    def many(count: int) -> bytes:
        items = tuple(
            attrs.evolve(item, object_id=type(CLIP)(f"01900000-0000-7000-8000-{n:012x}"))
            for n in range(count)
        )
        return attrs.evolve(plan(recording()).text, items=items).encode()

    assert PLAN_OBJECTS_MAX == len(PlanText.decode(many(PLAN_OBJECTS_MAX)).items)
    with pytest.raises(FormatError):
        PlanText.decode(many(PLAN_OBJECTS_MAX + 1))


@pytest.mark.spec("LCK-14")
def test_what_the_storage_still_locks_is_named_with_the_end_of_its_lock(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A recording that is due stays due; the end of its lock, as the ledger last had it, is told to
    people and programs. A lock that is over, or of what is not due, is not.
    """
    later, sooner = DUE.plus_seconds(3 * 86_400), DUE.plus_seconds(-1)
    held = recording(holds=frozenset({HOLD}))
    made = plan(
        attrs.evolve(recording(locked=Locked(until=later, legal_hold=False)), locked_until=sooner),
        other(attrs.evolve(recording(), locked_until=sooner)),
        attrs.evolve(held, object_id=ObjectId(ACT.text), locked_until=later),
    )
    said = _said(made, capsys)

    assert [CLIP, OTHER] == sorted(one.object_id for one in made.due)
    assert {CLIP: later} == made.locked
    assert {str(CLIP): str(later)} == made.to_json()["locked"]
    assert f"  {CLIP}  until {time_text(later)}\n" in said
    assert made.digest == attrs.evolve(made, locked={}).digest
    assert "locked by the storage" not in _said(plan(recording()), capsys)


def _said(made: PurgePlan, capsys: pytest.CaptureFixture[str]) -> str:
    say_plan(Output(machine=False, quiet=False), made)
    return capsys.readouterr().out


def test_a_plan_as_json_csv_and_arrow() -> None:
    """The same recordings in each."""
    made = plan(recording(), other(recording(holds=frozenset({HOLD}))))
    rows = list(csv.DictReader(io.StringIO(made.to_csv())))
    table = made.to_arrow().to_pylist()
    shown = made.to_json()

    assert ["due", "object-held"] == [row["state"] for row in rows]
    assert [str(CLIP), str(OTHER)] == [row["object"] for row in table]
    assert [date(2026, 6, 2), None] == [row["disposal"] for row in table]
    assert ["s. 7(a)", "schedule, line 1"] == table[0]["cites"]
    assert str(made.digest) == shown["plan_sha256"]
    assert encode(shown)


@pytest.mark.spec("PRG-9")
def test_the_usual_volume_is_the_mean_of_the_last_twelve_that_destroyed_any() -> None:
    """Plans that never ended or destroyed nothing do not count; the oldest of 13 neither."""
    old = proposed(900, number=0, completed=900)
    last = [proposed(9, number=n, completed=10 + n % 2) for n in range(1, 13)]
    empty = [proposed(9, number=20), proposed(9, number=21, completed=0, ended=0)]

    assert 10 == usual_volume([old, *last, *empty])
    assert 0 == usual_volume(empty)


@pytest.mark.spec("PRG-9")
def test_brakes() -> None:
    """Volume beyond both bounds, a change within the days, and new rules."""
    policy = Policy(brake_objects=2, brake_multiple=3, brake_days=14)
    lately = Instant(DUE.microseconds - 13 * 86_400_000_000)
    before = Instant(DUE.microseconds - 14 * 86_400_000_000)

    def pulled(
        *changes: Instant | None, usual: int = 0, rules_at: Instant | None = before
    ) -> tuple[Brake, ...]:
        store = StoreState(policy=policy, rules_at=rules_at)
        return find_brakes(changes, usual=usual, store=store, now=DUE)

    assert () == pulled(None, before)
    assert (Brake.VOLUME,) == pulled(None, None, None)
    assert () == pulled(None, None, None, usual=1)
    assert (Brake.VOLUME,) == pulled(None, None, None, None, usual=1)
    assert (Brake.CHANGED,) == pulled(lately)
    assert (Brake.RULES,) == pulled(None, rules_at=lately)
    assert () == pulled(None, rules_at=None)


@pytest.mark.spec("PRG-10")
@pytest.mark.parametrize(
    ("count", "brakes", "expected"), [(100, (), 2), (101, (), 3), (101, ("volume",), 4)]
)
def test_how_many_approvals(count: int, brakes: tuple[str, ...], expected: int) -> None:
    """The policy's number, one more if it is large, one more if it is unusual."""
    needs = conditions(
        attrs.evolve(proposed(count), brakes=brakes), Policy(approvals=2, large_objects=100)
    )

    assert expected == needs.approvals
    assert (24 * 3600 if brakes else 0) == (
        (needs.not_before.microseconds - DUE.microseconds) // 1_000_000
    )


@pytest.mark.spec("PRG-15")
def test_what_has_begun_and_which_epoch_is_owed() -> None:
    """An epoch counts only if it ended after the completion, and is not an earlier one."""
    going = recording(purge=Purge(plan=ACT, started_index=4))
    gone = other(recording(purge=Purge(plan=ACT, started_index=4, completed_index=5, epoch=1)))
    ended = _ended(epoch=1, index=6)
    too_early = _ended(epoch=1, index=4)
    another = _ended(epoch=0, index=6)
    first = standing([going, gone, recording()], StoreState())

    assert ((CLIP,), (OTHER,), True) == (first.begun, first.gone, first.owes_epoch)
    assert [True, True, False] == [
        standing([gone], StoreState(epochs=epochs)).owes_epoch
        for epochs in ((too_early,), (another,), (ended,))
    ]


def _ended(*, epoch: int, index: int) -> EpochEnded:
    return EpochEnded(epoch=epoch, opened=epoch + 1, replicas=("a",), index=index, at=DUE)


@pytest.mark.spec("PRG-18")
def test_what_should_be_gone() -> None:
    """Past a ceiling though held, long past the day of disposal, and neither."""
    trained = recording({**NO_FORCE, "labels": ["training"]}, holds=frozenset({HOLD}))
    late = Instant.parse("2026-07-20T12:00:00.000000Z")
    law = small_law(date(2026, 7, 20))
    found = find_over_retained([trained, other(recording())], HELD, law=law, at=late)
    grace = small_law(date(2026, 7, 20), ("grace_days = 0", "grace_days = 60"))
    none = find_over_retained([other(recording())], HELD, law=grace, at=late)

    assert [
        (OTHER, Overdue.DISPOSAL, date(2026, 6, 2), None),
        (CLIP, Overdue.CEILING, date(2026, 6, 29), ErrorKind.OBJECT_HELD),
    ] == [(one.object_id, one.why, one.since, one.withheld) for one in found]
    assert ("s. 8",) == found[1].cites
    assert () == none
    assert all(encode(one.to_json()) for one in found)


def test_an_item_of_a_plan_is_what_was_proved() -> None:
    """Dates and rules of the text are those of the proof."""
    made = plan(recording())

    assert (
        PlanItem(
            object_id=CLIP,
            last_protected=date(2026, 5, 30),
            disposal=date(2026, 6, 2),
            authority=("standard",),
        ),
    ) == made.text.items
