"""What the judgements of the law engine say, as values: no rules, no arithmetic.

Dates are civil dates in the agency's zone. Facts are named as the pack names them. Each
conclusion carries its `Ground`: the rule, its citation, and how well that is verified.
"""

from datetime import date
from enum import StrEnum, unique

import attrs

from bwcstore.statute._condition import Verdict
from bwcstore.statute._facts import Subject
from bwcstore.statute._rules import Act, Effect, Outcome, Rule, Verification


@attrs.frozen(kw_only=True)
class Ground:
    """Why a conclusion was drawn: the rule, and whether it is known to apply.

    Attributes:
        rule: the id of the rule.
        cite: the provision.
        verified: how well its wording was verified.
        says: what it says.
        certain: the rule applies; otherwise a fact is missing and it may apply.
        ambiguity: what the text leaves open, and how it was read.
        note: what else the reader should know.
        source: the ids of the pack's sources.
    """

    rule: str
    cite: str
    verified: Verification
    says: str
    certain: bool
    ambiguity: str | None
    note: str | None
    source: tuple[str, ...]

    @classmethod
    def of(cls, rule: Rule, verdict: Verdict) -> "Ground":
        """The ground that a rule gives."""
        return cls(
            rule=rule.id,
            cite=rule.cite,
            verified=rule.verified,
            says=rule.says,
            certain=verdict is Verdict.YES,
            ambiguity=rule.ambiguity,
            note=rule.note,
            source=rule.source,
        )


@attrs.frozen(kw_only=True)
class OverlayApplied:
    """An overlay that goes with a class.

    Attributes:
        ground: the rule; not certain where a fact is missing.
        effect: what it does.
        what: the part of the recording that it concerns.
    """

    ground: Ground
    effect: Effect
    what: str


@attrs.frozen(kw_only=True)
class Mismatch:
    """A label that the facts do not bear out.

    Attributes:
        label: the label.
        ground: where the label comes from.
    """

    label: str
    ground: Ground


@attrs.frozen(kw_only=True)
class Classification:
    """What a recording is on a day.

    Attributes:
        as_of: the day.
        class_id: the id of its class.
        individuals: its label for data on individuals; None where it has no such data.
        others: its label for data not on individuals.
        ground: the rule that decided.
        possible: the rules that may apply instead, were the missing facts known.
        overlays: what limits or permits disclosures besides.
        mismatches: labels that the facts do not bear out.
        missing: the facts that could change the class, sorted.
    """

    as_of: date
    class_id: str
    individuals: str | None
    others: str
    ground: Ground
    possible: tuple[Ground, ...]
    overlays: tuple[OverlayApplied, ...]
    mismatches: tuple[Mismatch, ...]
    missing: tuple[str, ...]


@unique
class RetentionStatus(StrEnum):
    """Where a recording stands (spec: LAW-68)."""

    INDEFINITE = "indefinite"
    HELD = "held"
    AWAITING_EVENT = "awaiting-event"
    UNDETERMINED = "undetermined"
    PROTECTED = "protected"
    NO_AUTHORITY = "no-authority"
    WAITING = "waiting"
    DUE = "due"


@attrs.frozen(kw_only=True)
class FloorApplied:
    """A floor or schedule entry that applies, or may.

    Attributes:
        ground: the rule; not certain where a fact is missing.
        end: the last day that it protects; None without limit.
        start: the day its period starts on, if it has one.
        period: its period in words, `indefinite`, or what it waits for.
        scheduled: whether it is of the agency's schedule, and not of the statute.
    """

    ground: Ground
    end: date | None
    start: date | None
    period: str
    scheduled: bool


@attrs.frozen(kw_only=True)
class ExtensionApplied:
    """A request that adds time.

    Attributes:
        request: the caller's id of the request.
        ground: the rule under which it is accepted.
        start: the day from which the time is added; None while the end is without limit.
        days_asked: how many days were asked for.
        days: how many are added.
        end: the last day protected with them; None while the end is without limit.
    """

    request: str
    ground: Ground
    start: date | None
    days_asked: int
    days: int
    end: date | None


@unique
class NoteKind(StrEnum):
    """What a reader of a retention should notice."""

    REQUEST_OVER_CAP = "request-over-cap"
    REQUEST_NOT_ACCEPTED = "request-not-accepted"
    ENTRY_NOT_CONFIRMED = "entry-not-confirmed"
    CEILING_YIELDS = "ceiling-yields"


@attrs.frozen(kw_only=True)
class Note:
    """Something that a reader should notice.

    Attributes:
        kind: what sort of thing.
        about: the id of the request, entry or rule.
        says: it, in words.
    """

    kind: NoteKind
    about: str
    says: str


@attrs.frozen(kw_only=True)
class Retention:
    """How long a recording is kept, as known on a day.

    Dates are civil dates in the agency's zone.

    Attributes:
        as_of: the day.
        status: where the recording stands.
        last_protected: the last day on which it must not be destroyed; None without limit.
        statutory_floor: the last day that the statute alone protects, by what is known for
            certain; None where there is no such day.
        earliest_plain: the day after `last_protected`.
        earliest_conservative: the day after `last_protected`, rolled, and the agency's grace.
        disposal: the day from which the agency destroys; None while it may not.
        ceiling: the last day on which it may be kept; None without one.
        ceiling_passed: `as_of` lies after the ceiling.
        floors: the floors and entries that apply or may, the longest first.
        extensions: the requests that add time, in order.
        ceilings: the rules of the ceilings.
        authority: the confirmed schedule entries that apply; empty where there is no authority.
        holds: the ids of the holds that hold, sorted.
        metadata: the floors for its metadata.
        metadata_last_protected: the last day of the metadata; None without limit or floor.
        missing: the facts that keep the end from being known, sorted.
        could_change: the facts that could make the end later, sorted.
        notes: what a reader should notice.
    """

    as_of: date
    status: RetentionStatus
    last_protected: date | None
    statutory_floor: date | None
    earliest_plain: date | None
    earliest_conservative: date | None
    disposal: date | None
    ceiling: date | None
    ceiling_passed: bool
    floors: tuple[FloorApplied, ...]
    extensions: tuple[ExtensionApplied, ...]
    ceilings: tuple[Ground, ...]
    authority: tuple[Ground, ...]
    holds: tuple[str, ...]
    metadata: tuple[FloorApplied, ...]
    metadata_last_protected: date | None
    missing: tuple[str, ...]
    could_change: tuple[str, ...]
    notes: tuple[Note, ...]


@attrs.frozen(kw_only=True)
class WhatIf:
    """What would become of a recording, were one fact another.

    Attributes:
        fact: the name of the fact.
        value: the other value, in words.
        status: where the recording would stand.
        last_protected: the last day that would be protected; None without limit.
    """

    fact: str
    value: str
    status: RetentionStatus
    last_protected: date | None


@attrs.frozen(kw_only=True)
class Question:
    """Somebody's wish to see a recording.

    Attributes:
        actor: the id of one of the pack's actors.
        purpose: the id of one of the pack's purposes; None where none was said.
    """

    actor: str
    purpose: str | None = None


@attrs.frozen(kw_only=True)
class ActDecided:
    """What becomes of the wish to view, or of the wish to copy.

    Attributes:
        act: which of the two.
        outcome: allowed, denied, or to be decided by a person.
        ground: the rule that decided.
        unmet: the requirements without which it is not allowed.
        must_redact: what has to be made unrecognisable before anything is shown or given.
        may_redact: what the agency may make unrecognisable or leave out.
        never_redact: what has to stay recognisable.
        withhold: what is not shown or given at all.
        may_disclose: what lets the agency show or give it although nobody has a right to it.
    """

    act: Act
    outcome: Outcome
    ground: Ground
    unmet: tuple[Ground, ...]
    must_redact: tuple[OverlayApplied, ...]
    may_redact: tuple[OverlayApplied, ...]
    never_redact: tuple[OverlayApplied, ...]
    withhold: tuple[OverlayApplied, ...]
    may_disclose: tuple[OverlayApplied, ...]


@attrs.frozen(kw_only=True)
class Access:
    """Who may see a recording, and how, on a day.

    Attributes:
        as_of: the day.
        question: who asks, and what for.
        class_id: the class of the recording.
        view: what becomes of a wish to view it.
        copy: what becomes of a wish to have a copy.
        duties: what the agency must do besides, in words.
        deadlines: the ids of the deadlines that the wish starts.
        missing: the facts that could change the answer, sorted.
    """

    as_of: date
    question: Question
    class_id: str
    view: ActDecided
    copy: ActDecided
    duties: tuple[str, ...]
    deadlines: tuple[str, ...]
    missing: tuple[str, ...]


@unique
class DeadlineStatus(StrEnum):
    """Where a duty stands (spec: LAW-81)."""

    MET = "met"
    OVERDUE = "overdue"
    PAST_PLAIN = "past-plain"
    OWED = "owed"


@attrs.frozen(kw_only=True)
class Deadline:
    """Something that the agency owes.

    Attributes:
        id: the id of the rule.
        ground: the rule; not certain where a fact is missing.
        about: whether it arises from the recording, a request or the agency.
        duty: what is owed.
        owed_to: whom.
        start: the day from which the time runs; None where it is not known.
        plain: the day by which it is owed, counted plainly; the agency goes by this one.
        rolled: the day by which it is owed with days of rest left out, where the law does so.
        promptness: the law's own word where it names no number of days.
        status: where it stands.
        missing: the facts that keep it from being known, sorted.
    """

    id: str
    ground: Ground
    about: Subject
    duty: str
    owed_to: str
    start: date | None
    plain: date | None
    rolled: date | None
    promptness: str | None
    status: DeadlineStatus
    missing: tuple[str, ...]
