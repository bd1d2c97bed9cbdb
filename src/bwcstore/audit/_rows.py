"""The row of every scope, and the root over the rows (spec: AUD-35, STA-1 to STA-6).

Made a second time, apart from the catalog: where the two differ, one of them is wrong.
"""

from collections.abc import Mapping
from typing import Final, Self, cast

import attrs

from bwcstore import _merkle
from bwcstore._encoding import Json, encode
from bwcstore.audit._findings import Findings
from bwcstore.audit._records import Ingested
from bwcstore.audit._state import Fold, Head
from bwcstore.errors import ErrorKind
from bwcstore.ledger._entry import Entry

CLAUSE_ROWS: Final = "AUD-35"
COMMITTED: Final = "state.committed"


@attrs.frozen(kw_only=True)
class Commitment:
    """A `state.committed` entry.

    Attributes:
        index: of the entry.
        where: the batch.
        size: how many entries the state is made of.
        stated: how many rows there are and the root over them, as the entry has it.
    """

    index: int
    where: str
    size: int
    stated: tuple[int, str]

    @classmethod
    def of(cls, entry: Entry, *, index: int, where: str) -> Self:
        """What an entry commits to."""
        body = cast("dict[str, int]", entry.body)
        root = cast("str", entry.body["root"])
        return cls(index=index, where=where, size=body["size"], stated=(body["rows"], root))

    def compare(self, found: tuple[int, str] | None, findings: Findings) -> None:
        """Report it unless it is what was found; None stands for a state that never was."""
        if found != self.stated:
            findings.add(
                ErrorKind.STATE_ROOT,
                CLAUSE_ROWS,
                where=self.where,
                entry=self.index,
                expected=f"{found[0]} rows, {found[1]}" if found else "no more entries than before",
                got=f"{self.stated[0]} rows, {self.stated[1]} of {self.size} entries",
                message=f"entry {self.index}: commits to another state than the entries give",
            )


class Rows:
    """Rows of a fold, each computed anew only where its scope has changed."""

    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self._hashes: dict[str, bytes] = {}
        self._changed: set[str] = set()

    def touch(self, scope: str) -> None:
        """Note that a scope has one more entry."""
        self._changed.add(scope)

    def root(self, heads: Mapping[str, Head]) -> tuple[int, str]:
        """How many rows there are, and the root over them in hex."""
        # Holds are released in scope `store`, and only the store's row tells.
        for scope in self._changed:
            self._hashes[scope] = _merkle.leaf_hash(encode(self._row(scope, heads[scope])))
        self._changed.clear()
        ordered = (self._hashes[scope] for scope in sorted(self._hashes))
        return len(self._hashes), _merkle.root(ordered).hex()

    def _row(self, scope: str, head: Head) -> dict[str, Json]:
        row: dict[str, Json] = {"head": head.hash.hex(), "id": scope, "seq": head.seq}
        word, _, name = scope.partition("/")
        if word == "store":
            holds = self._fold.custody.holds
            row["holds"] = [*sorted(one for one in holds if holds[one].released_at is None)]
        elif word == "act":
            row |= self._act(name)
        elif (facts := self._fold.objects.get(name)) is not None:
            row |= _object(facts)
        return row

    def _act(self, name: str) -> dict[str, Json]:
        request = self._fold.custody.requests.get(name)
        plan = self._fold.purging.plans.get(name)
        if request is not None:
            return {"approvals": 0, "kind": "request", "outcome": request.outcome}
        if plan is not None:
            outcome = "withdrawn" if plan.withdrawn else None
            return {"approvals": len(plan.approvals), "kind": "plan", "outcome": outcome}
        return {"approvals": 0, "kind": "other", "outcome": None}


def _object(facts: Ingested) -> dict[str, Json]:
    kept = facts.keeping
    said: list[Json] = [
        {
            "assertion": one.id,
            "fact": one.fact,
            "since": one.since,
            "supersedes": one.supersedes,
            "value": one.value,
        }
        for one in kept.facts
    ]
    return {
        "accesses": facts.accesses,
        "claims": [{"at": at, "basis": basis} for at, basis in facts.claims],
        "derived_from": kept.derived_from,
        "facts": said,
        "holds": [*sorted(kept.holds)],
        "ingested_at": str(facts.at),
        "label": facts.label,
        "releases": kept.releases,
        "requests": [
            {"outcome": bound.outcome, "request": name}
            for name, bound in sorted(kept.requests.items())
        ],
        "status": facts.status,
        "tags": cast("Json", {kind: sorted(tags) for kind, tags in facts.all_tags().items()}),
    }
