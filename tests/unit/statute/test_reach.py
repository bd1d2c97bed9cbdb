"""Whether a condition can hold, and whether it always does."""

from itertools import product
from typing import Final

import attrs
import pytest

from bwcstore.statute._condition import All, Condition, Settled, Verdict, judge, names
from bwcstore.statute._files._reach import Search, always_holds
from bwcstore.statute._grammar import parse_condition

CODES: Final = {"force": ("none", "some"), "labels": ("x", "y")}


def _parsed(text: str) -> Condition:
    return parse_condition(text, definitions={})


@attrs.frozen
class _Scope:
    values: dict[str, Settled]

    def settled(self, name: str) -> Settled:
        return self.values[name]


@pytest.mark.spec("LAW-4")
@pytest.mark.parametrize(
    "text",
    [
        "a",
        "a and not a",
        "(a or b) and not a and not b",
        "(a or b) and (not a or c) and (not b or c) and not c",
        "(a or b) and (not a or c) and (not b or c) and c",
        "not (a or not a)",
        "force is none and force is some",
        "not force is none and not force is some",
        "not (force in (none, some))",
        "force is none or (a and force is some and b)",
        "labels has x and not labels has y",
        "labels has any and not labels has x and not labels has y",
        "not labels has any and (labels has x or labels has y or a)",
        "labels has any and not (labels has x and labels has y)",
    ],
)
def test_whether_a_condition_can_hold(text: str) -> None:
    """The search agrees with trying out every combination of values."""
    condition = _parsed(text)
    asked = sorted(names(condition))
    sets = [frozenset(one) for one in ((), ("x",), ("y",), ("x", "y"))]
    may_be: dict[str, list[Settled]] = {"force": ["none", "some"], "labels": [*sets]}
    combinations = product(*(may_be.get(name, [True, False]) for name in asked))
    reached = any(
        judge(condition, _Scope(dict(zip(asked, values, strict=True)))) is Verdict.YES
        for values in combinations
    )

    assert reached is Search(CODES).can_hold(condition)


@pytest.mark.spec("LAW-4")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b and b < a", True),
        ("a < b and not a < b", False),
        ("happened a and not happened a", False),
        ("not happened a and a < b", True),
        ("2020-01-01 < 2019-01-01", True),
    ],
)
def test_dates_are_questions_of_their_own(text: str, expected: bool) -> None:
    """Comparisons are not looked into: only one and the same test contradicts itself."""
    assert expected is Search({}).can_hold(_parsed(text))


@pytest.mark.spec("LAW-4")
@pytest.mark.timeout(60)
def test_the_search_has_a_bound() -> None:
    """What would take for ever counts as reachable: pigeons in too few holes."""
    holes = range(8)
    pigeons = range(9)
    homes = [" or ".join(f"p{p}_{h}" for h in holes) for p in pigeons]
    alone = [
        f"not (p{p}_{h} and p{q}_{h})" for h in holes for p in pigeons for q in pigeons if p < q
    ]
    parts = [_parsed(f"({home})") for home in homes] + [_parsed(one) for one in alone]
    search = Search({})
    condition = All(tuple(parts))

    assert search.can_hold(condition)
    assert search.left < 0


@pytest.mark.spec("LAW-4", "LAW-21")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("always", True),
        ("a or always", True),
        ("not not always", True),
        ("a", False),
        ("a or not a", False),
        ("as_of >= 1970-01-01", False),
    ],
)
def test_what_always_holds(text: str, expected: bool) -> None:
    """What always holds does so while nothing is known."""
    assert expected is always_holds(_parsed(text))
