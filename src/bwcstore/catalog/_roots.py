"""The root over the state rows, made from the tables of a catalog (STA-11).

What the ledger commits to is made from state; where the tables give another root, they are wrong.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from bwcstore import _merkle
from bwcstore._encoding import Json, encode
from bwcstore._values import Digest, Instant
from bwcstore.catalog._tables import OBJECTS, ROW, TAGS, Tables

_BATCH_ROWS: Final = 16_384
_FACT: Final = ("assertion", "fact", "since", "supersedes", "value")


def root(tables: Tables) -> tuple[int, Digest]:
    """How many rows there are, and the RFC 6962 root over them (STA-1 to STA-4)."""
    leaves = {str(row["id"]): _merkle.leaf_hash(encode(row)) for row in _rows(tables)}
    return len(leaves), Digest(_merkle.root(leaves[name] for name in sorted(leaves)))


def _rows(tables: Tables) -> Iterator[dict[str, Json]]:
    if not tables.position.size:
        return
    holds = tables.stored["holds"].select(["hold", "released_at"]).to_pylist()
    standing: list[Json] = [*sorted(one["hold"] for one in holds if one["released_at"] is None)]
    yield {
        "head": str(tables.store.head),
        "holds": standing,
        "id": "store",
        "seq": tables.store.seq,
    }
    for act in tables.stored["acts"].to_pylist():
        yield {
            "approvals": act["approvals"],
            "head": act["head"].hex(),
            "id": f"act/{act['act']}",
            "kind": act["kind"],
            "outcome": act["outcome"],
            "seq": act["seq"],
        }
    yield from _objects(tables)


def _objects(tables: Tables) -> Iterator[dict[str, Json]]:
    facts = _Following(tables.stored["facts"].select([ROW, *_FACT]))
    holds = _Following(tables.stored["hold_objects"])
    requests = _Following(tables.stored["request_objects"].select([ROW, "request", "outcome"]))
    wanted = (
        "object", "head", "seq", "accesses", "collected", "derived_from", "ingested_at", "label",
        "releases", "status", *TAGS,
    )  # fmt: skip
    number = 0
    for batch in tables.stored[OBJECTS].select(list(wanted)).to_batches(max_chunksize=_BATCH_ROWS):
        moments = batch.column("ingested_at").cast("int64").to_pylist()
        for line, ingested_at in zip(batch.to_pylist(), moments, strict=True):
            asked = {one["request"]: one["outcome"] for one in requests.of(number)}
            yield {
                **_own(line, ingested_at),
                "facts": [_fact(one) for one in facts.of(number)],
                "holds": [*sorted(one["hold"] for one in holds.of(number))],
                "requests": [{"outcome": asked[name], "request": name} for name in sorted(asked)],
            }
            number += 1


def _own(line: Mapping[str, Any], ingested_at: int) -> dict[str, Json]:
    return {
        "accesses": line["accesses"],
        "claims": [
            {"at": str(Instant.from_datetime(claim["at"])), "basis": claim["basis"]}
            for claim in line["collected"]
        ],
        "derived_from": line["derived_from"],
        "head": line["head"].hex(),
        "id": f"object/{line['object']}",
        "ingested_at": str(Instant(ingested_at)),
        "label": line["label"],
        "releases": line["releases"],
        "seq": line["seq"],
        "status": line["status"],
        "tags": {kind: sorted(line[kind]) for kind in TAGS if line[kind]},
    }


def _fact(one: Mapping[str, Any]) -> dict[str, Json]:
    return {
        "assertion": one["assertion"],
        "fact": one["fact"],
        "since": one["since"].isoformat(),
        "supersedes": one["supersedes"],
        "value": None if one["value"] is None else json.loads(one["value"]),
    }


class _Following:
    """The lines of a table in order of rows, handed out row by row."""

    def __init__(self, found: Any) -> None:
        self._lines = (
            line
            for batch in found.to_batches(max_chunksize=_BATCH_ROWS)
            for line in batch.to_pylist()
        )
        self._next = next(self._lines, None)

    def of(self, row: int) -> list[dict[str, Any]]:
        """The lines of a row; rows before it are passed over."""
        found = []
        while self._next is not None and self._next[ROW] <= row:
            if self._next[ROW] == row:
                found.append(self._next)
            self._next = next(self._lines, None)
        return found
