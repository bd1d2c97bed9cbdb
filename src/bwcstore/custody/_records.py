"""What is known of a store, its actors and its objects: the values that entries fold to.

They hold open facts alone (LED-1); how they change is the business of `bwcstore.custody._state`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from bwcstore._values import ActorId, Digest, Instant, ObjectId, Tag

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
class StoreState:
    """What the `store` scope implies."""

    parameters: Parameters | None = None
    actors: Mapping[ActorId, Actor] = MappingProxyType({})
    authorizations: Mapping[str, Authorization] = MappingProxyType({})
    discarded: frozenset[ObjectId] = frozenset()
    opaque: bool = False

    def actor_tagged(self, tag: Tag) -> Actor | None:
        """The actor whose login name has the tag."""
        return next((actor for actor in self.actors.values() if actor.tag == tag), None)


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
    activity: Activity = Activity()
    opaque: bool = False

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
            activity=activity,
            opaque=self.opaque,
        )
