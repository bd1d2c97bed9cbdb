"""The row of every scope, and the root over the rows, which the ledger commits to (STA-1 to 4).

Rule kept here: a row is made of open fields alone, so that anybody who has the ledger can make it.
"""

from typing import cast

from bwcstore import _merkle
from bwcstore._encoding import Json, encode
from bwcstore._values import ActId, Digest, ScopeId
from bwcstore.custody._act_records import PlanState, RequestState
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._records import StoreState
from bwcstore.custody._state import State
from bwcstore.ledger._entry import ScopeHead


def state_root(state: State) -> tuple[int, Digest]:
    """How many rows a state has, and the RFC 6962 root over them in order of scope ids."""
    leaves = {
        scope.text: _merkle.leaf_hash(encode(row_of(state, scope, head)))
        for scope, head in state.heads()
    }
    root = _merkle.root(leaves[text] for text in sorted(leaves))
    return len(leaves), Digest(root)


def row_of(state: State, scope: ScopeId, head: ScopeHead) -> dict[str, Json]:
    """The row of one scope (STA-2)."""
    row: dict[str, Json] = {"head": str(head.hash), "id": scope.text, "seq": head.seq}
    if scope.text == "store":
        return row | _store(state.store)
    if (object_id := scope.object_id) is not None:
        found = state.object(object_id)
        return row if found is None else row | _object(found)
    return row | _act(state, ActId(scope.text[4:]))


def _store(store: StoreState) -> dict[str, Json]:
    standing = [name for name, hold in store.holds.items() if hold.released_at is None]
    return {"holds": [*sorted(standing)]}


def _act(state: State, act: ActId) -> dict[str, Json]:
    found = state.act(act)
    if isinstance(found, RequestState):
        return {"approvals": 0, "kind": "request", "outcome": found.outcome}
    if isinstance(found, PlanState):
        outcome = "withdrawn" if found.withdrawn else None
        return {"approvals": len(found.approvals), "kind": "plan", "outcome": outcome}
    return {"approvals": 0, "kind": "other", "outcome": None}


def _object(found: ObjectState) -> dict[str, Json]:
    kept = found.keeping
    facts: list[Json] = [
        {
            "assertion": one.assertion_id,
            "fact": one.fact,
            "since": one.since.isoformat(),
            "supersedes": one.supersedes,
            "value": one.value,
        }
        for one in kept.facts
    ]
    requests = {str(one.request): one.outcome for one in kept.requests.values()}
    return {
        "accesses": found.activity.access_count,
        "claims": [{"at": str(claim.at), "basis": claim.basis} for claim in found.collected],
        "derived_from": str(kept.derived.parent) if kept.derived else None,
        "facts": facts,
        "holds": [*sorted(kept.holds)],
        "ingested_at": str(found.ingested_at),
        "label": found.label,
        "releases": len(kept.releases),
        "requests": [{"outcome": requests[name], "request": name} for name in sorted(requests)],
        "status": found.status,
        "tags": cast(
            "Json", {kind: sorted(str(tag) for tag in tags) for kind, tags in found.tags.items()}
        ),
    }
