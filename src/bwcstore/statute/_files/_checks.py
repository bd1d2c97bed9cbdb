"""What the rules of a pack make of each other, and a schedule of its pack.

Rules kept here (spec chapter `statute-pack`):

- of the rules of one id in one table, one is law on a day, and no rule is law on none (LAW-3);
- every name that a rule uses is declared (LAW-4);
- some facts reach every rule, and the rules of classes and of access decide every case (LAW-4);
- a pack stays within the limits (LAW-30).

The rules have been read: here they are values, and the line of each is that of its table.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Final

import attrs

from bwcstore.errors import ErrorKind
from bwcstore.statute._agency import Agency
from bwcstore.statute._facts import RECORDING_FACTS_MAX, FactSpec, FactType, Subject
from bwcstore.statute._files._reach import Search, always_holds
from bwcstore.statute._files._rule_names import Names, condition_of
from bwcstore.statute._files._toml import Problem
from bwcstore.statute._pack import Pack
from bwcstore.statute._rules import AccessRule, ClassRule, Extension, Rule

RULES_MAX: Final = 1000
Decision = ClassRule | AccessRule


def pack_problems(pack: Pack) -> list[Problem]:
    """Everything that is wrong with the rules of a pack, each of which can be read."""
    check = _Check(pack=pack, name=pack.name)
    check.limits()
    for rules in pack.rules.values():
        check.table(rules)
    for choice in pack.choices:
        if choice.id in check.names.facts:
            check.note(ErrorKind.PACK_OVERLAP, "the choice has the name of a fact", choice)
    check.alone(pack.unclassified)
    check.listed("flags", pack.flags)
    check.listed("labels", pack.labels)
    check.ranks()
    check.decided("classification.rules", pack.classification, None)
    check.turns([pack.classification])
    for actor in pack.actors:
        check.decided(f"access for actor {actor.id}", _about(pack.access, actor.id), actor)
    # Without actors, nobody's turn is asked for; the rules are still in an order.
    orders = [_about(pack.access, actor.id) for actor in pack.actors]
    check.turns(orders or [pack.access])
    return check.problems


def schedule_problems(agency: Agency, pack: Pack) -> list[Problem]:
    """Everything that is wrong with the schedule of an agency under its pack."""
    check = _Check(pack=pack, name=agency.name)
    check.table(agency.schedule)
    return check.problems


@attrs.define(kw_only=True)
class _Check:
    pack: Pack
    name: str
    problems: list[Problem] = attrs.field(factory=list)
    names: Names = attrs.field(init=False)
    search: Search = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.names = Names(self.pack)
        self.search = Search({spec.name: spec.codes for spec in self.pack.facts if spec.codes})

    def note(self, kind: ErrorKind, message: str, at: Rule | FactSpec | None = None) -> None:
        self.problems.append(
            Problem(
                kind=kind,
                name=self.name,
                line=1 if at is None else at.line,
                rule=at.id if isinstance(at, Rule) else None,
                message=f"fact {at.name}: {message}" if isinstance(at, FactSpec) else message,
            )
        )

    def limits(self) -> None:
        """The limits of a pack (spec: LAW-30)."""
        count = sum(len(rules) for rules in self.pack.rules.values())
        if count > RULES_MAX:
            self.note(ErrorKind.TOO_LARGE, f"a pack has at most {RULES_MAX} rules, not {count}")
        about = [spec for spec in self.pack.facts if spec.about is Subject.RECORDING]
        if len(about) > RECORDING_FACTS_MAX:
            message = f"at most {RECORDING_FACTS_MAX} facts are about the recording"
            self.note(ErrorKind.TOO_LARGE, message, about[RECORDING_FACTS_MAX])
        holds = [spec for spec in self.pack.facts if spec.type is FactType.HOLDS]
        if len(holds) > 1:
            self.note(ErrorKind.FIELD_INVALID, "at most one fact is of type holds", holds[1])

    def table(self, rules: tuple[Rule, ...]) -> None:
        """The rules of one table, each by itself and beside those of its id."""
        groups: dict[str, list[Rule]] = {}
        for rule in rules:
            groups.setdefault(rule.id, []).append(rule)
        for group in groups.values():
            for first, second in combinations(group, 2):
                if _overlap(first, second):
                    day = max(first.effective_from, second.effective_from)
                    message = f"the rule of line {first.line} has the same id and is law on {day}"
                    self.note(ErrorKind.PACK_OVERLAP, message, second)
                    break
        for rule in rules:
            self.rule(rule)

    def alone(self, rules: tuple[Rule, ...]) -> None:
        """Of a table that decides one thing, no two rules on one day."""
        for first, second in combinations(rules, 2):
            if first.id != second.id and _overlap(first, second):
                message = f"the rule {first.id} of line {first.line} is law on the same day"
                self.note(ErrorKind.PACK_OVERLAP, message, second)

    def rule(self, rule: Rule) -> None:
        """One rule: its days, its names, and whether facts can reach it."""
        if rule.effective_to is not None and rule.effective_to < rule.effective_from:
            message = f"it is law on no day: {rule.effective_to} is before {rule.effective_from}"
            self.note(ErrorKind.PACK_UNREACHABLE, message, rule)
            return
        complaints = list(self.names.complaints(rule))
        for complaint in complaints:
            self.note(ErrorKind.PACK_REFERENCE, complaint, rule)
        if complaints:
            return
        search = attrs.evolve(self.search, codes={**self.search.codes, **self.names.codes(rule)})
        condition = rule.accept if isinstance(rule, Extension) else condition_of(rule)
        if condition is not None and not search.can_hold(condition):
            self.note(ErrorKind.PACK_UNREACHABLE, "its condition cannot hold", rule)
        self.search.left = search.left

    def listed(self, table: str, rules: tuple[Rule, ...]) -> None:
        """A table whose ids are the codes of the fact of its name (spec: LAW-1)."""
        spec = self.names.facts.get(table)
        codes = () if spec is None else spec.codes
        for rule in rules:
            if rule.id not in codes:
                message = f"nothing declares the code {rule.id!r:.80} of the fact {table}"
                self.note(ErrorKind.PACK_REFERENCE, message, rule)
        ids = {rule.id for rule in rules}
        for code in codes:
            if code not in ids:
                message = f"nothing declares the code {code!r:.80} in [[{table}]]"
                self.note(ErrorKind.PACK_REFERENCE, message, spec)

    def ranks(self) -> None:
        """No two classes of one day have one rank (spec: LAW-4)."""
        for first, second in combinations(self.pack.classes, 2):
            if first.rank == second.rank and first.id != second.id and _overlap(first, second):
                message = f"class {first.id} has rank {first.rank} as well"
                self.note(ErrorKind.PACK_CONTRADICTION, message, second)

    def decided(self, what: str, rules: Sequence[Decision], within: Rule | None) -> None:
        """On every day one of the rules always holds (spec: LAW-4).

        Args:
            what: which rules these are.
            rules: the rules, in order.
            within: the actor that they are about.
        """
        for version in self.pack.versions:
            day = version.effective
            now = [rule for rule in rules if rule.in_force(day)]
            if within is not None and not within.in_force(day):
                continue
            if not any(always_holds(rule.when) for rule in now):
                message = f"on {day} no rule of {what} always holds, so that some cases have none"
                self.note(ErrorKind.PACK_CONTRADICTION, message, now[-1] if now else within)
                return

    def turns(self, orders: Iterable[Sequence[Decision]]) -> None:
        """Every rule has its turn in one of the orders, on one of its days (spec: LAW-4)."""
        reached: set[int] = set()
        rules: dict[int, Decision] = {}
        for order in orders:
            rules |= {id(rule): rule for rule in order}
            for version in self.pack.versions:
                for rule in order:
                    if rule.in_force(version.effective):
                        reached.add(id(rule))
                        if always_holds(rule.when):
                            break
        for key, rule in rules.items():
            if key not in reached and self.names.days(rule):
                message = "every case is decided by rules before it: one of them always holds"
                self.note(ErrorKind.PACK_UNREACHABLE, message, rule)


def _overlap(first: Rule, second: Rule) -> bool:
    return all(
        one.effective_to is None or other.effective_from <= one.effective_to
        for one, other in ((first, second), (second, first))
    )


def _about(rules: tuple[AccessRule, ...], actor: str) -> tuple[AccessRule, ...]:
    return tuple(rule for rule in rules if not rule.actors or actor in rule.actors)
