"""From the tables of a pack to its rules, one function for each sort of rule.

Rules kept here (spec chapter `statute-pack`):

- each sort has the fields of its row in LAW-1 and what every rule has (LAW-2);
- `from` and `to` are days of the pack's versions (LAW-3).

What a rule names is looked for in `_references`, when all rules are known.
"""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Final, Protocol, TypedDict, TypeVar

import attrs

from bwcstore.errors import ErrorKind
from bwcstore.statute._civil import LAST_DATE
from bwcstore.statute._condition import Always, Not
from bwcstore.statute._facts import DAYS_MAX
from bwcstore.statute._files._fields import Table
from bwcstore.statute._rules import (
    AccessRule,
    Act,
    Ceiling,
    Choice,
    ClassRule,
    Contradiction,
    Counting,
    DeadlineRule,
    Effect,
    Extension,
    Floor,
    Kept,
    Label,
    Outcome,
    Overlay,
    RecordingClass,
    Requirement,
    Rule,
    Term,
    Unclassified,
    Verification,
)

RANK_MAX: Final = 1000
R_co = TypeVar("R_co", bound=Rule, covariant=True)
R = TypeVar("R", bound=Rule)


class Basis(TypedDict):
    """What every rule has, as arguments of its class."""

    id: str
    cite: str
    verified: Verification
    says: str
    source: tuple[str, ...]
    effective_from: date
    effective_to: date | None
    note: str | None
    ambiguity: str | None
    line: int


@attrs.frozen(kw_only=True)
class Declared:
    """What is known of the pack before its rules are read.

    Attributes:
        versions: the effective dates of the versions.
        sources: the ids of the sources.
        subjects: for each fact, what it is about.
    """

    versions: tuple[date, ...]
    sources: Collection[str]
    subjects: dict[str, str]


class RuleReader(Protocol[R_co]):
    """Reads one rule of its sort from its table."""

    def __call__(self, table: Table, known: Declared) -> R_co:
        """The rule; what is wrong is noted in the table."""


def rules(root: Table, field: str, reader: RuleReader[R], known: Declared) -> tuple[R, ...]:
    """Every rule of an array of tables."""
    found: list[R] = []
    for table in root.tables(field):
        found.append(reader(table, known))
        table.close()
    return tuple(found)


def basis(
    table: Table, id_: str, days: tuple[date, date | None], sources: Collection[str]
) -> Basis:
    """What every rule has, given its id and its days."""
    return Basis(
        id=id_,
        cite=table.cite(),
        verified=table.member("verified", Verification),
        says=table.text("says"),
        source=table.references("source", sources, "source"),
        effective_from=days[0],
        effective_to=days[1],
        note=table.text_or_none("note"),
        ambiguity=table.text_or_none("ambiguity"),
        line=table.line,
    )


def _basis(table: Table, known: Declared) -> Basis:
    return basis(table, table.identify(), _days(table, known.versions), known.sources)


def _named_basis(table: Table, known: Declared) -> Basis:
    return basis(table, table.identify_name(), _days(table, known.versions), known.sources)


def _days(table: Table, versions: tuple[date, ...]) -> tuple[date, date | None]:
    first = versions[0] if versions else LAST_DATE
    begins, ends = table.day_or_none("from"), table.day_or_none("to")
    if begins is not None and begins not in versions:
        table.problem(ErrorKind.PACK_OVERLAP, f"from: no version is effective on {begins}", "from")
    if ends is not None and (ends == LAST_DATE or (ends + timedelta(days=1)) not in versions):
        table.problem(
            ErrorKind.PACK_OVERLAP, f"to: no version is effective on the day after {ends}", "to"
        )
    return first if begins is None else begins, ends


def only_one_of(table: Table, *fields: str) -> None:
    """Note it unless the table has exactly one of the fields."""
    found = [field for field in fields if table.has(field)]
    wanted = " or ".join(fields)
    if not found:
        table.problem(ErrorKind.FIELD_MISSING, f"a field is missing: {wanted}")
    elif len(found) > 1:
        table.problem(
            ErrorKind.FIELD_INVALID, f"{' and '.join(found)}: only one of them can be", found[1]
        )


def term(table: Table, known: Declared) -> Term:
    """A rule that has no fields of its own."""
    return Term(**_basis(table, known))


def named_term(table: Table, known: Declared) -> Term:
    """A rule without fields of its own that conditions or other rules name."""
    return Term(**_named_basis(table, known))


def recording_class(table: Table, known: Declared) -> RecordingClass:
    """A rule of `[[classes]]`."""
    return RecordingClass(
        **_named_basis(table, known),
        rank=table.integer("rank", low=0, high=RANK_MAX),
        individuals=table.text("individuals"),
        others=table.text("others"),
    )


def class_rule(table: Table, known: Declared) -> ClassRule:
    """A rule of `[[classification.rules]]`."""
    return ClassRule(
        **_basis(table, known), when=table.condition("when"), gives=table.name("gives")
    )


def overlay(table: Table, known: Declared) -> Overlay:
    """A rule of `[[overlays]]`."""
    return Overlay(
        **_basis(table, known),
        when=table.condition("when"),
        effect=table.member("effect", Effect),
        what=table.text("what"),
        classes=frozenset(table.names("classes")),
        actors=frozenset(table.names("actors")),
        acts=table.members("acts", Act),
    )


def floor(table: Table, known: Declared) -> Floor:
    """A rule of `[[floors]]`."""
    found = _basis(table, known)
    only_one_of(table, "period", "until", "indefinite")
    return Floor(
        **found,
        when=table.condition("when"),
        keeps=table.member_or("keeps", Kept.RECORDING),
        period=table.period_or_none("period"),
        # Not asked for without a period: then it is a field that is not known.
        start=table.name("start") if table.has("period") else None,
        until=table.name("until") if table.has("until") else None,
        indefinite=table.true_or_absent("indefinite"),
    )


def ceiling(table: Table, known: Declared) -> Ceiling:
    """A rule of `[[ceilings]]`."""
    return Ceiling(
        **_basis(table, known),
        when=table.condition("when"),
        period=table.period("period"),
        start=table.name("start"),
    )


def extension(table: Table, known: Declared) -> Extension:
    """A rule of `[[extensions]]`."""
    return Extension(
        **_basis(table, known),
        requests=table.name("requests"),
        accept=table.condition("accept"),
        cap_days=table.integer("cap_days", low=1, high=DAYS_MAX),
    )


def unclassified(table: Table, known: Declared) -> Unclassified:
    """A rule of `[[unclassified]]`."""
    return Unclassified(
        **_basis(table, known), period=table.period("period"), start=table.name("start")
    )


def deadline(table: Table, known: Declared) -> DeadlineRule:
    """A rule of `[[deadlines]]`; it arises from what its `start` is about."""
    found = _basis(table, known)
    only_one_of(table, "period", "promptness")
    start = table.name("start")
    return DeadlineRule(
        **found,
        when=table.condition("when"),
        duty=table.text("duty"),
        owed_to=table.text("owed_to"),
        start=start,
        period=table.period_or_none("period"),
        promptness=table.text_or_none("promptness"),
        counting=table.member_or("counting", Counting.CALENDAR),
        rolls=table.boolean_or_no("rolls"),
        not_before=table.names("not_before"),
        met=table.condition("met") if table.has("met") else Not(Always()),
        about=known.subjects.get(start, ""),
    )


def requirement(table: Table, known: Declared) -> Requirement:
    """A rule of `[[requirements]]`."""
    return Requirement(**_basis(table, known), when=table.condition("when"))


def access_rule(table: Table, known: Declared) -> AccessRule:
    """A rule of `[[access]]`."""
    return AccessRule(
        **_basis(table, known),
        actors=frozenset(table.names("actors")),
        when=table.condition("when"),
        view=table.member("view", Outcome),
        copy=table.member("copy", Outcome),
        requires=table.texts("requires"),
        duties=table.texts("duties"),
        deadlines=table.texts("deadlines"),
    )


def contradiction(table: Table, known: Declared) -> Contradiction:
    """A rule of `[[contradictions]]`."""
    return Contradiction(**_basis(table, known), when=table.condition("when"))


def label(table: Table, known: Declared) -> Label:
    """A rule of `[[labels]]`."""
    return Label(**_named_basis(table, known), expects=table.condition("expects"))


def choice(table: Table, known: Declared) -> Choice:
    """A rule of `[[choices]]`."""
    found = _named_basis(table, known)
    options, default = table.names("options"), table.name("default")
    if table.has("options") and not table.values["options"]:
        table.problem(ErrorKind.FIELD_INVALID, "options: at least one is needed", "options")
    if default and options and default not in options:
        message = f"default: nothing declares the option {default!r:.60}"
        table.problem(ErrorKind.PACK_REFERENCE, message, "default")
    if not table.has("options"):
        table.problem(ErrorKind.FIELD_MISSING, "a field is missing: options")
    return Choice(**found, question=table.text("question"), options=options, default=default)
