"""Signed statements against the entries: stored checkpoints, and those that somebody kept.

Rules kept here (spec: AUD-15, AUD-16, AUD-18, AUD-20):

- a checkpoint counts only if the store's key signed it;
- a root is compared with the one that the entries give, never with another checkpoint's;
- a checkpoint from outside is what excludes a rolled back or rewritten ledger; without one the
  audit says so.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from bwcstore import _layout
from bwcstore._encoding import Json
from bwcstore.audit._batches import LedgerAudit
from bwcstore.audit._covers import CLAUSE_COVERED
from bwcstore.audit._findings import Findings, Severity
from bwcstore.audit._source import Shelf, Stock
from bwcstore.errors import BwcStoreError, ErrorKind, IntegrityError
from bwcstore.ledger._checkpoint import Checkpoint, read_checkpoint, verify_checkpoint
from bwcstore.ledger._note import VerifierKey

CLAUSE_STORED: Final = "AUD-15"
CLAUSE_TAIL: Final = "AUD-16"
CLAUSE_KEPT: Final = "AUD-18"
CLAUSE_NOTHING_KEPT: Final = "AUD-20"


@attrs.frozen(kw_only=True)
class Kept:
    """A checkpoint note that was kept outside the store. `where` is `expected/0` or the like."""

    where: str
    raw: bytes


def find_key(
    given: VerifierKey | None, parameters: Mapping[str, Json], findings: Findings
) -> VerifierKey | None:
    """The key that checks notes: the caller's, else the one that the first entry names."""
    named: VerifierKey | None = None
    text = parameters.get("verifier_key")
    if isinstance(text, str):
        try:
            named = VerifierKey.parse(text)
        except BwcStoreError as exc:
            findings.add_error(
                exc, "AUD-6", where=_layout.batch(0, 0), entry=0, code=ErrorKind.GENESIS_INVALID
            )
    if named is not None and named.name != parameters.get("origin"):
        findings.add(
            ErrorKind.GENESIS_INVALID,
            "AUD-6",
            where=_layout.batch(0, 0),
            entry=0,
            expected=parameters.get("origin"),
            got=named.name,
            message="the verifier key does not carry the name of the store's origin",
        )
    if given is not None and named is not None and given != named:
        findings.add(
            ErrorKind.KEY_UNKNOWN,
            CLAUSE_STORED,
            where=_layout.batch(0, 0),
            entry=0,
            expected=given,
            got=named,
            message="the store names another verifier key than the one that was given",
        )
    key = given or named
    if key is None:
        findings.add(
            ErrorKind.KEY_UNKNOWN,
            CLAUSE_STORED,
            severity=Severity.WARNING,
            where="checkpoint/",
            message="no verifier key is known: no checkpoint and no receipt can be checked",
        )
    return key


def sizes_of(shelves: Mapping[int, Shelf], kept: Iterable[Kept]) -> dict[int, frozenset[int]]:
    """The tree sizes at which roots will be compared, by generation."""
    sizes = {number: set(shelf.checkpoints) for number, shelf in shelves.items()}
    for item in kept:
        try:
            checkpoint = read_checkpoint(item.raw)
        except BwcStoreError:
            continue
        sizes.setdefault(checkpoint.generation, set()).add(checkpoint.size)
    return {number: frozenset(found) for number, found in sizes.items()}


class CheckpointAudit:
    """Compares signed statements with a ledger that was read.

    Attributes:
        count: how many stored checkpoints were read.
        agreed: the last one that is signed and has the right root.
        agreed_note: its bytes; empty when there is none.
    """

    def __init__(
        self, stock: Stock, findings: Findings, ledger: LedgerAudit, key: VerifierKey | None
    ) -> None:
        self.count = 0
        self.agreed: Checkpoint | None = None
        self.agreed_note = b""
        self._stock = stock
        self._findings = findings
        self._ledger = ledger
        self._key = key

    def check_stored(self, shelves: Mapping[int, Shelf]) -> None:
        """Check every stored checkpoint, and say how much of the ledger none covers."""
        covered = 0
        for number in sorted(shelves):
            differ: list[str] = []
            for size in sorted(shelves[number].checkpoints):
                name = _layout.checkpoint(number, size)
                raw = self._read(name, (number, size))
                checkpoint = None if raw is None else self._verify(raw, name, CLAUSE_STORED)
                if raw is None or checkpoint is None:
                    continue
                if (checkpoint.generation, checkpoint.size) != (number, size):
                    self._findings.add(
                        ErrorKind.NOTE_INVALID,
                        CLAUSE_STORED,
                        where=name,
                        expected=f"generation {number}, size {size}",
                        got=f"generation {checkpoint.generation}, size {checkpoint.size}",
                        message=f"{name}: states another generation or size than its name",
                    )
                elif self._check_root(checkpoint, name, differ):
                    covered = self._end(number, size)
                    if self._key is not None:
                        self.agreed, self.agreed_note = checkpoint, raw
            if len(differ) > 1:
                self._findings.add(
                    ErrorKind.CHECKPOINT_ROOT,
                    CLAUSE_STORED,
                    severity=Severity.NOTE,
                    where=differ[0],
                    message=f"{len(differ) - 1} later checkpoints differ for the same reason, up "
                    f"to {differ[-1]}",
                )
        last = max((self._end(n, g.tree.size) for n, g in self._ledger.generations.items()))
        if last > covered and self._ledger.complete and self._key is not None:
            self._findings.add(
                ErrorKind.CHECKPOINT_BEHIND,
                CLAUSE_TAIL,
                severity=Severity.NOTE,
                where="checkpoint/",
                expected=last,
                got=covered,
                message=f"the last {last - covered} entries are not under any checkpoint: a change "
                "of the very last one would not be seen",
            )

    def check_contested(self) -> None:
        """Report batches of which several versions continue the ledger, and the oldest is not
        signed.
        """
        last = (self.agreed.generation, self.agreed.size) if self.agreed else (0, 0)
        for name, (generation, before) in self._ledger.contested.items():
            displaced = name in self._ledger.displaced
            if displaced or (generation, before + 1) > last:
                self._findings.add(
                    ErrorKind.FORKED,
                    CLAUSE_COVERED,
                    where=name,
                    expected="one version that continues the ledger",
                    message=f"{name}: several versions continue the ledger, and "
                    + (
                        "it goes on from one that was put over another"
                        if displaced
                        else "no checkpoint says which of them is right"
                    ),
                )

    def _end(self, generation: int, size: int) -> int:
        grown = self._ledger.generations.get(generation)
        return (grown.first_index if grown else 0) + size

    def _read(self, name: str, place: tuple[int, int]) -> bytes | None:
        raw = self._stock.read(
            name,
            missing=ErrorKind.NOTE_INVALID,
            clause=CLAUSE_STORED,
            right=lambda found: self._is_right(found, place),
        )
        self.count += raw is not None
        return raw

    def _is_right(self, raw: bytes, place: tuple[int, int]) -> bool:
        """Whether a version is the checkpoint of its name, and has the root of the entries."""
        try:
            found = verify_checkpoint(raw, self._key) if self._key else read_checkpoint(raw)
        except BwcStoreError:
            return False
        grown = self._ledger.generations.get(place[0])
        root = grown.tree.roots.get(place[1]) if grown else None
        return (found.generation, found.size) == place and root in (None, found.root.raw)

    def _verify(
        self, raw: bytes, where: str, clause: str, *, foreign: ErrorKind | None = None
    ) -> Checkpoint | None:
        """Verify a note; `foreign` is the code where another key signed it."""
        try:
            return verify_checkpoint(raw, self._key) if self._key else read_checkpoint(raw)
        except IntegrityError as exc:
            self._findings.add_error(exc, clause, where=where, code=foreign)
        except BwcStoreError as exc:
            self._findings.add_error(exc, clause, where=where)
        return None

    def _check_root(self, checkpoint: Checkpoint, name: str, differ: list[str]) -> bool:
        """Compare one stored checkpoint with the entries; whether it is right."""
        grown = self._ledger.generations.get(checkpoint.generation)
        found = grown.tree.roots.get(checkpoint.size) if grown else None
        if found is None:
            if grown is not None and not (grown.whole and self._ledger.complete):
                return False
            self._findings.add(
                ErrorKind.CHECKPOINT_BEYOND,
                CLAUSE_STORED,
                where=name,
                expected=f"{checkpoint.size} entries",
                got=f"{grown.tree.size if grown else 0} entries",
                message=f"{name}: covers entries that the ledger does not have",
            )
            return False
        if found != checkpoint.root.raw:
            if not differ:
                self._findings.add(
                    ErrorKind.CHECKPOINT_ROOT,
                    CLAUSE_STORED,
                    where=name,
                    expected=found.hex(),
                    got=checkpoint.root,
                    message=f"{name}: its root is not that of the first {checkpoint.size} entries",
                )
            differ.append(name)
        return found == checkpoint.root.raw

    def check_kept(self, kept: Iterable[Kept]) -> int:
        """Check that the ledger extends every checkpoint that was kept; how many it extends."""
        return sum(self._extends(item) for item in kept)

    def _extends(self, item: Kept) -> bool:
        # CHK-23: a store whose key does not verify what its own vault remembers is another one.
        mine = item.where.startswith("remembered/")
        checkpoint = self._verify(
            item.raw, item.where, CLAUSE_KEPT, foreign=ErrorKind.FORKED if mine else None
        )
        if checkpoint is None or self._key is None:
            return False
        grown = self._ledger.generations.get(checkpoint.generation)
        found = grown.tree.roots.get(checkpoint.size) if grown else None
        label = f"generation {checkpoint.generation}, size {checkpoint.size}"
        if found is None:
            size = grown.tree.size if grown else 0
            known = self._ledger.complete and (grown is None or grown.whole)
            self._findings.add(
                ErrorKind.ROLLED_BACK if known else ErrorKind.ROLLBACK_NOT_EXCLUDED,
                CLAUSE_KEPT,
                severity=Severity.ERROR if known else Severity.WARNING,
                where=item.where,
                expected=label,
                got=f"{size} entries",
                message="the ledger ends before a checkpoint that was kept: it was rolled back"
                if known
                else "the ledger could not be read up to a checkpoint that was kept",
            )
            return False
        if found == checkpoint.root.raw:
            return True
        self._findings.add(
            ErrorKind.FORKED,
            CLAUSE_KEPT,
            where=item.where,
            expected=checkpoint.root,
            got=found.hex(),
            message=f"the ledger is not the one of a checkpoint that was kept ({label})",
        )
        self._check_equivocation(checkpoint, item.where)
        return False

    def _check_equivocation(self, kept: Checkpoint, where: str) -> None:
        """Whether the store's key signed both histories: then the signer is at fault."""
        agreed = self.agreed
        place = (kept.generation, kept.size)
        if agreed is not None and (agreed.generation, agreed.size) >= place:
            self._findings.add(
                ErrorKind.CHECKPOINT_EQUIVOCATION,
                CLAUSE_KEPT,
                where=where,
                expected=kept.root,
                got=_layout.checkpoint(agreed.generation, agreed.size),
                message="the store's key signed two histories that cannot both be true",
            )


def note_nothing_kept(findings: Findings) -> None:
    """Say what an audit without anything kept cannot say."""
    findings.add(
        ErrorKind.ROLLBACK_NOT_EXCLUDED,
        CLAUSE_NOTHING_KEPT,
        severity=Severity.NOTE,
        where="checkpoint/",
        message="nothing that was kept outside was compared: that the store was rolled back or "
        "rewritten as a whole cannot be excluded",
    )
