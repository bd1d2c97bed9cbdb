"""What a decision asks to have written, and what became of it.

A decider is a pure function of state and time. It returns drafts and names the conflict keys it
read and wrote, so that a lost race can be settled without asking it again where nothing that it
read has changed (spec: LED-30 to LED-33).
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import attrs

from bwcstore._encoding import Json
from bwcstore._ports import Signer
from bwcstore._values import ActorId, Digest, Instant, ScopeId
from bwcstore.ledger._entry import Entry

S = TypeVar("S")

STORE_KEY: Final = "store"


@attrs.frozen(kw_only=True)
class Draft:
    """An entry before it has a place in the ledger.

    Attributes:
        scope: the chain it joins.
        kind: what happened; one of `bwcstore.ledger._kinds.KINDS`.
        by: who acted.
        body: the open fields.
        private: the fields to seal; None or empty when there are none.
        record_key_id: which record key seals them.
        signer: the actor's key, where the act is to be signed; else it is asserted.
        decided_at: what the judgement took as now; the log's now when None.
    """

    scope: ScopeId
    kind: str
    by: ActorId
    body: Mapping[str, Json]
    private: Mapping[str, Json] | None = attrs.field(default=None, repr=False)
    record_key_id: str | None = None
    signer: Signer | None = attrs.field(default=None, repr=False, eq=False)
    decided_at: Instant | None = None


@attrs.frozen(kw_only=True)
class Decision:
    """What a decider returns.

    Attributes:
        drafts: the entries to write, in order; may be none, where all is as it should be.
        reads: conflict keys that the decision depends on. `store` and the scopes of the drafts
            are always added.
        writes: conflict keys that it changes beyond those of its entries (`writes_of`).
        outcome: handed back to the caller unchanged; must not depend on index or time of entry.
    """

    drafts: tuple[Draft, ...] = ()
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    outcome: object = None


Decide = Callable[[S, Instant], Decision]
"""`decide(state, now)`: pure; may raise any `BwcStoreError` to refuse."""


@attrs.frozen(kw_only=True)
class Committed:
    """What became of a decision: its entries are durable.

    Attributes:
        entries: the entries as written; empty when there was nothing to write.
        generation: the generation they are in.
        batch: the number of their batch; the last batch known when there are no entries.
        batch_digest: the digest of that batch.
        outcome: what the decision said.
    """

    entries: tuple[Entry, ...]
    generation: int
    batch: int
    batch_digest: Digest
    outcome: object = None


def writes_of(entry: Entry) -> frozenset[str]:
    """The conflict keys that an entry writes: its scope, the sources it claims, and the request
    that it binds (LED-31).
    """
    return _written(entry.scope.id, entry.kind, entry.body)


def _written(scope: ScopeId, kind: str, body: Mapping[str, Json]) -> frozenset[str]:
    if kind == "request.bound":
        # Whoever closes a request must see every recording that it is about.
        return frozenset((scope.text, f"act/{body['request']}"))
    tags = body.get("tags") if kind == "object.ingested" else None
    sources = tags.get("source") if isinstance(tags, dict) else None
    if isinstance(sources, list):
        return frozenset((scope.text, *(f"source/{tag}" for tag in sources)))
    return frozenset((scope.text,))


def reads_of_decision(decision: Decision) -> frozenset[str]:
    """Everything a decision reads: what it names, `store`, and the scopes of its drafts."""
    return decision.reads.union((STORE_KEY,), (draft.scope.text for draft in decision.drafts))


def writes_of_decision(decision: Decision) -> frozenset[str]:
    """Everything a decision writes: what it names, and what its entries will."""
    return decision.writes.union(
        *(_written(draft.scope, draft.kind, draft.body) for draft in decision.drafts)
    )
