"""Which rules of a pack come, go or change between two days."""

from collections.abc import Mapping
from datetime import date
from typing import Final

import attrs

from bwcstore.statute._pack import Pack
from bwcstore.statute._rules import Rule

_NOT_OF_THE_RULE: Final = frozenset(
    {"effective_from", "effective_to", "line", "source", "verified"}
)


@attrs.frozen(kw_only=True)
class RuleChange:
    """A rule that is not the same on two days.

    Attributes:
        table: its table.
        before: the rule of the first day; None where there was none.
        after: the rule of the second day; None where there is none.
    """

    table: str
    before: Rule | None
    after: Rule | None

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that differ, of a rule that there is on both days."""
        if self.before is None or self.after is None:
            return ()
        return tuple(
            field.name
            for field in attrs.fields(type(self.before))
            if field.name not in _NOT_OF_THE_RULE
            if getattr(self.before, field.name) != getattr(self.after, field.name, None)
        )


def rule_changes(pack: Pack, first: date, second: date) -> tuple[RuleChange, ...]:
    """The rules that come, go or change from one day to another, in the order of the pack.

    Args:
        pack: the pack.
        first: the day whose law is compared.
        second: the day with whose law it is compared.

    Raises:
        InvalidInputError: `law-not-in-force`: a day lies before the first version.
    """
    before, after = (_by_id(pack.rules_on(day)) for day in (first, second))
    found = []
    for table, name in dict.fromkeys((*before, *after)):
        old, new = before.get((table, name)), after.get((table, name))
        change = RuleChange(table=table, before=old, after=new)
        if old is None or new is None or change.fields:
            found.append(change)
    return tuple(found)


def _by_id(found: Mapping[str, tuple[Rule, ...]]) -> dict[tuple[str, str], Rule]:
    return {(table, rule.id): rule for table, rules in found.items() for rule in rules}
