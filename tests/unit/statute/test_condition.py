"""Yes, no and unknown, and what an unknown answer waits for."""

from collections.abc import Mapping
from datetime import date
from itertools import product

import attrs
import pytest

from bwcstore.statute import _condition as conditions
from bwcstore.statute._condition import Gap, Settled, Verdict, fixed, judge, missing, names
from bwcstore.statute._grammar import parse_condition

DAY = date(2024, 6, 1)
YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN


@attrs.frozen
class _Scope:
    values: Mapping[str, Settled]

    def settled(self, name: str) -> Settled:
        return {"as_of": DAY, **self.values}.get(name, Gap.UNKNOWN)


def _judge(text: str, **values: Settled) -> Verdict:
    return judge(parse_condition(text, definitions={}), _Scope(values))


@pytest.mark.spec("LAW-21")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("always", YES),
        ("yes", YES),
        ("no", NO),
        ("other", UNKNOWN),
        ("not yes", NO),
        ("not no", YES),
        ("not other", UNKNOWN),
        ("yes and yes", YES),
        ("yes and no", NO),
        ("yes and other", UNKNOWN),
        ("no and other", NO),
        ("other and no and yes", NO),
        ("no or no", NO),
        ("no or yes", YES),
        ("no or other", UNKNOWN),
        ("other or yes", YES),
        ("other or not other", UNKNOWN),
        ("not (other and no)", YES),
        ("not (other or yes)", NO),
        ("yes and (other or yes)", YES),
    ],
)
def test_three_answers(text: str, expected: Verdict) -> None:
    """`and`, `or` and `not` over yes, no and unknown, as the tables of the specification."""
    assert expected is _judge(text, yes=True, no=False)


@pytest.mark.spec("LAW-21")
@pytest.mark.parametrize("text", ["a and b", "a or b", "not (a and not b)", "a and (b or not a)"])
def test_an_answer_that_is_known_stays(text: str) -> None:
    """What is yes or no while a flag is unknown is the same whatever the flag turns out to be."""
    may_be: dict[Settled, tuple[Settled, ...]] = {
        True: (True,),
        False: (False,),
        Gap.UNKNOWN: (True, False),
    }
    for first, second in product(may_be, repeat=2):
        known = _judge(text, a=first, b=second)
        full = {_judge(text, a=a, b=b) for a, b in product(may_be[first], may_be[second])}

        assert known is UNKNOWN or {known} == full


@pytest.mark.spec("LAW-21", "LAW-24")
@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("it is a", "a", YES),
        ("it is a", "b", NO),
        ("it is a", Gap.UNKNOWN, UNKNOWN),
        ("it in (a, b)", "b", YES),
        ("it in (a, b)", "c", NO),
        ("it has a", frozenset({"a", "b"}), YES),
        ("it has a", frozenset({"b"}), NO),
        ("it has a", frozenset[str](), NO),
        ("it has any", frozenset({"b"}), YES),
        ("it has any", frozenset[str](), NO),
        ("it has any", Gap.UNKNOWN, UNKNOWN),
    ],
)
def test_codes_and_sets(text: str, value: Settled, expected: Verdict) -> None:
    """A code is one of those named, a set has the code or any, and an unknown one is unknown."""
    assert expected is _judge(text, it=value)


@pytest.mark.spec("LAW-23")
@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("happened it", DAY, YES),
        ("happened it", Gap.NEVER, NO),
        ("happened it", Gap.UNKNOWN, UNKNOWN),
        ("not happened it", Gap.NEVER, YES),
        ("it < as_of", date(2024, 5, 31), YES),
        ("it < as_of", DAY, NO),
        ("it <= as_of", DAY, YES),
        ("it > as_of", DAY, NO),
        ("it >= as_of", DAY, YES),
        ("it > 2024-05-31", DAY, YES),
        ("it < as_of", Gap.NEVER, NO),
        ("it >= as_of", Gap.NEVER, NO),
        ("not it >= as_of", Gap.NEVER, YES),
        ("it < as_of", Gap.UNKNOWN, UNKNOWN),
        ("it < other", Gap.NEVER, NO),
        ("it + 30 days < as_of", date(2024, 5, 1), YES),
        ("it + 31 days < as_of", date(2024, 5, 1), NO),
        ("it + 1 month >= as_of", date(2024, 4, 30), NO),
        ("it + 1 month >= as_of", date(2024, 5, 31), YES),
        ("2024-02-29 + 1 year <= it", date(2025, 2, 28), YES),
    ],
)
def test_dates(text: str, value: Settled, expected: Verdict) -> None:
    """A date that came is compared by days; one that never came is before and after nothing."""
    assert expected is _judge(text, it=value)


@pytest.mark.spec("LAW-22")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yes", set()),
        ("a", {"a"}),
        ("not a", {"a"}),
        ("a and b", {"a", "b"}),
        ("a and yes", {"a"}),
        ("a and no", set()),
        ("a or yes", set()),
        ("(a and no) or b", {"b"}),
        ("(a or yes) and b", {"b"}),
        ("a is x and b has y", {"a", "b"}),
        ("a < b", {"a", "b"}),
        ("a < known", {"a"}),
        ("a < as_of", {"a"}),
        ("happened a or happened known", set()),
        ("a < never and b", set()),
    ],
)
def test_what_an_unknown_answer_misses(text: str, expected: set[str]) -> None:
    """Only facts in parts that are unknown are missing, and none when the answer is known."""
    values: dict[str, Settled] = {"yes": True, "no": False, "known": DAY, "never": Gap.NEVER}

    assert expected == missing(parse_condition(text, definitions={}), _Scope(values))


@pytest.mark.spec("LAW-22")
def test_names_of_a_condition() -> None:
    """Every fact that is asked is named; `as_of`, dates of the calendar and codes are not."""
    condition = parse_condition(
        "a and (b is x or not c has y) and happened d and e + 1 day < as_of and 2020-01-01 < f",
        definitions={},
    )

    assert set("abcdef") == names(condition)
    assert 6 == len(list(conditions.tests(condition)))


@pytest.mark.spec("LAW-20")
@pytest.mark.parametrize(("option", "expected"), [("x", YES), ("y", NO)])
def test_choices_are_put_in_place(option: str, expected: Verdict) -> None:
    """With a choice settled, a condition no longer asks for it, and says what it said before."""
    text = "not (not choice is x) and (choice in (x, z) or choice is z) and a"
    condition = fixed(parse_condition(text, definitions={}), {"choice": option})

    assert {"a"} == names(condition)
    assert expected is judge(condition, _Scope({"a": True}))
