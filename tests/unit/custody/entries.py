"""Builds entries for tests of custody: linked well enough to be folded."""

from collections.abc import Mapping

from bwcstore._encoding import Json
from bwcstore._values import STORE_SCOPE, ZERO_DIGEST, ActorId, Instant, ObjectId, ScopeId
from bwcstore.ledger._entry import Decided, Entry, ScopeLink, build_entry

NOW = Instant.parse("2026-03-01T10:00:00.000000Z")
CHIEF = ActorId("11111111-1111-4111-8111-111111111111")
CLERK = ActorId("22222222-2222-4222-8222-222222222222")
CLIP = ObjectId("01900000-0000-7000-8000-000000000001")
OTHER = ObjectId("01900000-0000-7000-8000-000000000002")
GRANT = "33333333-3333-4333-8333-333333333333"
CHIEF_TAG = "0" * 31 + "1"
CLERK_TAG = "0" * 31 + "2"

CREATED: Mapping[str, Json] = {
    "format": "1.0",
    "store": "44444444-4444-4444-8444-444444444444",
    "protocol": "numbered",
    "chunk_bytes": 1 << 20,
    "segment_chunks": 64,
    "origin": "example.org/log",
    "verifier_key": "example.org/log+00000000+AA",
    "signed_kinds": ["authorization.granted"],
    "storage": ["create-only"],
}
ENROLLED: Mapping[str, Json] = {
    "actor": CHIEF.text,
    "roles": ["responsible-authority"],
    "tag": CHIEF_TAG,
}
INGESTED: Mapping[str, Json] = {
    "manifest_sha256": "a" * 64,
    "header": "00" * 74,
    "segment_count": 2,
    "ciphertext_root": "b" * 64,
    "tags": {"source": ["c" * 32], "file": ["d" * 32]},
    "collected": [{"at": str(NOW), "basis": "ingest"}],
}
GRANTED: Mapping[str, Json] = {
    "authorization": GRANT,
    "actor": CLERK.text,
    "purposes": ["investigation"],
    "from": str(NOW),
    "until": str(NOW.plus_seconds(3600)),
}


def entry(
    kind: str,
    body: Mapping[str, Json],
    *,
    scope: ScopeId = STORE_SCOPE,
    seq: int = 0,
    index: int = 0,
    at: Instant = NOW,
) -> Entry:
    """One entry that claims its place; links are not what custody looks at."""
    return build_entry(
        index=index,
        after=ZERO_DIGEST,
        at=at,
        by=CHIEF,
        kind=kind,
        scope=ScopeLink(id=scope, seq=seq, prev=ZERO_DIGEST, prev_index=index),
        body=body,
        decided=Decided(at=at, store_seq=0, store_head=ZERO_DIGEST),
    )
