"""Everything that is true of one recording, as values: no rules, no words.

What it means is put together in `_explaining` and told in `_explaining_text`.
"""

from datetime import date

import attrs

from bwcstore._values import ActorId, Instant, ObjectId
from bwcstore.custody._assertion import FactAssertion
from bwcstore.custody._knowledge import ClaimWeighed
from bwcstore.custody._object_records import (
    Activity,
    Consent,
    Derivation,
    Purge,
    Release,
    RequestBound,
)
from bwcstore.statute._explain import Explanation
from bwcstore.statute._judgements import ActDecided


@attrs.frozen(kw_only=True)
class FactShown:
    """One assertion.

    Attributes:
        said: the assertion.
        counts: nothing has replaced it or taken it back. Of several that count, the one that is so
            since the latest day is what the law is asked with, or all of them together, as the
            pack says.
    """

    said: FactAssertion
    counts: bool


@attrs.frozen(kw_only=True)
class HoldShown:
    """A hold that binds or selects the recording, or did so until it was released."""

    hold_id: str
    kind: str
    authority: str
    placed_at: Instant
    placed_by: ActorId
    review_on: date | None
    selected: bool
    released_at: Instant | None


@attrs.frozen(kw_only=True)
class Cited:
    """A rule with its provision."""

    rule: str
    cite: str


@attrs.frozen(kw_only=True)
class MayDo:
    """What becomes of somebody's wish to view, or to have a copy.

    Attributes:
        outcome: `allow`, `deny` or `escalate`.
        rule: the rule that decided.
        cite: its provision.
        unmet: what is not met.
        redact: what has to be unrecognisable or left out.
    """

    outcome: str
    rule: str
    cite: str
    unmet: tuple[Cited, ...]
    redact: tuple[Cited, ...]

    @classmethod
    def of(cls, decided: ActDecided) -> "MayDo":
        """What was decided of one wish."""
        hidden = (*decided.must_redact, *decided.withhold)
        return cls(
            outcome=decided.outcome.value,
            rule=decided.ground.rule,
            cite=decided.ground.cite,
            unmet=tuple(Cited(rule=one.rule, cite=one.cite) for one in decided.unmet),
            redact=tuple(Cited(rule=one.ground.rule, cite=one.ground.cite) for one in hidden),
        )


@attrs.frozen(kw_only=True)
class WhoMay:
    """What one of the pack's actors may do, with nothing said of a request."""

    actor: str
    view: MayDo
    copy: MayDo


@attrs.frozen(kw_only=True)
class Destruction:
    """Whether a recording may be destroyed, and what withholds it.

    Attributes:
        allowed: it may, under a plan that is approved.
        code: the code of what withholds it; None where it may.
        says: why, with the provision.
        needs: what would have to happen first.
    """

    allowed: bool
    code: str | None
    says: str
    needs: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Problem:
    """Something that keeps the law from being asked."""

    code: str
    says: str


@attrs.frozen(kw_only=True, eq=False)
class Explained:
    """Everything true of a recording on a day.

    Attributes:
        object_id: the recording.
        as_of: the day; its own by the agency's zone, or UTC without a law.
        status: `present`, `purging` or `purged`.
        purge: where its destruction stands.
        ingested_at: when it was ingested.
        ingested_by: by whom.
        ingested_index: by which entry.
        trigger: why the camera was on.
        activity: how often it was read.
        tags: how many tags of each kind it has.
        opaque: it, or the store, has entries that this version does not understand.
        claims: when it was made, by each clock, and which of them counts.
        labels: every label that it was ever given, in order.
        facts: every other assertion, in order.
        law: what the law makes of it: class, dates, duties; None where it cannot be asked.
        problems: why it cannot.
        holds: everything that holds it or did.
        requests: the requests about it.
        releases: to whom it went.
        derived: of what it was made.
        derivatives: what was made of it.
        consents: the consents of people who are recorded.
        locks: what the storage itself keeps it with, in words.
        access: what each of the pack's actors may do.
        destruction: why it may be destroyed, or not.
    """

    object_id: ObjectId
    as_of: date
    status: str
    purge: Purge | None
    ingested_at: Instant
    ingested_by: ActorId
    ingested_index: int
    trigger: str | None
    activity: Activity
    tags: dict[str, int]
    opaque: bool
    claims: tuple[ClaimWeighed, ...]
    labels: tuple[FactShown, ...]
    facts: tuple[FactShown, ...]
    law: Explanation | None
    problems: tuple[Problem, ...]
    holds: tuple[HoldShown, ...]
    requests: tuple[RequestBound, ...]
    releases: tuple[Release, ...]
    derived: Derivation | None
    derivatives: tuple[ObjectId, ...]
    consents: tuple[Consent, ...]
    locks: tuple[str, ...]
    access: tuple[WhoMay, ...]
    destruction: Destruction
