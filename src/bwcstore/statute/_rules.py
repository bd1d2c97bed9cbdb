"""The rules of a pack: each a value with its citation, how well it is verified, and its condition.

Rules here carry no meaning of their own: `_classify`, `_retention`, `_access` and `_deadlines`
judge by them. No rule names a jurisdiction except in words for people.
"""

from datetime import date
from enum import StrEnum, unique
from typing import Final

import attrs

from bwcstore.statute._civil import Period
from bwcstore.statute._condition import Condition

ANYONE: Final = "anyone"


@unique
class Verification(StrEnum):
    """How well the wording behind a rule was verified.

    Attributes:
        TEXT: the text of the provision was seen.
        SECONDARY: an authoritative source that states it was seen, not the text.
        UNVERIFIED: no source was seen; it is what people recall.
    """

    TEXT = "text"
    SECONDARY = "secondary"
    UNVERIFIED = "unverified"


@attrs.frozen(kw_only=True)
class Rule:
    """What every rule has.

    Attributes:
        id: its id, unique among the rules of its sort on any one day.
        cite: the provision, as a lawyer cites it.
        verified: how well its wording was verified.
        says: what it says, in one sentence.
        source: where the wording was seen: ids of the pack's sources.
        effective_from: the first day on which it is law.
        effective_to: the last day on which it is law; None while it is in force.
        note: what else the reader should know.
        ambiguity: what the text leaves open, and how this rule reads it.
        line: its line in the file of the pack.
    """

    id: str
    cite: str
    verified: Verification
    says: str
    source: tuple[str, ...] = ()
    effective_from: date
    effective_to: date | None = None
    note: str | None = None
    ambiguity: str | None = None
    line: int = attrs.field(default=0, eq=False)

    def in_force(self, day: date) -> bool:
        """Whether the rule is law on `day`."""
        return self.effective_from <= day and (
            self.effective_to is None or day <= self.effective_to
        )


@attrs.frozen(kw_only=True)
class RecordingClass(Rule):
    """A class that recordings can be of.

    Attributes:
        rank: how much it protects; of two classes that are possible the higher one is taken.
        individuals: its label for data on individuals.
        others: its label for data not on individuals.
    """

    rank: int
    individuals: str
    others: str


@attrs.frozen(kw_only=True)
class ClassRule(Rule):
    """Gives a class where its condition holds; of several, the first in the pack decides.

    Attributes:
        when: its condition.
        gives: the id of the class.
    """

    when: Condition
    gives: str


@unique
class Effect(StrEnum):
    """What an overlay does to a disclosure."""

    MUST_REDACT = "must-redact"
    MAY_REDACT = "may-redact"
    NEVER_REDACT = "never-redact"
    WITHHOLD = "withhold"
    MAY_DISCLOSE = "may-disclose"


@unique
class Act(StrEnum):
    """What somebody wants to do with a recording."""

    VIEW = "view"
    COPY = "copy"


@attrs.frozen(kw_only=True)
class Overlay(Rule):
    """Something that limits or permits a disclosure, whatever the class.

    Attributes:
        when: its condition.
        effect: what it does.
        what: the part of the recording that it concerns, in words.
        classes: the ids of the classes it applies to; empty for all.
        actors: the ids of the actors it applies to; empty for all.
        acts: the acts it applies to.
    """

    when: Condition
    effect: Effect
    what: str
    classes: frozenset[str] = frozenset()
    actors: frozenset[str] = frozenset()
    acts: frozenset[Act] = frozenset(Act)


@unique
class Kept(StrEnum):
    """What a period of retention is for."""

    RECORDING = "recording"
    METADATA = "metadata"


@attrs.frozen(kw_only=True)
class Floor(Rule):
    """Keeps something at least so long. Exactly one of `period`, `until` and `indefinite` is set.

    Attributes:
        when: its condition.
        keeps: the recording, or its metadata.
        period: how long.
        start: the fact whose date the period starts on.
        until: the fact whose date ends it; until then it has no end.
        indefinite: it never ends.
    """

    when: Condition
    keeps: Kept = Kept.RECORDING
    period: Period | None = None
    start: str | None = None
    until: str | None = None
    indefinite: bool = False


@attrs.frozen(kw_only=True)
class Ceiling(Rule):
    """Lets the recording be kept no longer than so long.

    Attributes:
        when: its condition.
        period: how long.
        start: the fact whose date the period starts on.
    """

    when: Condition
    period: Period
    start: str


@attrs.frozen(kw_only=True)
class Extension(Rule):
    """Lets people ask that a recording be kept longer.

    Attributes:
        requests: the fact that has the requests.
        accept: what a request must be, over the flags of that fact.
        cap_days: the most days that one request adds.
    """

    requests: str
    accept: Condition
    cap_days: int


@attrs.frozen(kw_only=True)
class Unclassified(Rule):
    """How long a recording is locked while facts are missing that decide its floor.

    Attributes:
        period: how long.
        start: the fact whose date the period starts on.
    """

    period: Period
    start: str


@unique
class Counting(StrEnum):
    """How the days of a deadline are counted."""

    CALENDAR = "calendar"
    BUSINESS = "business"


@attrs.frozen(kw_only=True)
class DeadlineRule(Rule):
    """Something that the agency owes.

    Attributes:
        when: its condition.
        duty: what is owed, in words.
        owed_to: whom it is owed to, in words.
        start: the fact whose date the period starts on.
        period: how long; None for a duty without a number of days, such as `promptly`.
        promptness: the law's own word for such a duty.
        counting: calendar or business days.
        rolls: whether a last day of rest moves to the next business day.
        not_before: facts whose dates the duty cannot precede.
        met: when the duty is done.
        about: `recording`, `request` or `agency`: what it arises from.
    """

    when: Condition
    duty: str
    owed_to: str
    start: str
    period: Period | None = None
    promptness: str | None = None
    counting: Counting = Counting.CALENDAR
    rolls: bool = False
    not_before: tuple[str, ...] = ()
    met: Condition
    about: str


@attrs.frozen(kw_only=True)
class Requirement(Rule):
    """Something that must be the case before an access is allowed.

    Attributes:
        when: what must hold.
    """

    when: Condition


@unique
class Outcome(StrEnum):
    """What becomes of a wish to view or to copy, from the least to the most protective."""

    ALLOW = "allow"
    ESCALATE = "escalate"
    DENY = "deny"


@attrs.frozen(kw_only=True)
class AccessRule(Rule):
    """Says who may view or copy; of several, the first in the pack decides.

    Attributes:
        actors: the ids of the actors it is about; empty for anyone.
        when: its condition, which may ask for the `class`.
        view: what becomes of a wish to view.
        copy: what becomes of a wish to copy.
        requires: the ids of requirements, without which `allow` becomes `deny`.
        duties: what the agency must do besides, in words.
        deadlines: the ids of deadlines that the wish starts.
    """

    actors: frozenset[str]
    when: Condition
    view: Outcome
    copy: Outcome
    requires: tuple[str, ...] = ()
    duties: tuple[str, ...] = ()
    deadlines: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Contradiction(Rule):
    """Facts that cannot all be true.

    Attributes:
        when: the facts that contradict each other.
    """

    when: Condition


@attrs.frozen(kw_only=True)
class Label(Rule):
    """A category that people give to recordings.

    Attributes:
        expects: the facts that go with it; a recording with other facts is probably mislabelled.
    """

    expects: Condition


@attrs.frozen(kw_only=True)
class Term(Rule):
    """A word that the pack defines for people: an actor, a purpose, a flag, an audit element."""


@attrs.frozen(kw_only=True)
class Choice(Rule):
    """A question that the statute leaves to the agency.

    Attributes:
        question: what is to be chosen.
        options: the codes of the answers.
        default: the answer where the agency gives none: the one that keeps longer.
    """

    question: str
    options: tuple[str, ...]
    default: str


@attrs.frozen(kw_only=True)
class ScheduleEntry(Rule):
    """An entry of the agency's records schedule: how long, and the authority to destroy after.

    Exactly one of `period` and `permanent` is set.

    Attributes:
        when: its condition.
        period: how long.
        start: the fact whose date the period starts on.
        permanent: it is never destroyed.
        confirmed: the agency has confirmed that this entry was approved by the body that the law
            names. An entry that is not confirmed protects and gives no authority to destroy.
        authority: the approval: which body, when, under what number.
    """

    when: Condition
    period: Period | None = None
    start: str | None = None
    permanent: bool = False
    confirmed: bool = False
    authority: str | None = None
