"""What a plan has to look at, found among all recordings at once."""

from typing import Any

import pytest

from bwcstore._values import Instant, ObjectId, StoreId
from bwcstore.catalog._candidates import STATES, UNSETTLED, candidates
from bwcstore.custody._derived import as_law_sees
from bwcstore.errors import ErrorKind
from bwcstore.purge._plan import PurgePlan, make_plan
from tests.unit.catalog.ledgers import Ledger, law, ledger, moment, tables_of

STORE = StoreId("44444444-4444-4444-8444-444444444444")
DAYS = (0, 1, 30, 91, 92, 120, 400, 3_000)


def plan(made: Ledger, at: Instant, only: Any = None) -> PurgePlan:
    """The plan that is made by looking at every recording, or at these only."""
    seen = [
        as_law_sees(made.state, one)
        for one in made.state.objects()
        if only is None or one.object_id in only
    ]
    return make_plan(seen, made.state.store, store_id=STORE, law=law(at), at=at, usual=0)


def found(made: Ledger, at: Instant) -> dict[ObjectId, str]:
    """What the catalog says has to be looked at, and why."""
    table = candidates(tables_of(made), law=law(at), at=at)
    return {ObjectId(one["object"]): one["state"] for one in table.to_pylist()}


@pytest.mark.spec("STA-7", "STA-13")
@pytest.mark.parametrize("seed", range(12))
def test_looking_where_the_catalog_says_gives_the_same_plan(seed: int) -> None:
    """No recording that a plan would name is missed."""
    made = ledger(seed)
    for days in DAYS:
        at = moment(days)
        named = found(made, at)

        whole, quick = plan(made, at), plan(made, at, named.keys())

        assert whole.due == quick.due
        assert whole.withheld == quick.withheld
        assert whole.no_authority == quick.no_authority
        assert whole.unfinished == quick.unfinished


@pytest.mark.spec("STA-13")
@pytest.mark.parametrize("seed", range(12))
def test_the_catalog_agrees_with_the_judgement_of_each(seed: int) -> None:
    """What is not left to be judged alone has the state that judging it alone gives."""
    made = ledger(seed)
    for days in DAYS:
        at = moment(days)
        whole = plan(made, at)
        expected = {one.object_id: "due" for one in whole.due}
        expected |= {
            one.object_id: one.kind.value for one in (*whole.withheld, *whole.no_authority)
        }
        expected |= dict.fromkeys(whole.unfinished, ErrorKind.PURGE_STARTED.value)

        settled = {one: state for one, state in found(made, at).items() if state != UNSETTLED}
        alone = found(made, at).keys() - settled.keys()

        assert {one: why for one, why in expected.items() if one not in alone} == settled


def test_most_is_judged_at_once() -> None:
    """Every state comes up, and not too much is left to be judged alone, however odd the facts."""
    states: list[str] = []
    for seed in range(12):
        made = ledger(seed)
        states += [state for days in DAYS for state in found(made, moment(days)).values()]

    assert set(STATES) - {ErrorKind.NO_AUTHORITY.value} == set(states)
    assert states.count(UNSETTLED) < len(states) * 2 / 3


@pytest.mark.spec("STA-13")
def test_what_nothing_gives_authority_to_destroy_is_named() -> None:
    """With a schedule that nobody has confirmed, what would be due lacks authority."""
    at = moment(400)
    unconfirmed = law(at, ("confirmed = true", "confirmed = false"))
    shown: set[str] = set()
    for seed in range(12):
        made = ledger(seed)
        table = candidates(tables_of(made), law=unconfirmed, at=at)
        states = {ObjectId(one["object"]): one["state"] for one in table.to_pylist()}
        shown |= {states[one.object_id] for one in plan(made, at).due}

    assert {ErrorKind.NO_AUTHORITY.value} == shown - {UNSETTLED}


def test_of_nothing_nothing_is_due() -> None:
    """A catalog without recordings names none."""
    made = ledger(0, steps=0)

    assert {} == found(made, moment(400))
