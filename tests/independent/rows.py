"""The row of every scope, and the root over them (AUD-35, and the chapter on state rows)."""

from canonical import Json, encode
from custody import Leaf
from merkle import leaf_hash, root
from state import State

Heads = dict[str, tuple[str, int, int]]
"""The last entry of each scope: its hash, its number there, its index."""


def state_root(state: State, heads: Heads) -> tuple[int, str]:
    """How many rows there are, and the root over them."""
    rows = [
        encode({"head": head, "id": scope, "seq": seq, **_more(state, scope)})
        for scope, (head, seq, _) in sorted(heads.items())
    ]
    return len(rows), root([leaf_hash(row) for row in rows]).hex()


def _more(state: State, scope: str) -> dict[str, Json]:
    """What the row of a scope says beside its head."""
    word, _, identifier = scope.partition("/")
    if word == "store":
        return {"holds": sorted(n for n, hold in state.holds.items() if hold.released is None)}
    if word == "object":
        return _object(state, identifier) if identifier in state.ingested else {}
    request, plan = state.requests.get(identifier), state.plans.get(identifier)
    if request is not None:
        return {"approvals": 0, "kind": "request", "outcome": request["closed"]}
    if plan is not None:
        outcome = "withdrawn" if plan.withdrawn else None
        return {"approvals": len(plan.approvals), "kind": "plan", "outcome": outcome}
    return {"approvals": 0, "kind": "other", "outcome": None}


def _object(state: State, identifier: str) -> Leaf:
    """What the row of an object says."""
    leaf, said = state.ingested[identifier], state.said_of(identifier)
    tags = {kind: set(found) for kind, found in leaf["body"]["tags"].items()}
    for kind, found in said.tags.items():
        tags.setdefault(kind, set()).update(found)
    names = ("assertion", "fact", "since")
    return {
        "accesses": said.accesses,
        "claims": [*leaf["body"]["collected"], *said.claims],
        "derived_from": said.parent,
        "facts": [
            {
                **{name: one["body"][name] for name in names},
                "supersedes": one["body"].get("supersedes"),
                "value": one["body"].get("value"),
            }
            for one in said.facts
        ],
        "holds": sorted(said.holds),
        "ingested_at": leaf["at"],
        "label": leaf["body"].get("label"),
        "releases": said.releases,
        "requests": [
            {"outcome": said.requests[name]["outcome"], "request": name}
            for name in sorted(said.requests)
        ],
        "status": said.status,
        "tags": {kind: sorted(found) for kind, found in tags.items()},
    }
