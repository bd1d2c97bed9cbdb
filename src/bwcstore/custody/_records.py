"""What is known of a store, its actors and its objects: the values that entries fold to.

They hold open facts alone (LED-1); how they change is the business of `bwcstore.custody._state`.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

import attrs

from bwcstore._encoding import Json
from bwcstore._values import ActorId, Digest, Instant, Locking, ObjectId, Tag
from bwcstore.custody._assertion import FactAssertion

NOBODY: Final = ActorId("00000000-0000-0000-0000-000000000000")


@attrs.frozen(kw_only=True)
class Parameters:
    """What a store was created with, for ever (the body of `store.created`)."""

    format: str
    store: str
    protocol: str
    chunk_bytes: int
    segment_chunks: int
    origin: str
    verifier_key: str
    signed_kinds: frozenset[str]
    locking: Locking | None = None


@attrs.frozen(kw_only=True)
class Actor:
    """Somebody who may act. `public_key` is 32 bytes, or None when acts are only asserted."""

    actor_id: ActorId
    roles: frozenset[str]
    tag: Tag
    public_key: bytes | None = None
    revoked: bool = False


@attrs.frozen(kw_only=True)
class Authorization:
    """A written authorization to access, in force from `start` until `end` (excluded)."""

    authorization_id: str
    actor_id: ActorId
    object_id: ObjectId | None
    purposes: frozenset[str]
    start: Instant
    end: Instant | None
    revoked: bool = False

    def admits(self, actor_id: ActorId, *, object_id: ObjectId, purpose: str, now: Instant) -> bool:
        """Whether it admits the actor to the object for the purpose at `now`."""
        return (
            not self.revoked
            and self.actor_id == actor_id
            and self.object_id in (None, object_id)
            and purpose in self.purposes
            and self.start <= now
            and (self.end is None or now < self.end)
        )


@attrs.frozen(kw_only=True)
class LawAdopted:
    """The law that a store is kept under: pack and agency file, by digest and by annex."""

    pack: str
    pack_sha256: Digest
    pack_annex: Digest
    agency: str
    agency_sha256: Digest
    agency_annex: Digest
    zone: str
    index: int


@attrs.frozen(kw_only=True)
class Policy:
    """The agency's own rules; they only narrow (the body of `policy.set`, CUS-5).

    Attributes:
        approvals: how many approvals a purge plan needs, at least 1.
        large_objects: a plan of more recordings needs one approval more.
        brake_multiple: the brake is pulled by a plan of more than so many times the usual volume.
        brake_objects: a plan of no more recordings than this never pulls it by volume.
        brake_days: a change of labels, facts or clocks within so many days pulls it too.
        waiting_hours: how long a plan with the brake pulled waits after it was proposed.
        plan_days: how long after it was proposed a plan may be run.
        clock_hours: a step of the clock between two entries that is greater must be confirmed.
        dual_release: kinds of hold that two actors must release.
        narrowed: roles that alone may bring about a kind of entry.
    """

    approvals: int = 1
    large_objects: int = 100
    brake_multiple: int = 3
    brake_objects: int = 25
    brake_days: int = 14
    waiting_hours: int = 24
    plan_days: int = 30
    clock_hours: int = 744
    dual_release: frozenset[str] = frozenset({"litigation"})
    narrowed: Mapping[str, frozenset[str]] = MappingProxyType({})


@attrs.frozen(kw_only=True)
class HoldPlaced:
    """A hold, as it was placed and what became of it.

    Attributes:
        hold_id: its id.
        kind: its kind, as the pack names it.
        authority: who ordered it.
        query: what it selects now and later, in the form of HLD-2; None where it only binds.
        objects_count: how many recordings it binds.
        placed_at: when.
        placed_by: by whom.
        index: the entry.
        review_on: by when it should be looked at again.
        proposed_by: who has proposed its release, where two must release it.
        released_at: when it was released; None while it holds.
    """

    hold_id: str
    kind: str
    authority: str
    query: Mapping[str, Json] | None
    objects_count: int
    placed_at: Instant
    placed_by: ActorId
    index: int
    review_on: date | None = None
    proposed_by: ActorId | None = None
    released_at: Instant | None = None


@attrs.frozen(kw_only=True)
class Attested:
    """What was attested when a key epoch ended (the body of `erasure.attested`)."""

    epoch: int
    root: str
    backups: Mapping[str, str]
    index: int


@attrs.frozen(kw_only=True)
class EpochEnded:
    """A key epoch that was destroyed, and in which replicas."""

    epoch: int
    opened: int
    replicas: tuple[str, ...]
    index: int
    at: Instant


@attrs.frozen(kw_only=True)
class Probed:
    """The last trial of one of the store's places (the body of `storage.probed`).

    Attributes:
        verdict: `proven`, `unproven` or `not-applicable`.
        protocol: `numbered`, `claimed` or `none`.
        at: when it was made.
        unheld: the checks that were `failed` or `refused`, by their codes.
    """

    verdict: str
    protocol: str
    at: Instant
    unheld: Mapping[str, str] = MappingProxyType({})


@attrs.frozen(kw_only=True)
class LocksSynced:
    """How far locks and legal holds of the storage agree with the ledger (`locks.synced`).

    Attributes:
        through: how many entries were taken into account.
        records_until: until when every record is locked; None before records were extended.
        at: when it was said.
    """

    through: int
    records_until: Instant | None
    at: Instant


@attrs.frozen(kw_only=True)
class StoreState:
    """What the `store` scope implies; `rules_at` is when law or policy were last changed."""

    parameters: Parameters | None = None
    actors: Mapping[ActorId, Actor] = MappingProxyType({})
    authorizations: Mapping[str, Authorization] = MappingProxyType({})
    discarded: frozenset[ObjectId] = frozenset()
    opaque: bool = False
    law: LawAdopted | None = None
    policy: Policy = Policy()
    rules_at: Instant | None = None
    holds: Mapping[str, HoldPlaced] = MappingProxyType({})
    facts: tuple[FactAssertion, ...] = ()
    confirmed: Mapping[int, frozenset[ActorId]] = MappingProxyType({})
    committed_size: int = 0
    backups: Mapping[str, str] = MappingProxyType({})
    epochs: tuple[EpochEnded, ...] = ()
    attested: Mapping[int, Attested] = MappingProxyType({})
    probed: Mapping[str, Probed] = MappingProxyType({})
    synced: LocksSynced | None = None

    def actor_tagged(self, tag: Tag) -> Actor | None:
        """The actor whose login name has the tag."""
        return next((actor for actor in self.actors.values() if actor.tag == tag), None)
