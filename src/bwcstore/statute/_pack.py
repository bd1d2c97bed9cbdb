"""A statute pack as a value, and the law that it makes with an agency on a given day.

Rules kept here (spec chapter `statute-pack`):

- a rule is law from its first to its last day, and the law of a day is the rules of that day
  (LAW-3);
- a pack is known by a digest of what it says, not of how the file is laid out (LAW-5).

Files become packs in `_files._reading`, and nowhere else.
"""

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import attrs

from bwcstore._values import Digest
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._agency import Agency, Source
from bwcstore.statute._civil import RestDays
from bwcstore.statute._condition import Condition, fixed
from bwcstore.statute._facts import Facts, FactSpec, FactType, Subject, Value
from bwcstore.statute._rules import (
    AccessRule,
    Ceiling,
    Choice,
    ClassRule,
    Contradiction,
    DeadlineRule,
    Extension,
    Floor,
    Label,
    Overlay,
    RecordingClass,
    Requirement,
    Rule,
    ScheduleEntry,
    Term,
    Unclassified,
    Verification,
)

PACK_FORMAT: Final = "bwcstore-pack/1"
R = TypeVar("R", bound=Rule)


@attrs.frozen(kw_only=True)
class Version:
    """A day on which the law of a pack changed.

    Attributes:
        effective: the first day of the new law.
        act: the act that changed it.
        verified: how well the date was verified.
        source: where it was seen: ids of sources.
        note: what else the reader should know.
    """

    effective: date
    act: str
    verified: Verification
    source: tuple[str, ...] = ()
    note: str | None = None


@attrs.frozen(kw_only=True)
class Pack:
    """The statutes of one jurisdiction, all dated versions together.

    Attributes:
        id: its id: by custom the ISO 3166-2 code of the jurisdiction, in lower case.
        title: what it covers.
        jurisdiction: whose law it is, in words.
        reviewed: the day on which its sources were last looked at.
        digest: SHA-256 over the canonical encoding of what the file says.
        versions: the days on which the law changed, oldest first.
        sources: where its wording was seen.
        facts: the facts it asks for, in the order in which they are asked.
        definitions: what the names of definitions stand for.
        individuals_when: when a recording has data on individuals.
        calendar: the days of rest, optional holidays included.
        calendar_rules: the citations of the calendar and of how time is counted.
        classes: the classes.
        classification: what gives a class; the first rule that applies decides.
        overlays: what limits or permits disclosures.
        floors: how long recordings and their metadata are kept at least.
        ceilings: how long recordings are kept at most.
        extensions: under which rules people ask for more time.
        unclassified: how long a recording is locked while its facts are missing.
        deadlines: what the agency owes.
        requirements: what has to be the case before an access is allowed.
        access: who may view or copy; the first rule that applies decides.
        contradictions: facts that cannot all be true.
        labels: the categories that people give.
        choices: what the statute leaves to the agency.
        actors: who may ask.
        purposes: what for.
        flags: what makes data sensitive.
        audit_elements: what an audit looks at.
        name: the name of the file, for messages.
    """

    id: str
    title: str
    jurisdiction: str
    reviewed: date
    digest: Digest
    versions: tuple[Version, ...]
    sources: tuple[Source, ...]
    facts: tuple[FactSpec, ...]
    individuals_when: Condition
    calendar: RestDays
    calendar_rules: tuple[Term, ...]
    classes: tuple[RecordingClass, ...]
    classification: tuple[ClassRule, ...]
    overlays: tuple[Overlay, ...]
    floors: tuple[Floor, ...]
    ceilings: tuple[Ceiling, ...]
    extensions: tuple[Extension, ...]
    unclassified: tuple[Unclassified, ...]
    deadlines: tuple[DeadlineRule, ...]
    requirements: tuple[Requirement, ...]
    access: tuple[AccessRule, ...]
    contradictions: tuple[Contradiction, ...]
    labels: tuple[Label, ...]
    choices: tuple[Choice, ...]
    actors: tuple[Term, ...]
    purposes: tuple[Term, ...]
    flags: tuple[Term, ...]
    audit_elements: tuple[Term, ...]
    definitions: Mapping[str, Condition] = attrs.field(factory=dict, hash=False)
    name: str = attrs.field(default="", eq=False)

    @property
    def rules(self) -> dict[str, tuple[Rule, ...]]:
        """Its rules by the names of their tables, in the order in which people read them."""
        return {
            "calendar_rules": self.calendar_rules,
            "classes": self.classes,
            "classification": self.classification,
            "overlays": self.overlays,
            "floors": self.floors,
            "unclassified": self.unclassified,
            "ceilings": self.ceilings,
            "extensions": self.extensions,
            "deadlines": self.deadlines,
            "requirements": self.requirements,
            "access": self.access,
            "contradictions": self.contradictions,
            "labels": self.labels,
            "choices": self.choices,
            "actors": self.actors,
            "purposes": self.purposes,
            "flags": self.flags,
            "audit_elements": self.audit_elements,
        }

    def version_on(self, day: date) -> Version:
        """The version that is in force on a day.

        Raises:
            InvalidInputError: `law-not-in-force`: the day lies before the first version.
        """
        found = [one for one in self.versions if one.effective <= day]
        if not found:
            raise InvalidInputError(
                ErrorKind.LAW_NOT_IN_FORCE,
                f"pack {self.id} begins on {self.versions[0].effective}, and {day} is asked for",
            )
        return found[-1]

    def rules_on(self, day: date) -> dict[str, tuple[Rule, ...]]:
        """The rules of a day by the names of their tables, without tables that have none.

        Raises:
            InvalidInputError: `law-not-in-force`: the day lies before the first version.
        """
        self.version_on(day)
        found = {
            table: tuple(rule for rule in rules if rule.in_force(day))
            for table, rules in self.rules.items()
        }
        return {table: rules for table, rules in found.items() if rules}

    def fact(self, name: str) -> FactSpec:
        """The declaration of a fact.

        Raises:
            InvalidInputError: `fact-unknown`: the pack has no such fact.
        """
        for spec in self.facts:
            if spec.name == name:
                return spec
        raise InvalidInputError(ErrorKind.FACT_UNKNOWN, f"pack {self.id} has no fact {name!r:.60}")

    def read_facts(self, given: Mapping[str, object]) -> Facts:
        """Check values against the declarations and return them as facts (spec: LAW-31).

        Args:
            given: values by the name of the fact; `None` and a missing name both say nothing.

        Raises:
            InvalidInputError: `fact-unknown`, `fact-type`, `time-naive`, `request-incomplete` or
                `fact-contradiction` (two requests or holds with one id).
        """
        values: dict[str, Value] = {}
        for name, value in given.items():
            spec = self.fact(name)
            if value is not None:
                values[name] = spec.checked(value)
        return Facts(values)

    def law(self, agency: Agency, *, on: date) -> "Law":
        """The law of one day for one agency.

        Args:
            agency: the agency, whose file names this pack.
            on: the day whose law is meant.

        Raises:
            InvalidInputError: `law-not-in-force`: the day lies before the first version;
                `argument-invalid`: the agency follows another pack.
        """
        if agency.pack != self.id:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"agency {agency.id} follows pack {agency.pack}, not {self.id}",
            )
        self.version_on(on)
        return Law(pack=self, agency=agency, on=on)


@attrs.define(kw_only=True, slots=False, eq=False)
class Law:
    """What one agency's law is on one day: the rules in force, its choices put in place.

    Made by `Pack.law`. Every judgement takes one.

    Attributes:
        pack: the pack.
        agency: the agency.
        on: the day whose law this is.
    """

    pack: Pack = attrs.field(on_setattr=attrs.setters.frozen)
    agency: Agency = attrs.field(on_setattr=attrs.setters.frozen)
    on: date = attrs.field(on_setattr=attrs.setters.frozen)

    def _now(self, rules: tuple[R, ...]) -> tuple[R, ...]:
        found = []
        for rule in rules:
            if rule.in_force(self.on):
                conditions: dict[str, Any] = {
                    field: fixed(condition, self.choices)
                    for field in ("when", "accept", "met", "expects")
                    if (condition := getattr(rule, field, None)) is not None
                }
                found.append(attrs.evolve(rule, **conditions))
        return tuple(found)

    @cached_property
    def version(self) -> Version:
        """The version of the pack that is in force."""
        return self.pack.version_on(self.on)

    @cached_property
    def choices(self) -> dict[str, str]:
        """The answer to every choice: the agency's, or the pack's default."""
        return {
            choice.id: self.agency.choices.get(choice.id, choice.default)
            for choice in self.pack.choices
            if choice.in_force(self.on)
        }

    @cached_property
    def zone(self) -> ZoneInfo:
        """The agency's time zone."""
        return ZoneInfo(self.agency.zone)

    @cached_property
    def calendar(self) -> RestDays:
        """The days of rest: the legal holidays, and of the optional ones those the agency keeps."""
        return attrs.evolve(
            self.pack.calendar,
            holidays=tuple(
                holiday
                for holiday in self.pack.calendar.holidays
                if not holiday.optional or holiday.name in self.agency.optional_holidays
            ),
        )

    @cached_property
    def specs(self) -> dict[str, FactSpec]:
        """The declarations of the facts by name."""
        return {spec.name: spec for spec in self.pack.facts}

    @cached_property
    def recording_facts(self) -> tuple[FactSpec, ...]:
        """The facts about a recording that have values of their own, in the pack's order."""
        return tuple(
            spec
            for spec in self.pack.facts
            if spec.about is Subject.RECORDING
            and spec.type not in (FactType.REQUESTS, FactType.HOLDS)
        )

    @cached_property
    def classes(self) -> dict[str, RecordingClass]:
        """The classes by id."""
        return {one.id: one for one in self._now(self.pack.classes)}

    @cached_property
    def classification(self) -> tuple[ClassRule, ...]:
        """The rules that give a class, in order."""
        return self._now(self.pack.classification)

    @cached_property
    def overlays(self) -> tuple[Overlay, ...]:
        """What limits or permits disclosures."""
        return self._now(self.pack.overlays)

    @cached_property
    def floors(self) -> tuple[Floor, ...]:
        """The floors, for recordings and for metadata."""
        return self._now(self.pack.floors)

    @cached_property
    def ceilings(self) -> tuple[Ceiling, ...]:
        """The ceilings."""
        return self._now(self.pack.ceilings)

    @cached_property
    def extensions(self) -> tuple[Extension, ...]:
        """The rules under which people ask for more time."""
        return self._now(self.pack.extensions)

    @cached_property
    def unclassified(self) -> Unclassified | None:
        """How long a recording is locked while its facts are missing."""
        return next(iter(self._now(self.pack.unclassified)), None)

    @cached_property
    def schedule(self) -> tuple[ScheduleEntry, ...]:
        """The agency's records schedule."""
        return self._now(self.agency.schedule)

    @cached_property
    def deadlines(self) -> tuple[DeadlineRule, ...]:
        """What the agency owes."""
        return self._now(self.pack.deadlines)

    @cached_property
    def requirements(self) -> dict[str, Requirement]:
        """The requirements by id."""
        return {one.id: one for one in self._now(self.pack.requirements)}

    @cached_property
    def access(self) -> tuple[AccessRule, ...]:
        """The rules of access, in order."""
        return self._now(self.pack.access)

    @cached_property
    def contradictions(self) -> tuple[Contradiction, ...]:
        """The facts that cannot all be true."""
        return self._now(self.pack.contradictions)

    @cached_property
    def labels(self) -> tuple[Label, ...]:
        """The labels."""
        return self._now(self.pack.labels)
