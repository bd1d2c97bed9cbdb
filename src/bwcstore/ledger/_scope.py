"""The heads of all scopes, and what the log asks of the state that it folds into."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, Self

from bwcstore import _merkle
from bwcstore._encoding import encode
from bwcstore._values import Digest, ScopeId
from bwcstore.ledger._entry import Entry, ScopeHead


class Folded(Protocol):
    """State that entries are folded into; the log knows nothing else of it.

    `fold` must not raise for an entry that the log has checked. A branch sees everything that
    its base has and keeps what is folded into it to itself until the base adopts it. A base
    must not change while a branch of it is in use.
    """

    def head(self, scope: ScopeId) -> ScopeHead | None:
        """The last entry of `scope`, None when it has none."""

    def heads(self) -> Iterable[tuple[ScopeId, ScopeHead]]:
        """Every scope with its last entry, in any order."""

    def fold(self, entry: Entry) -> None:
        """Take an entry into account."""

    def branch(self) -> Self:
        """A copy-on-write view."""

    def adopt(self, branch: Self) -> None:
        """Take over everything that was folded into `branch`, a branch of this state."""


class Heads:
    """The last entry of every scope: the least that a `Folded` state holds."""

    def __init__(self, base: "Heads | None" = None) -> None:
        self._base = base
        self._own: dict[str, ScopeHead] = {}

    def head(self, scope: ScopeId) -> ScopeHead | None:
        """See `Folded.head`."""
        found = self._own.get(scope.text)
        if found is None and self._base is not None:
            return self._base.head(scope)
        return found

    def heads(self) -> Iterator[tuple[ScopeId, ScopeHead]]:
        """See `Folded.heads`."""
        if self._base is not None:
            for scope, found in self._base.heads():
                if scope.text not in self._own:
                    yield scope, found
        for text, found in self._own.items():
            yield ScopeId(text), found

    def fold(self, entry: Entry) -> None:
        """See `Folded.fold`."""
        self._own[entry.scope.id.text] = entry.head

    def branch(self) -> "Heads":
        """See `Folded.branch`."""
        return Heads(self)

    def adopt(self, branch: "Heads") -> None:
        """See `Folded.adopt`."""
        self._own.update(branch._own)  # noqa: SLF001 - the same class


def heads_root(heads: Iterable[tuple[ScopeId, ScopeHead]]) -> tuple[int, Digest]:
    """How many scopes there are, and the commitment to their heads (spec: LED-42).

    The RFC 6962 root over `{"head":hex,"id":scope,"seq":n}` in canonical form, in ascending
    order of scope ids.

    Raises:
        InvalidInputError: never for values that the types allow.
    """
    rows: Mapping[str, ScopeHead] = {scope.text: head for scope, head in heads}
    found = _merkle.root(
        _merkle.leaf_hash(encode({"head": str(rows[text].hash), "id": text, "seq": rows[text].seq}))
        for text in sorted(rows)
    )
    return len(rows), Digest(found)
