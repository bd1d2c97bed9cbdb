"""Whether a condition can hold, and whether it always does.

Rules kept here (spec chapter `statute-pack`):

- each flag, code and set is taken freely, and each comparison of dates is a question of its own
  (LAW-4);
- what always holds does so while nothing is known (LAW-21).

The search tries codes and flags one after the other, and is over as soon as the answer no longer
depends on the others. It has a bound: what it cannot decide within that counts as reachable.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from bwcstore.statute._condition import (
    All,
    Always,
    Compare,
    Condition,
    Flag,
    Gap,
    Happened,
    Has,
    Not,
    OneOf,
    Settled,
    Some,
    Verdict,
    judge,
    tests,
)

STEPS_MAX: Final = 20_000
WORK_MAX: Final = 2_000_000
_Values = dict[str, bool | str]


class _Nothing:
    """Knows nothing."""

    def settled(self, name: str) -> Settled:  # noqa: ARG002 -- it is a scope
        return Gap.UNKNOWN


def always_holds(condition: Condition) -> bool:
    """Whether the condition is yes whatever is known or not."""
    return judge(condition, _Nothing()) is Verdict.YES


@attrs.define
class Search:
    """Searches for facts for which conditions hold.

    Attributes:
        codes: the codes of each code and each set that conditions may ask.
        left: how many tests may still be judged, in all searches together.
    """

    codes: Mapping[str, tuple[str, ...]]
    left: int = WORK_MAX

    def can_hold(self, condition: Condition) -> bool:
        """Whether some facts make the condition yes; yes where that would take too long."""
        plain = self._plain(condition)
        size = 1 + sum(1 for _ in tests(plain))
        values: _Values = {}
        tried: list[tuple[str, Iterator[bool | str]]] = []
        for _ in range(STEPS_MAX):
            self.left -= size
            answer = _answer(plain, values)
            if answer is True or self.left < 0:
                return True
            if isinstance(answer, str):
                tried.append((answer, iter(self.codes.get(answer, (True, False)))))
            if not _next(tried, values):
                return False
        return True

    def _plain(self, condition: Condition) -> Condition:
        """The condition over flags and codes alone, each free of all others."""
        match condition:
            case Not(part=part):
                return Not(self._plain(part))
            case All(parts=parts):
                return All(tuple(self._plain(part) for part in parts))
            case Some(parts=parts):
                return Some(tuple(self._plain(part) for part in parts))
            case Has(name=name, code=None):
                return Some(tuple(_held(name, code) for code in self.codes.get(name, ())))
            case Has(name=name, code=str(code)):
                return _held(name, code)
            case Happened() | Compare():
                return Flag(repr(condition))
            case _:
                return condition


def _held(name: str, code: str) -> Flag:
    # No name has a blank, so none is the name of a fact.
    return Flag(f"{name} has {code}")


def _next(tried: list[tuple[str, Iterator[bool | str]]], values: _Values) -> bool:
    """Settle the next value that was not tried; whether there was one."""
    while tried:
        name, left = tried[-1]
        value = next(left, None)
        if value is not None:
            values[name] = value
            return True
        values.pop(name, None)
        tried.pop()
    return False


def _answer(condition: Condition, values: _Values) -> bool | str:
    """Yes, no, or the first name on which the answer still depends."""
    match condition:
        case Always():
            return True
        case Flag(name=name):
            return values.get(name, name)
        case OneOf(name=name, codes=codes):
            return values[name] in codes if name in values else name
        case Not(part=part):
            answer = _answer(part, values)
            return answer if isinstance(answer, str) else not answer
        case All(parts=parts):
            return _joined(parts, values, decisive=False)
        case Some(parts=parts):
            return _joined(parts, values, decisive=True)
        case Has() | Happened() | Compare():
            raise AssertionError  # `_plain` leaves none of these.


def _joined(parts: tuple[Condition, ...], values: _Values, *, decisive: bool) -> bool | str:
    undecided: str | None = None
    for part in parts:
        answer = _answer(part, values)
        if answer is decisive:
            return decisive
        if undecided is None and isinstance(answer, str):
            undecided = answer
    return not decisive if undecided is None else undecided
