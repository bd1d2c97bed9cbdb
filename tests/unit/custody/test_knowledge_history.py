"""Facts of custody are those of the law engine's own history: any assertions, any day."""

from collections.abc import Mapping
from datetime import date
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bwcstore._encoding import Json
from bwcstore._values import ActorId
from bwcstore.custody._assertion import FactAssertion
from bwcstore.custody._knowledge import asserted_facts
from bwcstore.errors import BwcStoreError
from bwcstore.statute import Assertion, FactHistory
from bwcstore.statute._facts import FactType
from tests.unit.custody.entries import CHIEF, NOW
from tests.unit.custody.test_knowledge import SMALL, assertion_id, law

NAMES: Final = ("force", "investigation", "labels", "complaint_on")
VALUES: Final[Mapping[str, tuple[Json, ...]]] = {
    "force": ("none", "some"),
    "investigation": ("none", "active"),
    "labels": (["training"], ["evidence"], []),
    "complaint_on": ("2026-02-01", "2026-02-02"),
}


@st.composite
def histories(draw: st.DrawFn) -> tuple[FactAssertion, ...]:
    """Assertions of a few facts, of a few days, some in place of others."""
    made: list[FactAssertion] = []
    for number in range(draw(st.integers(0, 7))):
        fact = draw(st.sampled_from(NAMES))
        former = [one.assertion_id for one in made if one.fact == fact]
        supersedes = draw(st.sampled_from([None, *former]))
        values = VALUES[fact] if supersedes is None else (None, *VALUES[fact])
        made.append(
            FactAssertion(
                assertion_id=assertion_id(number),
                fact=fact,
                value=draw(st.sampled_from(values)),
                since=date(2026, 2, draw(st.integers(1, 4))),
                at=NOW.plus_seconds(number),
                by=CHIEF,
                basis="report",
                index=number,
                supersedes=supersedes,
            )
        )
    return tuple(made)


def outcome(ask: object) -> object:
    """What comes of asking: values, or the code of the refusal."""
    try:
        return ask()  # type: ignore[operator]  # a callable without arguments
    except BwcStoreError as exc:
        return exc.kind


@pytest.mark.spec("CUS-10", "LAW-35", "LAW-36")
@given(said=histories(), seconds=st.integers(-1, 8), day=st.integers(1, 28))
def test_facts_are_those_of_the_law_engines_own_history(
    said: tuple[FactAssertion, ...], seconds: int, day: int
) -> None:
    """Leaving out what no longer counts changes no answer."""
    on, at = date(2026, 2, day), NOW.plus_seconds(seconds)
    specs = {spec.name: spec for spec in SMALL.facts}

    def value(one: FactAssertion) -> object:
        if specs[one.fact].type is FactType.DATE and isinstance(one.value, str):
            return date.fromisoformat(one.value)
        return frozenset(map(str, one.value)) if isinstance(one.value, list) else one.value

    history = FactHistory(
        tuple(
            Assertion(
                id=one.assertion_id,
                fact=one.fact,
                value=value(one),  # type: ignore[arg-type]  # a value of the fact
                since=one.since,
                recorded=one.at,
                by=str(ActorId(CHIEF.text)),
                basis=one.basis,
                supersedes=one.supersedes,
            )
            for one in said
        )
    )
    zone = law().zone
    expected = outcome(lambda: history.known(SMALL, zone=zone, on=on, at=at).values)
    found = outcome(lambda: asserted_facts(said, pack=SMALL, zone=zone, on=on, at=at).values)

    assert expected == found
