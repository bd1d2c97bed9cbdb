"""Which class a recording is of."""

from datetime import date

import pytest

from bwcstore.statute._classify import classify
from bwcstore.statute._judgements import Classification
from tests.unit.statute.small import facts, small_law

DAY = date(2024, 6, 1)


def _classify(**given: object) -> Classification:
    return classify(facts(given), law=small_law(DAY), as_of=DAY)


@pytest.mark.spec("LAW-50")
@pytest.mark.parametrize(
    ("given", "class_id", "rule", "missing"),
    [
        ({"investigation": "active", "force": "some"}, "secret", "secret-investigation", ()),
        ({"investigation": "none", "force": "some"}, "open", "open-force", ()),
        ({"investigation": "none", "force": "none"}, "closed", "closed-else", ()),
        ({"force": "some"}, "secret", "secret-investigation", ("investigation",)),
        ({"investigation": "none"}, "closed", "closed-else", ("force",)),
        ({}, "secret", "secret-investigation", ("force", "investigation")),
    ],
)
def test_first_rule_decides_and_doubt_protects(
    given: dict[str, object], class_id: str, rule: str, missing: tuple[str, ...]
) -> None:
    """The first rule that applies decides; a missing fact gives the most protective class."""
    found = _classify(**given)

    assert (class_id, rule, missing) == (found.class_id, found.ground.rule, found.missing)


@pytest.mark.spec("LAW-50")
def test_other_possible_rules_are_named() -> None:
    """Where a fact is missing, the rules that may apply instead are named with the certain one."""
    found = _classify()

    assert not found.ground.certain
    assert [("open-force", False), ("closed-else", True)] == [
        (one.rule, one.certain) for one in found.possible
    ]


@pytest.mark.spec("LAW-51")
@pytest.mark.parametrize(("somebody", "expected"), [(True, "closed"), (False, None)])
def test_no_label_for_individuals_where_there_are_none(
    somebody: bool,
    expected: str | None,
) -> None:
    """A recording without individuals has only the label for other data."""
    found = _classify(investigation="none", force="none", somebody_recorded=somebody)

    assert (expected, "closed to others") == (found.individuals, found.others)


@pytest.mark.spec("LAW-52")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"minor_recorded": True}, [("minors", True), ("rumour", True)]),
        ({"minor_recorded": False}, [("rumour", True)]),
        ({}, [("minors", False), ("rumour", True)]),
        ({"minor_recorded": False, "investigation": "active"}, []),
    ],
)
def test_overlays_go_with_the_class(
    given: dict[str, object], expected: list[tuple[str, bool]]
) -> None:
    """Overlays of the class are listed, those that wait for a fact marked so."""
    found = _classify(**{"investigation": "none", "force": "none", **given})

    assert expected == [(one.ground.rule, one.ground.certain) for one in found.overlays]


@pytest.mark.parametrize(("force", "expected"), [("some", ["training"]), ("none", []), (None, [])])
def test_labels_that_facts_belie_are_named(force: str | None, expected: list[str]) -> None:
    """A label whose expected facts are otherwise is a mismatch; what is unknown is none."""
    found = _classify(labels=["training", "evidence"], force=force)

    assert expected == [one.label for one in found.mismatches]
