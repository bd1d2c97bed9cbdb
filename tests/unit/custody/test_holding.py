"""Holds, decided from state alone."""

from datetime import date, datetime

import attrs
import pytest

from bwcstore._values import ActId, ActorId, ObjectId, ScopeId, Tag
from bwcstore.custody._holding import (
    OBJECTS_MAX,
    bound_objects,
    check_kind,
    check_review,
    civil_day,
    releases,
    standing,
)
from bwcstore.custody._object_records import Keeping, Purge
from bwcstore.custody._records import Actor, HoldPlaced, Policy, StoreState
from bwcstore.custody._state import State
from bwcstore.errors import (
    AuthorizationError,
    BwcStoreError,
    ErrorKind,
    InvalidInputError,
    RetentionError,
)
from bwcstore.statute._facts import FactType
from bwcstore.statute._files._library import pack_text
from bwcstore.statute._files._reading import read_pack
from bwcstore.statute._pack import Pack
from tests.unit.custody.entries import (
    CHIEF,
    CLERK,
    CLIP,
    CREATED,
    ENROLLED,
    INGESTED,
    NOW,
    OTHER,
    entry,
)

HOLD = HoldPlaced(
    hold_id="55555555-5555-4555-8555-555555555555",
    kind="litigation",
    authority="court",
    query=None,
    objects_count=1,
    placed_at=NOW,
    placed_by=CHIEF,
    index=3,
)

PLAN = ActId("01900000-0000-7000-8000-0000000000aa")


def pack() -> Pack:
    """A shipped pack."""
    words, name = pack_text("us-mn")
    return read_pack(words, name=name)


def store(hold: HoldPlaced, *, revoked: bool = False) -> StoreState:
    """A store with two actors and a hold."""
    actors = {
        one: Actor(actor_id=one, roles=frozenset({"records"}), tag=Tag("0" * 32), revoked=gone)
        for one, gone in ((CHIEF, revoked), (CLERK, False))
    }
    return StoreState(actors=actors, holds={hold.hold_id: hold})


def clips() -> State:
    """Two recordings."""
    state = State()
    state.fold(entry("store.created", CREATED))
    state.fold(entry("actor.enrolled", ENROLLED, seq=1, index=1))
    for index, one in enumerate((CLIP, OTHER), start=2):
        state.fold(entry("object.ingested", INGESTED, scope=ScopeId.object(one), index=index))
    return state


@pytest.mark.spec("HLD-9")
def test_a_kind_is_one_of_the_packs_where_it_has_any() -> None:
    """Without a pack, and with one that names no kinds, every kind is taken."""
    law = pack()
    none = attrs.evolve(
        law, facts=tuple(one for one in law.facts if one.type is not FactType.HOLDS)
    )
    check_kind("litigation", law)
    check_kind("anything", None)
    check_kind("anything", none)
    with pytest.raises(InvalidInputError, match="litigation") as caught:
        check_kind("litigations", law)

    assert ErrorKind.ARGUMENT_INVALID == caught.value.kind


@pytest.mark.spec("HLD-7")
@pytest.mark.parametrize(
    ("dual", "proposed_by", "revoked", "by", "expected"),
    [
        ({"litigation"}, None, False, CHIEF, False),
        ({"litigation"}, CHIEF, False, CLERK, True),
        ({"litigation"}, CHIEF, True, CLERK, False),
        ({"litigation"}, CHIEF, False, CHIEF, None),
        ({"evidentiary"}, None, False, CHIEF, True),
        (set(), CHIEF, False, CHIEF, True),
    ],
)
def test_whose_word_releases(
    dual: set[str],
    proposed_by: ActorId | None,
    by: ActorId,
    *,
    revoked: bool,
    expected: bool | None,
) -> None:
    """The second of two, none of whom was revoked; the only one where the policy asks for one."""
    hold = attrs.evolve(HOLD, proposed_by=proposed_by)
    known = attrs.evolve(store(hold, revoked=revoked), policy=Policy(dual_release=frozenset(dual)))
    if expected is None:
        with pytest.raises(AuthorizationError) as caught:
            releases(known, hold, by)

        assert ErrorKind.SECOND_ACTOR_REQUIRED == caught.value.kind
    else:
        assert expected == releases(known, hold, by)


@pytest.mark.spec("HLD-6")
def test_a_hold_stands_until_it_is_released() -> None:
    """Another id is unknown; a released one says when."""
    released = attrs.evolve(HOLD, released_at=NOW)

    assert HOLD is standing(store(HOLD), HOLD.hold_id)
    for known, name, code in (
        (store(HOLD), "other", ErrorKind.HOLD_UNKNOWN),
        (store(released), HOLD.hold_id, ErrorKind.HOLD_RELEASED),
    ):
        with pytest.raises(BwcStoreError) as caught:
            standing(known, name)

        assert code == caught.value.kind


@pytest.mark.spec("HLD-8")
def test_a_review_is_not_past() -> None:
    """Today and later are well; yesterday is not, and no day is no matter."""
    today = date(2026, 3, 2)
    check_review(None, today=today)
    check_review(today, today=today)
    with pytest.raises(InvalidInputError):
        check_review(date(2026, 3, 1), today=today)


@pytest.mark.parametrize("wrong", ["2026-02-30", datetime(2026, 3, 1), 20260301, None])  # noqa: DTZ001 - wrong
def test_a_civil_day_is_a_date_and_nothing_like_one(wrong: object) -> None:
    """Text, a moment, a number and nothing are refused; nothing is converted."""
    with pytest.raises(InvalidInputError) as caught:
        civil_day(wrong, "review")

    assert ErrorKind.ARGUMENT_INVALID == caught.value.kind


@pytest.mark.spec("HLD-1", "HLD-5")
def test_what_a_hold_binds() -> None:
    """Each recording once, in the order given; all there are, and none that is going."""
    state = clips()
    found = bound_objects(state, [OTHER, CLIP, OTHER])

    assert [OTHER, CLIP] == [one.object_id for one in found]

    many = [ObjectId(f"01900000-0000-7000-8000-{number:012x}") for number in range(OBJECTS_MAX + 1)]
    with pytest.raises(InvalidInputError) as caught:
        bound_objects(state, many)

    assert ErrorKind.TOO_LARGE == caught.value.kind


@pytest.mark.spec("HLD-5")
def test_what_is_going_is_not_bound_but_what_is_not_understood_is() -> None:
    """Entries of a newer version are no reason to let a recording go unheld."""
    state = clips()
    found = state.object(CLIP)
    assert found is not None
    purge = Purge(plan=PLAN, started_index=9)
    state._objects[CLIP] = attrs.evolve(found, opaque=True)

    assert [CLIP] == [one.object_id for one in bound_objects(state, [CLIP])]

    for ended, code in ((None, ErrorKind.PURGE_STARTED), (12, ErrorKind.OBJECT_PURGED)):
        going = Keeping(purge=attrs.evolve(purge, completed_index=ended))
        state._objects[CLIP] = attrs.evolve(found, keeping=going)
        with pytest.raises(RetentionError) as caught:
            bound_objects(state, [OTHER, CLIP])

        assert code == caught.value.kind
