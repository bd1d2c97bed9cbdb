"""Entries one by one: form, place, time, scope chain, signature, payload, and what they imply.

Rules kept here (spec: AUD-7 to AUD-14):

- every entry is checked, also behind a broken one;
- what is explained by entries that are missing is not reported again for each that follows.
"""

from bisect import bisect_right
from typing import Final, Protocol

from bwcstore._values import STORE_SCOPE, Instant, StoreId
from bwcstore.audit._findings import Findings, Severity
from bwcstore.audit._records import CLAUSE_FRAME, Problem
from bwcstore.audit._rows import COMMITTED, Commitment, Rows
from bwcstore.audit._state import Fold, Head, heads_root
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.ledger._auth import verify_auth
from bwcstore.ledger._entry import Entry, decode_entry
from bwcstore.ledger._payload import check_payload_digest, decode_payload_line

CLAUSE_LEAF: Final = "AUD-7"
CLAUSE_CHAIN: Final = "AUD-8"
CLAUSE_SCOPE: Final = "AUD-9"
CLAUSE_SIGNATURE: Final = "AUD-10"
CLAUSE_PAYLOAD: Final = "AUD-11"
_NOTES: Final = frozenset({ErrorKind.STORE_OPAQUE, ErrorKind.SCOPE_OPAQUE})
_NO_HEAD: Final = Head(0, bytes(32), -1)
_OPENED: Final = "generation.opened"
_CLOSED: Final = "generation.closed"


class PayloadCheck(Protocol):
    """What an audit with keys does with a payload whose digest fits."""

    def check_payload(self, entry: Entry, raw: bytes, *, store: StoreId, where: str) -> None:
        """Open it and compare it with the commitment."""


class Gaps:
    """Runs of indices whose entries cannot be read."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    def __bool__(self) -> bool:
        return bool(self._firsts)

    def add(self, first: int, last: int) -> None:
        """Note that the entries `first` to `last` are lost; runs come in ascending order."""
        self._firsts.append(first)
        self._lasts.append(last)

    def __contains__(self, index: int) -> bool:
        at = bisect_right(self._firsts, index) - 1
        return at >= 0 and index <= self._lasts[at]


class EntryAudit:
    """Checks entries in order.

    Attributes:
        fold: what they imply.
        count: how many were read.
        gaps: which could not be.
        owed: commitments to a state before the entry before them, not yet compared.
    """

    def __init__(self, findings: Findings, payloads: PayloadCheck | None) -> None:
        self.fold = Fold()
        self.count = 0
        self.gaps = Gaps()
        self.owed: list[Commitment] = []
        self.payload_count = 0
        self._findings = findings
        self._payloads = payloads
        self._heads: dict[str, Head] = {}
        self._rows = Rows(self.fold)
        self._missed: set[tuple[ErrorKind, str, str]] = set()
        self._disputes: set[tuple[int, int, bytes]] = set()
        self._at: Instant | None = None
        self._closing: tuple[object, object] | None = None

    def check(
        self, leaf: bytes, *, hash_: bytes, index: int, store: StoreId | None, where: str
    ) -> Entry | None:
        """Check one leaf line; None if it is no entry at all."""
        try:
            entry = decode_entry(leaf, what=f"{where} entry {index}")
        except BwcStoreError as exc:
            self._findings.add_error(exc, CLAUSE_LEAF, where=where, entry=index)
            self.gaps.add(index, index)
            return None
        self.count += 1
        if entry.index != index:
            self._findings.add(
                ErrorKind.INDEX_BROKEN,
                CLAUSE_CHAIN,
                where=where,
                entry=index,
                object_id=_object_of(entry),
                expected=index,
                got=entry.index,
                message=f"entry {index} ({entry.kind}): names another index",
            )
        if self._at is not None and entry.at.microseconds < self._at.microseconds:
            self._findings.add(
                ErrorKind.TIME_ORDER,
                CLAUSE_CHAIN,
                where=where,
                entry=index,
                expected=f"not before {self._at}",
                got=entry.at,
                message=f"entry {index}: its time is before that of the entry before",
            )
        self._at = entry.at
        self._check_scope(entry, index, where)
        self._check_auth(entry, index, store, where)
        self._check_heads(entry, index, where)
        self._check_rows(entry, index, where)
        for problem in self.fold.fold(entry, where=where, whole=not self.gaps):
            self._report(problem, entry, index, where)
        self._heads[entry.scope.id.text] = Head(entry.scope.seq, hash_, index)
        self._rows.touch(entry.scope.id.text)
        return entry

    def _report(self, problem: Problem, entry: Entry, index: int, where: str) -> None:
        severity, why = Severity.ERROR, problem.why
        if problem.code in _NOTES:
            severity = Severity.NOTE
        elif self.gaps:
            severity, why = Severity.WARNING, f"{why} (entries before it are missing)"
        if severity is Severity.WARNING or problem.code is ErrorKind.ACTOR_UNKNOWN:
            # One lost or changed enrolment is missed by every entry after it.
            kind = entry.kind if severity is Severity.WARNING else ""
            if (problem.code, entry.by.text, kind) in self._missed:
                return
            self._missed.add((problem.code, entry.by.text, kind))
        self._findings.add(
            problem.code,
            problem.clause,
            severity=severity,
            where=where,
            entry=index,
            object_id=_object_of(entry),
            message=f"entry {index} ({entry.kind}, {entry.scope.id}): {why}",
        )

    def _check_scope(self, entry: Entry, index: int, where: str) -> None:
        link = entry.scope
        head = self._heads.get(link.id.text)
        if head is None:
            fits = link.seq == 0
        else:
            fits = (
                link.seq == head.seq + 1
                and link.prev.raw == head.hash
                and link.prev_index == head.index
            )
        if not fits and link.prev_index not in self.gaps:
            self._findings.add(
                ErrorKind.SCOPE_BROKEN,
                CLAUSE_SCOPE,
                where=where,
                entry=index,
                object_id=_object_of(entry),
                expected=_show(head),
                got=f"seq {link.seq} after entry {link.prev_index} ({link.prev})",
                message=f"entry {index}: does not continue the chain of {link.id}",
            )
        self._check_decided(entry, index, where)

    def _check_decided(self, entry: Entry, index: int, where: str) -> None:
        known = self._heads.get(STORE_SCOPE.text, _NO_HEAD)
        decided = entry.decided
        if (decided.store_seq, decided.store_head.raw) == (known.seq, known.hash) or self.gaps:
            return
        # One changed entry is disputed by every entry after it; the first says it for all.
        dispute = (known.index, decided.store_seq, decided.store_head.raw)
        if dispute in self._disputes:
            return
        self._disputes.add(dispute)
        self._findings.add(
            ErrorKind.SCOPE_BROKEN,
            CLAUSE_SCOPE,
            where=where,
            entry=index,
            object_id=_object_of(entry),
            expected=f"store entry {known.seq} ({known.hash.hex()})",
            got=f"store entry {decided.store_seq} ({decided.store_head})",
            message=f"entry {index}: was not decided on the store as it stood",
        )

    def _check_auth(self, entry: Entry, index: int, store: StoreId | None, where: str) -> None:
        if entry.auth.key is None:
            if self.fold.must_sign(entry.kind):
                self._findings.add(
                    ErrorKind.SIGNATURE_REQUIRED,
                    CLAUSE_SIGNATURE,
                    where=where,
                    entry=index,
                    object_id=_object_of(entry),
                    message=f"entry {index} ({entry.kind}): the store's policy asks for a "
                    "signature, and there is none",
                )
            return
        if store is not None:
            try:
                verify_auth(entry, store=store)
            except BwcStoreError as exc:
                self._findings.add_error(exc, CLAUSE_SIGNATURE, where=where, entry=index)
        actor = self.fold.actors.get(entry.by.text)
        if (actor is None and not self.fold.actors) or entry.kind == "store.created":
            return
        enrolled = actor.public_key if actor else None
        if enrolled != entry.auth.key.hex():
            self._findings.add(
                ErrorKind.KEY_UNKNOWN,
                CLAUSE_SIGNATURE,
                severity=Severity.WARNING if self.gaps else Severity.ERROR,
                where=where,
                entry=index,
                expected=enrolled or "no key is enrolled",
                got=entry.auth.key.hex(),
                message=f"entry {index}: signed with a key that is not enrolled for {entry.by}",
            )

    def _check_heads(self, entry: Entry, index: int, where: str) -> None:
        """Compare what the ends of generations say of all scopes with the scopes themselves."""
        if entry.kind not in (_CLOSED, _OPENED) or not entry.known:
            return
        stated = (entry.body["heads_count"], entry.body["heads_root"])
        if entry.kind == _CLOSED:
            found: tuple[object, object] | None = heads_root(self._heads)
            self._closing = stated
        else:
            found = self._closing
        if found is not None and stated != found and not self.gaps:
            self._findings.add(
                ErrorKind.STATE_INVALID,
                CLAUSE_FRAME,
                where=where,
                entry=index,
                expected=f"{found[0]} scopes, {found[1]}",
                got=f"{stated[0]} scopes, {stated[1]}",
                message=f"entry {index}: states other heads of the scopes",
            )

    def _check_rows(self, entry: Entry, index: int, where: str) -> None:
        """Compare what was committed of the state with the state."""
        if entry.kind != COMMITTED or self.gaps or self.fold.opaque:
            return
        commitment = Commitment.of(entry, index=index, where=where)
        if commitment.size < index:
            self.owed.append(commitment)
        else:
            here = commitment.size == index
            commitment.compare(self._rows.root(self._heads) if here else None, self._findings)

    def check_payload(
        self, entry: Entry, line: bytes | None, *, index: int, store: StoreId | None, where: str
    ) -> bool:
        """Check a payload line against its leaf; False when the line was left out."""
        sealed = entry.sealed
        if line is None:
            return sealed is None
        if sealed is None:
            self._findings.add(
                ErrorKind.BATCH_INVALID,
                CLAUSE_PAYLOAD,
                where=where,
                entry=index,
                message=f"entry {index}: has a payload line, but its leaf names none",
            )
            return True
        try:
            raw = decode_payload_line(line, what=f"{where} entry {index}")
            check_payload_digest(raw, sealed, f"entry {index}")
        except BwcStoreError as exc:
            self._findings.add_error(
                exc, CLAUSE_PAYLOAD, where=where, entry=index, code=ErrorKind.PAYLOAD_DIGEST
            )
            return True
        self.payload_count += 1
        if self._payloads is not None and store is not None:
            self._payloads.check_payload(entry, raw, store=store, where=where)
        return True


def _object_of(entry: Entry) -> str | None:
    object_id = entry.scope.id.object_id
    return object_id.text if object_id else None


def _show(head: Head | None) -> str:
    if head is None:
        return "seq 0, the first of its scope"
    return f"seq {head.seq + 1} after entry {head.index} ({head.hash.hex()})"
