"""Definitions, put in place in the conditions that name them.

Rules kept here (spec chapter `statute-pack`):

- a definition stands for its own condition (LAW-20);
- with its definitions put in place, a condition stays small enough to be judged: definitions of
  definitions grow without end (LAW-20).
"""

from collections.abc import Mapping
from typing import Final, Self

import attrs

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._condition import All, Always, Condition, Not, Some
from bwcstore.statute._grammar import parse_condition

TESTS_MAX: Final = 1000
LEVELS_MAX: Final = 64
_Extent = tuple[int, int]


@attrs.define
class Definitions:
    """What names stand for, and how large that is.

    Attributes:
        conditions: the definitions by name.
    """

    conditions: dict[str, Condition] = attrs.field(factory=dict)
    _extents: dict[int, _Extent] = attrs.field(factory=dict, init=False)

    @classmethod
    def of(cls, conditions: Mapping[str, Condition]) -> Self:
        """Definitions that were read before."""
        found = cls()
        for name, condition in conditions.items():
            found.add(name, condition)
        return found

    def add(self, name: str, condition: Condition) -> None:
        """Let `name` stand for a condition from now on."""
        self.conditions[name] = condition
        self._extents[id(condition)] = self._extent(condition)

    def parse(self, text: str) -> Condition:
        """The condition that `text` says, definitions put in place (spec: LAW-20).

        Raises:
            InvalidInputError: `pack-syntax`: the text is no condition, or one of more than 1,000
                tests or 64 levels with its definitions.
        """
        found = parse_condition(text, definitions=self.conditions)
        count, levels = self._extent(found)
        if count > TESTS_MAX or levels > LEVELS_MAX:
            raise InvalidInputError(
                ErrorKind.PACK_SYNTAX,
                f"with its definitions the condition has {count} tests in {levels} levels, at "
                f"most {TESTS_MAX} in {LEVELS_MAX} are judged",
            )
        return found

    def _extent(self, condition: Condition) -> _Extent:
        known = self._extents.get(id(condition))
        if known is not None:
            return known
        match condition:
            case Always():
                return 1, 1
            case Not(part=part):
                parts: tuple[Condition, ...] = (part,)
            case All(parts=parts) | Some(parts=parts):
                pass
            case _:
                return 1, 1
        extents = [self._extent(part) for part in parts]
        return sum(count for count, _ in extents), 1 + max(levels for _, levels in extents)
