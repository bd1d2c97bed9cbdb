"""What is known of one evidence object: the values that the entries of its scope fold to.

They hold open facts alone (LED-1); how they change is the business of
`bwcstore.custody._fold_object`.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

import attrs

from bwcstore._values import ActId, ActorId, Digest, Instant, ObjectId, Tag
from bwcstore.custody._assertion import INGEST_LABEL, LABELS, FactAssertion


@attrs.frozen(kw_only=True)
class Claim:
    """One assertion of when the recording was made, and what it rests on."""

    at: Instant
    basis: str


@attrs.frozen(kw_only=True)
class Activity:
    """What was done with one object so far.

    Attributes:
        access_count: how often plaintext was released.
        refusal_count: how often somebody was turned away.
        last_accessed_at: the last release.
        open_accesses: the scope numbers of releases whose end is not known.
        bytes_released: plaintext released, as far as ends are known.
    """

    access_count: int = 0
    refusal_count: int = 0
    last_accessed_at: Instant | None = None
    open_accesses: frozenset[int] = frozenset()
    bytes_released: int = 0


@attrs.frozen(kw_only=True)
class RequestBound:
    """A request about one recording.

    Attributes:
        request: the act of the request.
        kind: what is asked for.
        received: the day on which the agency received it.
        days: how many more days are asked for, of a request to retain.
        answers: what the pack asks about a request to retain.
        outcome: `granted`, `denied` or `withdrawn`; None while it is pending.
        answered_on: the day of the answer.
        rule: the rule that the answer rests on.
        notices: the day of the last notice of each kind.
    """

    request: ActId
    kind: str
    received: date
    days: int | None
    answers: Mapping[str, bool]
    outcome: str | None = None
    answered_on: date | None = None
    rule: str | None = None
    notices: Mapping[str, date] = MappingProxyType({})


@attrs.frozen(kw_only=True)
class Consent:
    """Somebody who is recorded agrees."""

    consent_id: str
    covers: str
    withdrawn: bool = False


@attrs.frozen(kw_only=True)
class Derivation:
    """Of what an object was made, and how (the body of `derived.from`)."""

    parent: ObjectId
    operation: str
    tool: str
    tool_version: str
    redactions: frozenset[str]


@attrs.frozen(kw_only=True)
class Release:
    """A recording that was shown or given to somebody outside (the body of `release.made`)."""

    release_id: str
    right: str
    recipient: str
    mode: str
    rule: str
    request: ActId | None
    acknowledged: bool
    at: Instant
    index: int


@attrs.frozen(kw_only=True)
class Purge:
    """Where the destruction of an object stands.

    Attributes:
        plan: the act of the plan.
        started_index: the entry that says that it may be and is being destroyed.
        epoch: the key epoch when the key was destroyed; None before.
        completed_index: the entry that says that it is gone, which is also the number of its
            certificate; None before.
        failures: how many attempts did not finish.
    """

    plan: ActId
    started_index: int
    epoch: int | None = None
    completed_index: int | None = None
    failures: int = 0


@attrs.frozen(kw_only=True)
class Locked:
    """What the storage was told about the segments of one object (the body of `object.locked`)."""

    until: Instant | None
    legal_hold: bool


@attrs.frozen(kw_only=True)
class Keeping:
    """What is said of one object beyond its ingest: the same value for the many of which nothing
    is.

    Attributes:
        facts: every assertion, in order.
        holds: the holds that bind it, released ones included.
        requests: the requests about it.
        consents: the consents of people who are recorded.
        derived: what it was made of.
        derivatives: what was made of it.
        releases: to whom it went.
        purge: where its destruction stands.
        changed_at: when a fact, a tag or a claim of its time was last added.
        locked: what the storage was last told, after its ingest.
    """

    facts: tuple[FactAssertion, ...] = ()
    holds: frozenset[str] = frozenset()
    requests: Mapping[ActId, RequestBound] = MappingProxyType({})
    consents: Mapping[str, Consent] = MappingProxyType({})
    derived: Derivation | None = None
    derivatives: tuple[ObjectId, ...] = ()
    releases: tuple[Release, ...] = ()
    purge: Purge | None = None
    changed_at: Instant | None = None
    locked: Locked | None = None


UNTOUCHED: Final = Keeping()


@attrs.frozen(kw_only=True)
class ObjectState:
    """What one object's scope implies."""

    object_id: ObjectId
    manifest_digest: Digest
    header: bytes
    segment_count: int
    ciphertext_root: Digest
    tags: Mapping[str, tuple[Tag, ...]]
    collected: tuple[Claim, ...]
    label: str | None
    trigger: str | None
    ingested_at: Instant
    ingested_by: ActorId
    ingested_index: int
    locked_until: Instant | None = None
    activity: Activity = Activity()
    keeping: Keeping = UNTOUCHED
    opaque: bool = False

    @property
    def purged(self) -> int | None:
        """The number of the certificate of its destruction; None while it is there."""
        return self.keeping.purge.completed_index if self.keeping.purge else None

    @property
    def status(self) -> str:
        """`present`, `purging` (its destruction has begun) or `purged`."""
        if self.keeping.purge is None:
            return "present"
        return "purging" if self.purged is None else "purged"

    def assertions(self, *, ingested_on: date) -> tuple[FactAssertion, ...]:
        """Every assertion of it in order, first the label that it was ingested with (CUS-11)."""
        if self.label is None:
            return self.keeping.facts
        label = FactAssertion(
            assertion_id=INGEST_LABEL,
            fact=LABELS,
            value=[self.label],
            since=ingested_on,
            at=self.ingested_at,
            by=self.ingested_by,
            basis="system",
            index=self.ingested_index,
        )
        return (label, *self.keeping.facts)

    def after(self, activity: Activity) -> "ObjectState":
        """The same object after more was done with it.

        Written out because it runs once per entry, and `attrs.evolve` takes five times as long.
        """
        return ObjectState(
            object_id=self.object_id,
            manifest_digest=self.manifest_digest,
            header=self.header,
            segment_count=self.segment_count,
            ciphertext_root=self.ciphertext_root,
            tags=self.tags,
            collected=self.collected,
            label=self.label,
            trigger=self.trigger,
            ingested_at=self.ingested_at,
            ingested_by=self.ingested_by,
            ingested_index=self.ingested_index,
            locked_until=self.locked_until,
            activity=activity,
            keeping=self.keeping,
            opaque=self.opaque,
        )
