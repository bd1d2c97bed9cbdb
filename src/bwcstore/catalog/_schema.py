"""The tables of a catalog and their columns.

Rules kept here (spec chapter `state`):

- the open tables hold what the leaves of the ledger say in the open, and nothing else (STA-8);
- a table of what objects have names the object by its row in the table `objects`, to which rows
  are only ever added at the end.
"""

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

from bwcstore.catalog._tables import ACCESSES, OBJECTS, ROW, TAGS

CODED: Final = pa.dictionary(pa.int32(), pa.string())
WORDS: Final = pa.list_(pa.string())
MOMENT: Final = pa.timestamp("us", tz="UTC")
HASH: Final = pa.binary(32)

_OBJECTS: Final = {
    "object": pa.string(),
    "entry": pa.int64(),
    "status": CODED,
    "ingested_at": MOMENT,
    "ingested_by": CODED,
    "collected_at": MOMENT,
    "collected": pa.list_(pa.struct([("at", MOMENT), ("basis", pa.string())])),
    "label": CODED,
    "labels": WORDS,
    "labels_ever": WORDS,
    "trigger": CODED,
    **dict.fromkeys(TAGS, WORDS),
    "segments": pa.int32(),
    "accesses": pa.int32(),
    "refusals": pa.int32(),
    "bytes_released": pa.int64(),
    "last_accessed_at": MOMENT,
    "releases": pa.int32(),
    "derived_from": pa.string(),
    "changed_at": MOMENT,
    "plan": CODED,
    "certificate": pa.int64(),
    "opaque": pa.bool_(),
    "seq": pa.int64(),
    "head": HASH,
    "head_entry": pa.int64(),
}
_FACTS: Final = {
    ROW: pa.int32(),
    "assertion": pa.string(),
    "fact": CODED,
    "value": CODED,
    "since": pa.date32(),
    "at": MOMENT,
    "by": CODED,
    "basis": CODED,
    "supersedes": pa.string(),
    "entry": pa.int64(),
    "replaced_at": MOMENT,
    "taken_back_at": MOMENT,
}
_HOLDS: Final = {
    "hold": pa.string(),
    "kind": CODED,
    "authority": CODED,
    "query": pa.string(),
    "objects_count": pa.int32(),
    "placed_at": MOMENT,
    "placed_by": CODED,
    "review_on": pa.date32(),
    "proposed_by": pa.string(),
    "released_at": MOMENT,
    "entry": pa.int64(),
}
_REQUESTS: Final = {
    "request": pa.string(),
    "kind": CODED,
    "requester": CODED,
    "received": pa.date32(),
    "received_at": MOMENT,
    "received_by": CODED,
    "outcome": CODED,
    "objects_count": pa.int32(),
    "opaque": pa.bool_(),
}
_REQUEST_OBJECTS: Final = {
    ROW: pa.int32(),
    "request": pa.string(),
    "kind": CODED,
    "received": pa.date32(),
    "days": pa.int32(),
    "outcome": CODED,
    "answered_on": pa.date32(),
    "rule": CODED,
}
_RELEASES: Final = {
    ROW: pa.int32(),
    "release": pa.string(),
    "right": CODED,
    "recipient": CODED,
    "mode": CODED,
    "rule": CODED,
    "request": pa.string(),
    "acknowledged": pa.bool_(),
    "at": MOMENT,
    "entry": pa.int64(),
}
_ACCESSES: Final = {
    ROW: pa.int32(),
    "entry": pa.int64(),
    "seq": pa.int64(),
    "at": MOMENT,
    "by": CODED,
    "mode": CODED,
    "purpose": CODED,
    "authorization": pa.string(),
    "ended_at": MOMENT,
    "outcome": CODED,
    "bytes_released": pa.int64(),
}
_AUTHORIZATIONS: Final = {
    "authorization": pa.string(),
    "actor": pa.string(),
    "object": pa.string(),
    "purposes": WORDS,
    "from": MOMENT,
    "until": MOMENT,
    "revoked": pa.bool_(),
}
_ACTORS: Final = {
    "actor": pa.string(),
    "roles": WORDS,
    "signs": pa.bool_(),
    "revoked": pa.bool_(),
}
_ACTS: Final = {
    "act": pa.string(),
    "kind": CODED,
    "outcome": CODED,
    "approvals": pa.int32(),
    "seq": pa.int64(),
    "head": HASH,
    "head_entry": pa.int64(),
}
_PRIVATE: Final = {
    "object": pa.string(),
    "case": WORDS,
    "device": WORDS,
    "officer": WORDS,
    "title": pa.string(),
    "source_scope": pa.string(),
    "source_id": pa.string(),
    "plaintext_sha256": pa.string(),
    "length_bytes": pa.int64(),
    "tags_count": pa.int32(),
}


def _schema(columns: Mapping[str, Any]) -> Any:
    return pa.schema(list(columns.items()))


SCHEMAS: Final[Mapping[str, Any]] = {
    OBJECTS: _schema(_OBJECTS),
    "facts": _schema(_FACTS),
    "holds": _schema(_HOLDS),
    "hold_objects": _schema({ROW: pa.int32(), "hold": pa.string()}),
    "requests": _schema(_REQUESTS),
    "request_objects": _schema(_REQUEST_OBJECTS),
    "releases": _schema(_RELEASES),
    "authorizations": _schema(_AUTHORIZATIONS),
    ACCESSES: _schema(_ACCESSES),
    "actors": _schema(_ACTORS),
    "acts": _schema(_ACTS),
}
PRIVATE: Final = _schema(_PRIVATE)


def whole(column: Any) -> Any:
    """A column in one piece."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    # Combining one chunk would copy it.
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
