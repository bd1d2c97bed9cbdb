"""Conditions: what a rule asks of the facts, and whether the answer is yes, no or unknown.

Rules kept here (spec chapter `statute-pack`):

- a condition is a value, never code; `_grammar` makes it from text (LAW-20);
- three answers: with a fact missing, the answer is `unknown` unless it is the same whatever the
  fact may be within each `and`, `or` and `not` (LAW-21);
- `missing` names the facts that an unknown answer waits for, and no others (LAW-22);
- a comparison with a date that never came is `no` (LAW-23).

Each condition is judged twice in the package: here for one recording, and in `_columns` for a
whole table. Neither knows where facts come from.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from enum import Enum, StrEnum, unique
from typing import Final, Protocol, assert_never

import attrs

from bwcstore.statute._civil import Period

AS_OF: Final = "as_of"
CLASS: Final = "class"
PURPOSE: Final = "purpose"


@unique
class Verdict(StrEnum):
    """The answer to a condition."""

    NO = "no"
    UNKNOWN = "unknown"
    YES = "yes"


@unique
class Gap(Enum):
    """What stands where a fact has no value.

    Attributes:
        UNKNOWN: nobody has said.
        NEVER: it did not happen, as far as is known.
    """

    UNKNOWN = "unknown"
    NEVER = "never"


Settled = bool | str | date | frozenset[str] | Gap


class Scope(Protocol):
    """What conditions are judged against."""

    def settled(self, name: str) -> Settled:
        """The value of a fact: a flag, a code, a set of codes, a civil date, or a gap."""


@attrs.frozen
class Always:
    """Holds in every case."""


@attrs.frozen
class Flag:
    """The named flag is yes."""

    name: str


@attrs.frozen
class OneOf:
    """The named code is one of these."""

    name: str
    codes: frozenset[str]


@attrs.frozen
class Has:
    """The named set has this code, or any code when `code` is None."""

    name: str
    code: str | None


@attrs.frozen
class Happened:
    """The named date has come about, whenever it was."""

    name: str


@attrs.frozen
class Moment:
    """A day to compare: a named date, `as_of`, or a date of the calendar; and a period after it."""

    day: str | date
    after: Period | None = None


@unique
class Order(StrEnum):
    """How two days are compared."""

    BEFORE = "<"
    UNTIL = "<="
    AFTER = ">"
    FROM = ">="


@attrs.frozen
class Compare:
    """The left day lies before or after the right one."""

    left: Moment
    order: Order
    right: Moment


@attrs.frozen
class Not:
    """The opposite."""

    part: "Condition"


@attrs.frozen
class All:
    """Every part holds."""

    parts: tuple["Condition", ...]


@attrs.frozen
class Some:
    """At least one part holds."""

    parts: tuple["Condition", ...]


Condition = Always | Flag | OneOf | Has | Happened | Compare | Not | All | Some
Test = Flag | OneOf | Has | Happened | Compare

_COMPARED: Final[dict[Order, Callable[[date, date], bool]]] = {
    Order.BEFORE: lambda left, right: left < right,
    Order.UNTIL: lambda left, right: left <= right,
    Order.AFTER: lambda left, right: left > right,
    Order.FROM: lambda left, right: left >= right,
}


def judge(condition: Condition, scope: Scope) -> Verdict:
    """Whether the condition holds for the facts of `scope` (spec: LAW-21)."""
    match condition:
        case Always():
            return Verdict.YES
        case Not(part=part):
            return _OPPOSITE[judge(part, scope)]
        case All(parts=parts):
            return _until(Verdict.NO, parts, scope)
        case Some(parts=parts):
            return _until(Verdict.YES, parts, scope)
        case _:
            return _test(condition, scope)


_OPPOSITE: Final = {
    Verdict.NO: Verdict.YES,
    Verdict.UNKNOWN: Verdict.UNKNOWN,
    Verdict.YES: Verdict.NO,
}


def _until(decisive: Verdict, parts: Iterable[Condition], scope: Scope) -> Verdict:
    """The decisive verdict if any part has it, else unknown if any part is, else the opposite."""
    found = _OPPOSITE[decisive]
    for part in parts:
        verdict = judge(part, scope)
        if verdict is decisive:
            return decisive
        if verdict is Verdict.UNKNOWN:
            found = verdict
    return found


def _test(test: Test, scope: Scope) -> Verdict:
    match test:
        case Compare():
            return _compare(test, scope)
        case Flag() | OneOf() | Has() | Happened():
            value = scope.settled(test.name)
            if value is Gap.UNKNOWN:
                return Verdict.UNKNOWN
            return Verdict.YES if _holds(test, value) else Verdict.NO
        case _:
            assert_never(test)


def _holds(test: Flag | OneOf | Has | Happened, value: Settled) -> bool:
    match test:
        case Flag():
            return value is True
        case OneOf(codes=codes):
            return value in codes
        case Happened():
            return value is not Gap.NEVER
        case Has(code=code):
            held = value if isinstance(value, frozenset) else frozenset[str]()
            return bool(held) if code is None else code in held
        case _:
            assert_never(test)


def _compare(test: Compare, scope: Scope) -> Verdict:
    left, right = (_day(moment, scope) for moment in (test.left, test.right))
    if Gap.NEVER in (left, right):
        return Verdict.NO
    if not isinstance(left, date) or not isinstance(right, date):
        return Verdict.UNKNOWN
    return Verdict.YES if _COMPARED[test.order](left, right) else Verdict.NO


def _day(moment: Moment, scope: Scope) -> Settled:
    day = moment.day if isinstance(moment.day, date) else scope.settled(moment.day)
    if isinstance(day, date) and moment.after is not None:
        return moment.after.after(day)
    return day


def missing(condition: Condition, scope: Scope) -> frozenset[str]:
    """The facts that an unknown answer waits for; empty when the answer is known (LAW-22)."""
    if judge(condition, scope) is not Verdict.UNKNOWN:
        return frozenset()
    match condition:
        case Not(part=part):
            return missing(part, scope)
        case All(parts=parts) | Some(parts=parts):
            return frozenset().union(*(missing(part, scope) for part in parts))
        case _:
            return frozenset(
                name for name in names(condition) if scope.settled(name) is Gap.UNKNOWN
            )


def names(condition: Condition) -> frozenset[str]:
    """The facts that a condition asks for; `as_of` is none."""
    return frozenset(name for test in tests(condition) for name in _asked(test))


def tests(condition: Condition) -> Iterator[Test]:
    """The tests that a condition is made of, from left to right."""
    match condition:
        case Always():
            return
        case Not(part=part):
            yield from tests(part)
        case All(parts=parts) | Some(parts=parts):
            for part in parts:
                yield from tests(part)
        case _:
            yield condition


def _asked(test: Test) -> Iterator[str]:
    match test:
        case Compare(left=left, right=right):
            for moment in (left, right):
                if isinstance(moment.day, str) and moment.day != AS_OF:
                    yield moment.day
        case Flag(name=name) | OneOf(name=name) | Has(name=name) | Happened(name=name):
            yield name
        case _:
            assert_never(test)


def fixed(condition: Condition, values: dict[str, str]) -> Condition:
    """The condition with some codes settled for good, such as an agency's choices."""
    match condition:
        case OneOf(name=name, codes=codes) if name in values:
            return Always() if values[name] in codes else Not(Always())
        case Not(part=part):
            return Not(fixed(part, values))
        case All(parts=parts):
            return All(tuple(fixed(part, values) for part in parts))
        case Some(parts=parts):
            return Some(tuple(fixed(part, values) for part in parts))
        case _:
            return condition
