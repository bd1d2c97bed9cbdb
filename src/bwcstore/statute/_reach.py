"""Whether a condition can hold, and whether it always does.

Rules kept here (spec chapter `statute-pack`):

- each flag, code and set is taken freely, and each comparison of dates is a question of its own
  (LAW-4);
- what always holds does so while nothing is known (LAW-21).

The search tries codes and flags one after the other, and is over as soon as the three-valued
answer is known. It has a bound: what it cannot decide within that counts as reachable.
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


@attrs.define
class _Partial:
    """What the search has settled so far."""

    values: dict[str, bool | str] = attrs.field(factory=dict)

    def settled(self, name: str) -> Settled:
        return self.values.get(name, Gap.UNKNOWN)


def always_holds(condition: Condition) -> bool:
    """Whether the condition is yes whatever is known or not."""
    return judge(condition, _Partial()) is Verdict.YES


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
        scope = _Partial()
        open_: list[tuple[str, Iterator[bool | str]]] = []
        for _ in range(STEPS_MAX):
            self.left -= size
            verdict = judge(plain, scope)
            if verdict is Verdict.YES or self.left < 0:
                return True
            if verdict is Verdict.UNKNOWN:
                name = _undecided(plain, scope)
                open_.append((name, iter(self.codes.get(name, (True, False)))))
            if not _next(open_, scope):
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


def _next(open_: list[tuple[str, Iterator[bool | str]]], scope: _Partial) -> bool:
    """Settle the next value that was not tried; whether there was one."""
    while open_:
        name, values = open_[-1]
        value = next(values, None)
        if value is not None:
            scope.values[name] = value
            return True
        scope.values.pop(name, None)
        open_.pop()
    return False


def _undecided(condition: Condition, scope: _Partial) -> str:
    """The first name on which the answer still depends."""
    while True:
        match condition:
            case Not(part=part):
                condition = part
            case All(parts=parts) | Some(parts=parts):
                condition = next(one for one in parts if judge(one, scope) is Verdict.UNKNOWN)
            case Flag(name=name) | OneOf(name=name):
                return name
            case Always() | Has() | Happened() | Compare():
                # `_plain` leaves none of these in a condition whose answer is open.
                raise AssertionError
