"""What holds of the law engine whatever the facts are, and in every shipped pack."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Final

import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bwcstore.errors import InvalidInputError
from bwcstore.statute import (
    Classification,
    FactType,
    Hold,
    Law,
    Pack,
    Retention,
    RetentionStatus,
    Subject,
    classify,
    load_agency,
    load_pack,
    pack_ids,
    retention,
)
from tests.properties.statute_facts import given_facts, requests, values

CASES: Final = Path(__file__).parents[1] / "statutes"
DAY: Final = date(2026, 3, 2)
PACKS: Final = pack_ids()
Given = Mapping[str, object]


@cache
def _law(pack_id: str) -> Law:
    pack = load_pack(pack_id)
    return pack.law(load_agency(str(CASES / pack_id / "agency.toml"), pack=pack), on=DAY)


@st.composite
def _recordings(draw: st.DrawFn) -> tuple[Law, Given]:
    law = _law(draw(st.sampled_from(PACKS)))
    return law, draw(given_facts(law.pack, DAY))


def _retain(law: Law, facts: Given) -> Retention:
    try:
        return retention(law.pack.read_facts(facts), law=law, as_of=DAY)
    except InvalidInputError:
        assume(False)
        raise


def _no_earlier(after: Retention, before: Retention) -> bool:
    """Whether destruction is at no earlier day after than it was before; None is never."""
    return all(
        new is None or (old is not None and new >= old)
        for old, new in (
            (before.last_protected, after.last_protected),
            (before.earliest_plain, after.earliest_plain),
            (before.earliest_conservative, after.earliest_conservative),
        )
    ) and (after.status is not RetentionStatus.DUE or before.status is RetentionStatus.DUE)


def _name_of(pack: Pack, kind: FactType) -> str:
    return next((spec.name for spec in pack.facts if spec.type is kind), "")


def _with(facts: Given, name: str, one: object) -> Given:
    held = facts.get(name, ())
    assert isinstance(held, (list, tuple))
    return {**facts, name: [*held, one]}


@given(_recordings(), st.dates(date(2016, 8, 1), DAY), st.none() | st.integers(0, 400))
def test_a_hold_never_makes_destruction_earlier(
    recording: tuple[Law, Given], placed: date, stands: int | None
) -> None:
    """However long a hold stands, without it destruction was possible no later."""
    law, facts = recording
    name = _name_of(law.pack, FactType.HOLDS)
    assume(name)
    kind = law.pack.fact(name).codes[0]
    released = None if stands is None else placed + timedelta(days=stands)
    hold = Hold(id="one more", kind=kind, placed=placed, released=released)

    assert _no_earlier(_retain(law, _with(facts, name, hold)), _retain(law, facts))


@given(_recordings(), st.data())
def test_a_request_never_makes_destruction_earlier(
    recording: tuple[Law, Given], data: st.DataObject
) -> None:
    """Whoever asks for more time, of whatever kind the request is, loses none by it."""
    law, facts = recording
    name = _name_of(law.pack, FactType.REQUESTS)
    assume(name)
    request = data.draw(requests(law.pack.fact(name), DAY))

    assert _no_earlier(_retain(law, _with(facts, name, request)), _retain(law, facts))


TRIGGERS: Final = {
    "us-mn": [
        ("discharge", "none", "accidental"),
        ("discharge", "training", "at_person_or_occupied_vehicle"),
        ("force_result", "none", "substantial_bodily"),
        ("force_result", "bodily", "death"),
        ("deadly_force", False, True),
        ("complaint_date", None, date(2025, 12, 1)),
        ("event_documented", "neither", "surroundings"),
    ],
}


@pytest.mark.parametrize("trigger", TRIGGERS["us-mn"], ids=lambda one: f"{one[0]}-{one[2]}")
@given(data=st.data())
@settings(max_examples=40)
def test_a_trigger_never_makes_destruction_earlier(
    trigger: tuple[str, object, object], data: st.DataObject
) -> None:
    """What the statute names as a reason to keep longer never shortens."""
    law = _law("us-mn")
    name, before, after = trigger
    facts = data.draw(given_facts(law.pack, DAY))

    assert _no_earlier(_retain(law, {**facts, name: after}), _retain(law, {**facts, name: before}))


@given(_recordings(), st.data())
def test_relabelling_alone_never_shortens(
    recording: tuple[Law, Given], data: st.DataObject
) -> None:
    """One more label, whichever it is, never lets a recording be destroyed earlier."""
    law, facts = recording
    assume(any(spec.name == "labels" for spec in law.pack.facts))
    before = facts.get("labels", frozenset[str]())
    assert isinstance(before, frozenset)
    label = data.draw(st.sampled_from(law.pack.fact("labels").codes))

    assert _no_earlier(
        _retain(law, {**facts, "labels": before | {label}}),
        _retain(law, {**facts, "labels": before}),
    )


@given(_recordings())
def test_without_a_schedule_nothing_is_ever_destroyed(recording: tuple[Law, Given]) -> None:
    """Only a confirmed entry of the schedule gives authority to destroy."""
    law, facts = recording
    confirmed = law.agency.schedule
    for schedule in ((), tuple(attrs.evolve(entry, confirmed=False) for entry in confirmed)):
        without = law.pack.law(attrs.evolve(law.agency, schedule=schedule), on=law.on)

        found = _retain(without, facts)

        assert (None, ()) == (found.disposal, found.authority)
        assert found.status not in (RetentionStatus.DUE, RetentionStatus.WAITING)


@given(_recordings())
def test_destruction_never_precedes_a_floor(recording: tuple[Law, Given]) -> None:
    """Every floor, entry, extension and release that applies lies before the earliest day."""
    law, facts = recording
    found = _retain(law, facts)
    ends = [floor.end for floor in found.floors] + [one.end for one in found.extensions]

    assert all(
        day is None or all(end is not None and end < day for end in ends)
        for day in (found.earliest_plain, found.earliest_conservative, found.disposal)
    )
    if found.statutory_floor is not None and found.earliest_plain is not None:
        assert found.statutory_floor < found.earliest_plain


@given(_recordings(), st.data())
def test_knowing_less_never_exposes(recording: tuple[Law, Given], data: st.DataObject) -> None:
    """A fact that becomes unknown never lowers the class, nor makes destruction earlier."""
    law, facts = recording
    unknowable = sorted(name for name in facts if _is_unknown_when_absent(law.pack, name))
    assume(unknowable)
    lost = data.draw(st.sampled_from(unknowable))
    less = {name: value for name, value in facts.items() if name != lost}
    before, after = _retain(law, facts), _retain(law, less)
    ranks = [law.classes[_classify(law, one).class_id].rank for one in (facts, less)]

    assert ranks[0] <= ranks[1]
    assert _no_earlier(after, before)


def _is_unknown_when_absent(pack: Pack, name: str) -> bool:
    spec = pack.fact(name)
    return spec.absent is None and spec.type not in (FactType.REQUESTS, FactType.HOLDS)


@given(_recordings(), st.data())
def test_missing_facts_matter_and_others_do_not(
    recording: tuple[Law, Given], data: st.DataObject
) -> None:
    """Once the missing facts are given the class is certain, and others do not change it."""
    law, facts = recording
    found = _classify(law, facts)
    while found.missing:
        facts = {
            **facts,
            **{name: data.draw(values(law.pack.fact(name), DAY)) for name in found.missing},
        }
        found = _classify(law, facts)
    others = [
        spec
        for spec in law.pack.facts
        if spec.about is Subject.RECORDING
        and spec.name not in facts
        and _is_unknown_when_absent(law.pack, spec.name)
    ]
    more = {**facts, **{spec.name: data.draw(values(spec, DAY)) for spec in others[:3]}}

    again = _classify(law, more)

    assert found.ground.certain
    assert (found.class_id, found.ground) == (again.class_id, again.ground)


def _classify(law: Law, facts: Given) -> Classification:
    try:
        return classify(law.pack.read_facts(facts), law=law, as_of=DAY)
    except InvalidInputError:
        assume(False)
        raise
