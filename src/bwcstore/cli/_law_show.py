"""The rules of a pack, and what changed between two days, as text and as JSON."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from bwcstore.statute._changes import RuleChange
from bwcstore.statute._condition import Verdict
from bwcstore.statute._explain_words import VERIFIED, ground_lines, heading, paragraph
from bwcstore.statute._judgements import Ground
from bwcstore.statute._pack import Pack
from bwcstore.statute._rules import Rule, Verification

TITLES: Final = {
    "calendar_rules": "how time is counted",
    "classes": "classes",
    "classification": "which class a recording is of",
    "overlays": "what goes with a class",
    "floors": "floors: how long it is kept at least",
    "unclassified": "while facts are missing",
    "ceilings": "ceilings: how long it is kept at most",
    "extensions": "requests for more time",
    "deadlines": "what is owed",
    "requirements": "what an access requires",
    "access": "who may see it",
    "contradictions": "facts that cannot all be true",
    "labels": "labels",
    "choices": "what the agency chooses",
    "actors": "actors",
    "purposes": "purposes",
    "flags": "flags",
    "audit_elements": "what an audit looks at",
}


def rules_of(pack: Pack) -> Iterator[tuple[str, Rule]]:
    """Every rule of a pack, with the name of its table."""
    for table, rules in pack.rules.items():
        for rule in rules:
            yield table, rule


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
    version = pack.version_on(day)
    found = pack.rules_on(day)
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
    for table, rules in found.items():
        yield from heading(TITLES[table])
        for rule in rules:
            yield from rule_lines(rule, level=1)


def change_json(change: RuleChange) -> dict[str, object]:
    """A change as `law diff` lists it."""
    return {
        "table": change.table,
        "before": None if change.before is None else rule_json(change.table, change.before),
        "after": None if change.after is None else rule_json(change.table, change.after),
        "fields": list(change.fields),
    }


def change_lines(change: RuleChange) -> Iterator[str]:
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
