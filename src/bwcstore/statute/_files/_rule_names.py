"""The names that a rule uses, and whether its pack declares them.

Rules kept here (spec chapter `statute-pack`):

- what decides a judgement is declared on every day on which the rule is law: the class that a rule
  gives, requirements, deadlines, choices; what a rule is limited to, on one of them (LAW-3, LAW-4);
- rules ask about the recording, and where LAW-24 says so about more.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Final

import attrs

from bwcstore.statute._civil import LAST_DATE
from bwcstore.statute._condition import CLASS, PURPOSE, Condition
from bwcstore.statute._facts import FactSpec, FactType, Subject
from bwcstore.statute._files._references import ANYTHING, DATES, RECORDING, REQUEST, Asking
from bwcstore.statute._pack import Pack
from bwcstore.statute._rules import (
    AccessRule,
    Ceiling,
    ClassRule,
    Contradiction,
    DeadlineRule,
    Extension,
    Floor,
    Overlay,
    Requirement,
    Rule,
    ScheduleEntry,
    Unclassified,
)

CONDITIONS: Final = ("when", "expects")


def condition_of(rule: Rule) -> Condition | None:
    """The condition that a rule's facts must meet, if it has one."""
    for field in CONDITIONS:
        found: Condition | None = getattr(rule, field, None)
        if found is not None:
            return found
    return None


@attrs.define
class Names:
    """What a pack declares, and when.

    Attributes:
        pack: the pack.
        facts: its facts by name.
    """

    pack: Pack
    facts: Mapping[str, FactSpec] = attrs.field(init=False)
    _spans: tuple[tuple[date, date], ...] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.facts = {spec.name: spec for spec in self.pack.facts}
        begins = [version.effective for version in self.pack.versions]
        ends = [day - timedelta(days=1) for day in begins[1:]]
        self._spans = tuple(zip(begins, [*ends, LAST_DATE], strict=True))

    def days(self, rule: Rule) -> tuple[date, ...]:
        """The first days of the versions during which a rule is law at some time."""
        last = LAST_DATE if rule.effective_to is None else rule.effective_to
        return tuple(
            begin for begin, end in self._spans if max(begin, rule.effective_from) <= min(end, last)
        )

    def codes(self, rule: Rule) -> dict[str, tuple[str, ...]]:
        """The codes that are no facts and that the condition of a rule may ask."""
        found: dict[str, tuple[str, ...]] = {}
        for choice in self.pack.choices:
            if self._always(choice.id, self.pack.choices, rule):
                found[choice.id] = (*found.get(choice.id, ()), *choice.options)
        if isinstance(rule, (AccessRule, Overlay)):
            found[CLASS] = self._sometimes(self.pack.classes, rule)
        if isinstance(rule, (AccessRule, Requirement)):
            found[PURPOSE] = self._sometimes(self.pack.purposes, rule)
        return found

    def _sometimes(self, rules: Iterable[Rule], rule: Rule) -> tuple[str, ...]:
        days = self.days(rule)
        found = (one.id for one in rules if any(one.in_force(day) for day in days))
        return tuple(dict.fromkeys(found))

    def _always(self, name: str, rules: Iterable[Rule], rule: Rule) -> bool:
        named = [one for one in rules if one.id == name]
        return all(any(one.in_force(day) for one in named) for day in self.days(rule))

    def complaints(self, rule: Rule) -> Iterator[str]:
        """What is wrong with the names that a rule uses."""
        asking = Asking(facts=self.facts, subjects=_subjects(rule), codes=self.codes(rule))
        condition = condition_of(rule)
        if condition is not None:
            yield from asking.complaints(condition)
        for field, name in _dates(rule):
            for complaint in asking.of_fact(name, DATES):
                yield f"{field}: {complaint}"
        match rule:
            case ClassRule(gives=gives):
                yield from self._missing("class", [gives], self.pack.classes, rule)
            case Overlay(classes=classes, actors=actors):
                yield from self._unlisted("class", classes, self.pack.classes, rule)
                yield from self._unlisted("actor", actors, self.pack.actors, rule)
            case AccessRule(actors=actors, requires=requires, deadlines=deadlines):
                yield from self._unlisted("actor", actors, self.pack.actors, rule)
                yield from self._missing("requirement", requires, self.pack.requirements, rule)
                yield from self._missing("deadline", deadlines, self.pack.deadlines, rule)
            case DeadlineRule(met=met):
                for complaint in asking.complaints(met):
                    yield f"met: {complaint}"
            case Extension():
                yield from self._extension(rule)
            case _:
                pass

    def _extension(self, rule: Extension) -> Iterator[str]:
        asking = Asking(facts=self.facts, subjects=RECORDING)
        wrong = list(asking.of_fact(rule.requests, {FactType.REQUESTS}))
        for complaint in wrong:
            yield f"requests: {complaint}"
        if not wrong:
            answers = Asking(
                facts=_answers(self.facts[rule.requests]), subjects=frozenset({Subject.REQUEST})
            )
            for complaint in answers.complaints(rule.accept):
                yield f"accept: {complaint} among the answers of {rule.requests}"

    def _unlisted(
        self, what: str, names: Iterable[str], rules: Iterable[Rule], rule: Rule
    ) -> Iterator[str]:
        for name in sorted(set(names) - set(self._sometimes(rules, rule))):
            yield f"nothing declares the {what} {name!r:.80}"

    def _missing(
        self, what: str, names: Iterable[str], rules: tuple[Rule, ...], rule: Rule
    ) -> Iterator[str]:
        for name in names:
            if not self._always(name, rules, rule):
                once = any(one.id == name for one in rules)
                when = " on every day on which this rule is law" if once else ""
                yield f"nothing declares the {what} {name!r:.80}{when}"


def _subjects(rule: Rule) -> frozenset[Subject]:
    match rule:
        case DeadlineRule():
            return ANYTHING
        case Overlay() | AccessRule() | Requirement() | Contradiction():
            return REQUEST
        case _:
            return RECORDING


def _dates(rule: Rule) -> Iterator[tuple[str, str]]:
    """The fields of a rule that name a date."""
    match rule:
        case Floor(start=start, until=until):
            yield from _given(("start", start), ("until", until))
        case Ceiling(start=start) | Unclassified(start=start) | ScheduleEntry(start=start):
            yield from _given(("start", start))
        case DeadlineRule(start=start, not_before=not_before):
            yield from _given(("start", start))
            for name in not_before:
                yield "not_before", name
        case _:
            return


def _given(*fields: tuple[str, str | None]) -> Iterator[tuple[str, str]]:
    for field, name in fields:
        if name is not None:
            yield field, name


def _answers(spec: FactSpec) -> dict[str, FactSpec]:
    """What a request answers, as the flags that `accept` may ask."""
    return {
        code: attrs.evolve(
            spec, name=code, type=FactType.FLAG, about=Subject.REQUEST, codes=(), absent=None
        )
        for code in spec.codes
    }
