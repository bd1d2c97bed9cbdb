"""What a condition asks for, and whether it may.

Rules kept here (spec chapter `statute-pack`):

- every fact, code and choice that a condition names is declared (LAW-4);
- a fact is asked as its type allows, and only by rules about the same thing (LAW-24).
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final, assert_never

import attrs

from bwcstore.statute._condition import (
    AS_OF,
    Compare,
    Condition,
    Flag,
    Happened,
    Has,
    OneOf,
    Test,
    tests,
)
from bwcstore.statute._facts import FactSpec, FactType, Subject

RECORDING: Final = frozenset({Subject.RECORDING})
REQUEST: Final = frozenset({Subject.RECORDING, Subject.REQUEST})
ANYTHING: Final = frozenset(Subject)
DATES: Final = frozenset({FactType.DATE, FactType.INSTANT})
_HOW: Final = {
    FactType.FLAG: "by its name",
    FactType.CODE: "by 'is' or 'in'",
    FactType.CODES: "by 'has'",
    FactType.DATE: "by 'happened' or in a comparison",
    FactType.INSTANT: "by 'happened' or in a comparison",
    FactType.REQUESTS: "by no condition",
    FactType.HOLDS: "by no condition",
}


@attrs.frozen(kw_only=True)
class Asking:
    """What a condition may ask for.

    Attributes:
        facts: the declared facts by name.
        subjects: what the facts that it asks may be about.
        codes: codes that are no facts, such as choices and the class, each with its values.
    """

    facts: Mapping[str, FactSpec]
    subjects: frozenset[Subject]
    codes: Mapping[str, Collection[str]] = attrs.field(factory=dict)

    def complaints(self, condition: Condition) -> Iterator[str]:
        """What is wrong with the names in a condition, once each."""
        said: set[str] = set()
        for test in tests(condition):
            for complaint in self._of_test(test):
                if complaint not in said:
                    said.add(complaint)
                    yield complaint

    def _of_test(self, test: Test) -> Iterator[str]:
        match test:
            case Flag(name=name):
                yield from self.of_fact(name, {FactType.FLAG})
            case OneOf(name=name, codes=codes):
                yield from self._of_codes(name, codes)
            case Has(name=name, code=code):
                yield from self.of_fact(name, {FactType.CODES})
                spec = self.facts.get(name)
                if code is not None and spec is not None and code not in spec.codes:
                    yield _no_code(name, code)
            case Happened(name=name):
                yield from self.of_fact(name, DATES)
            case Compare(left=left, right=right):
                for moment in (left, right):
                    if isinstance(moment.day, str) and moment.day != AS_OF:
                        yield from self.of_fact(moment.day, DATES)
            case _:
                assert_never(test)

    def _of_codes(self, name: str, codes: frozenset[str]) -> Iterator[str]:
        if name in self.codes:
            for code in sorted(codes - set(self.codes[name])):
                yield _no_code(name, code)
            return
        yield from self.of_fact(name, {FactType.CODE})
        spec = self.facts.get(name)
        if spec is not None and spec.type is FactType.CODE:
            for code in sorted(codes - set(spec.codes)):
                yield _no_code(name, code)

    def of_fact(self, name: str, types: Collection[FactType]) -> Iterator[str]:
        """What is wrong with asking for a fact that must be of one of the types."""
        spec = self.facts.get(name)
        if name in self.codes:
            yield f"{name} is a code: it is asked by 'is' or 'in'"
        elif spec is None:
            yield f"nothing declares the fact {name!r:.80}"
        elif spec.type not in types:
            yield f"fact {name} is of type {spec.type}: it is asked {_HOW[spec.type]}"
        elif spec.about not in self.subjects:
            about = " or the ".join(sorted(self.subjects))
            yield f"fact {name} is about the {spec.about}: this rule asks about the {about}"


def _no_code(name: str, code: str) -> str:
    return f"{name} has no code {code!r:.80}"


def flags_of(condition: Condition) -> frozenset[str]:
    """The flags that a condition asks, among them its definitions where none are put in place."""
    return frozenset(test.name for test in tests(condition) if isinstance(test, Flag))
