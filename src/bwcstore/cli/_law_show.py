"""The rules of a pack, and what changed between two days, as text and as JSON."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final

import attrs

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._condition import Verdict
from bwcstore.statute._explain_words import VERIFIED, ground_lines, heading, paragraph
from bwcstore.statute._judgements import Ground
from bwcstore.statute._pack import Pack, Version
from bwcstore.statute._rules import Rule, Verification

TABLES: Final = (
    ("calendar_rules", "how time is counted"),
    ("classes", "classes"),
    ("classification", "which class a recording is of"),
    ("overlays", "what goes with a class"),
    ("floors", "floors: how long it is kept at least"),
    ("unclassified", "while facts are missing"),
    ("ceilings", "ceilings: how long it is kept at most"),
    ("extensions", "requests for more time"),
    ("deadlines", "what is owed"),
    ("requirements", "what an access requires"),
    ("access", "who may see it"),
    ("contradictions", "facts that cannot all be true"),
    ("labels", "labels"),
    ("choices", "what the agency chooses"),
    ("actors", "actors"),
    ("purposes", "purposes"),
    ("flags", "flags"),
    ("audit_elements", "what an audit looks at"),
)
_NOT_OF_THE_RULE: Final = frozenset(
    {"effective_from", "effective_to", "line", "source", "verified"}
)


def rules_of(pack: Pack) -> Iterator[tuple[str, Rule]]:
    """Every rule of a pack, with the name of its table."""
    for table, _ in TABLES:
        for rule in getattr(pack, table):
            yield table, rule


def in_force(pack: Pack, day: date) -> dict[str, list[Rule]]:
    """The rules of a day by their tables, in the order of the pack.

    Raises:
        InvalidInputError: `law-not-in-force`: the day lies before the first version.
    """
    version_on(pack, day)
    found: dict[str, list[Rule]] = {}
    for table, rule in rules_of(pack):
        if rule.in_force(day):
            found.setdefault(table, []).append(rule)
    return found


def version_on(pack: Pack, day: date) -> Version:
    """The version that is in force on a day.

    Raises:
        InvalidInputError: `law-not-in-force`: the day lies before the first version.
    """
    found = [one for one in pack.versions if one.effective <= day]
    if not found:
        raise InvalidInputError(
            ErrorKind.LAW_NOT_IN_FORCE,
            f"pack {pack.id} begins on {pack.versions[0].effective}, and {day} is asked for",
        )
    return found[-1]


def counted(rules: Iterable[Rule]) -> dict[str, int]:
    """How many rules are verified how well."""
    counts = Counter(rule.verified for rule in rules)
    return {level.value: counts[level] for level in Verification}


def counted_text(rules: Iterable[Rule]) -> str:
    """How many rules are verified how well, in words."""
    counts = counted(rules)
    levels = ", ".join(f"{count} {level}" for level, count in counts.items())
    return f"{sum(counts.values())} ({levels})"


def pack_json(pack: Pack) -> dict[str, object]:
    """A pack as `law packs` lists it."""
    return {
        "id": pack.id,
        "title": pack.title,
        "jurisdiction": pack.jurisdiction,
        "reviewed": str(pack.reviewed),
        "versions": [
            {"effective": str(one.effective), "act": one.act, "verified": one.verified.value}
            for one in pack.versions
        ],
        "rules": counted(rule for _, rule in rules_of(pack)),
        "digest": str(pack.digest),
    }


def rule_json(table: str, rule: Rule) -> dict[str, object]:
    """A rule as `law show` and `law diff` list it."""
    return {
        "table": table,
        "id": rule.id,
        "cite": rule.cite,
        "verified": rule.verified.value,
        "says": rule.says,
        "source": list(rule.source),
        "from": str(rule.effective_from),
        "to": None if rule.effective_to is None else str(rule.effective_to),
        "note": rule.note,
        "ambiguity": rule.ambiguity,
    }


def pack_lines(pack: Pack) -> Iterator[str]:
    """A pack as `law packs` lists it."""
    yield pack.id
    yield from paragraph(pack.title, level=1)
    versions = ", ".join(str(one.effective) for one in pack.versions)
    yield from paragraph(versions, level=1, lead="versions  ")
    yield from paragraph(
        counted_text(rule for _, rule in rules_of(pack)), level=1, lead="rules     "
    )
    yield from paragraph(str(pack.reviewed), level=1, lead="reviewed  ")
    yield f"  digest    {pack.digest}"


def rule_lines(rule: Rule, *, level: int) -> Iterator[str]:
    """A rule; one whose wording was not seen has a mark before it."""
    mark = "  " if rule.verified is Verification.TEXT else "! "
    lines = ground_lines(Ground.of(rule, Verdict.YES), level=level)
    for number, line in enumerate(lines):
        indent = "  " * (level - 1)
        yield f"{indent}{mark}{line[len(indent) + 2 :]}" if number == 0 else line


def shown_lines(pack: Pack, day: date) -> Iterator[str]:
    """The rules of a day, table by table."""
    version = version_on(pack, day)
    found = in_force(pack, day)
    yield from paragraph(f"{pack.title} ({pack.id}), as the law is on {day}")
    yield from paragraph(
        f"{version.act} ({VERIFIED[version.verified]})",
        level=1,
        lead=f"version of {version.effective}: ",
    )
    yield from paragraph(
        counted_text(rule for rules in found.values() for rule in rules), level=1, lead="rules: "
    )
    yield "  digest: " + str(pack.digest)
    yield "  ! marks what nobody has compared with the wording of the provision"
    titles = dict(TABLES)
    for table, rules in found.items():
        yield from heading(titles[table])
        for rule in rules:
            yield from rule_lines(rule, level=1)


@attrs.frozen(kw_only=True)
class Change:
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


def changes(pack: Pack, first: date, second: date) -> tuple[Change, ...]:
    """The rules that come, go or change from one day to another, in the order of the pack.

    Raises:
        InvalidInputError: `law-not-in-force`: a day lies before the first version.
    """
    before, after = (_by_id(in_force(pack, day)) for day in (first, second))
    found = []
    for table, name in dict.fromkeys((*before, *after)):
        old, new = before.get((table, name)), after.get((table, name))
        change = Change(table=table, before=old, after=new)
        if old is None or new is None or change.fields:
            found.append(change)
    return tuple(found)


def _by_id(found: Mapping[str, list[Rule]]) -> dict[tuple[str, str], Rule]:
    return {(table, rule.id): rule for table, rules in found.items() for rule in rules}


def change_json(change: Change) -> dict[str, object]:
    """A change as `law diff` lists it."""
    return {
        "table": change.table,
        "before": None if change.before is None else rule_json(change.table, change.before),
        "after": None if change.after is None else rule_json(change.table, change.after),
        "fields": list(change.fields),
    }


def change_lines(change: Change) -> Iterator[str]:
    """A change: `+` for a rule that comes, `-` for one that goes, `~` for one that changes."""
    before, after = (_ground_lines(rule) for rule in (change.before, change.after))
    if change.before is not None and change.after is not None:
        fields = ", ".join("condition" if one == "when" else one for one in change.fields)
        yield f"~ {change.table} {change.after.id}: {fields}"
        if before == after:
            yield from before
        else:
            yield from ("  before:", *(f"  {line}" for line in before))
            yield from ("  after:", *(f"  {line}" for line in after))
    elif change.after is not None:
        yield f"+ {change.table} {change.after.id}"
        yield from after
    elif change.before is not None:
        yield f"- {change.table} {change.before.id}"
        yield from before


def _ground_lines(rule: Rule | None) -> tuple[str, ...]:
    return () if rule is None else tuple(ground_lines(Ground.of(rule, Verdict.YES), level=1))
