"""Receipts that were kept, against the ledger: is what they promise still there?

Rules kept here (spec: AUD-19): a receipt that the store's key signed is a promise about one entry
and one object; the ledger honours it, or the audit says which part it does not.
"""

from collections.abc import Iterable
from typing import Final

from bwcstore.audit._batches import LedgerAudit
from bwcstore.audit._checkpoints import Kept
from bwcstore.audit._findings import Findings, Severity
from bwcstore.audit._state import Fold
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.ledger._note import VerifierKey, decode_note
from bwcstore.ledger._receipt import Receipt, read_receipt, verify_receipt

CLAUSE_RECEIPT: Final = "AUD-19"


def is_receipt(raw: bytes) -> bool:
    """Whether a note that was kept is meant as a receipt rather than as a checkpoint."""
    try:
        return decode_note(raw).text.startswith("{")
    except BwcStoreError:
        return False


def wanted_entries(receipts: Iterable[Kept]) -> frozenset[int]:
    """The indices whose hashes the receipts are compared with."""
    found: set[int] = set()
    for item in receipts:
        try:
            found.add(read_receipt(item.raw).index)
        except BwcStoreError:
            continue
    return frozenset(found)


class ReceiptAudit:
    """Compares receipts with a ledger that was read."""

    def __init__(
        self, findings: Findings, ledger: LedgerAudit, fold: Fold, key: VerifierKey | None
    ) -> None:
        self._findings = findings
        self._ledger = ledger
        self._fold = fold
        self._key = key

    def check(self, receipts: Iterable[Kept]) -> int:
        """Check every receipt; how many are honoured."""
        return sum(self._honoured(item) for item in receipts)

    def _honoured(self, item: Kept) -> bool:
        if self._key is None:
            return False
        try:
            receipt = verify_receipt(item.raw, self._key)
        except BwcStoreError as exc:
            self._findings.add_error(
                exc, CLAUSE_RECEIPT, where=item.where, code=ErrorKind.RECEIPT_INVALID
            )
            return False
        broken = self._broken(receipt)
        if broken is None:
            return True
        what, expected, got = broken
        lost = not self._ledger.complete or (
            not self._whole() and receipt.index not in self._ledger.entry_hashes
        )
        self._findings.add(
            ErrorKind.RECEIPT_NOT_HONOURED,
            CLAUSE_RECEIPT,
            severity=Severity.WARNING if lost else Severity.ERROR,
            where=item.where,
            entry=receipt.index,
            object_id=receipt.object_id.text,
            expected=expected,
            got=got,
            message=f"the ledger could not be read up to the receipt of object {receipt.object_id}"
            if lost
            else f"the ledger does not honour the receipt of object {receipt.object_id}: {what}",
        )
        return False

    def _whole(self) -> bool:
        return all(grown.whole for grown in self._ledger.generations.values())

    def _broken(self, receipt: Receipt) -> tuple[str, object, object] | None:
        """What the ledger does not honour, what it should be and what it is; None if nothing."""
        if self._ledger.store is not None and receipt.store != self._ledger.store:
            return "it is another store's", receipt.store, self._ledger.store
        found = self._ledger.entry_hashes.get(receipt.index)
        if found is None:
            return "there is no such entry", receipt.entry_hash, None
        if found != receipt.entry_hash.raw:
            return "the entry is another one", receipt.entry_hash, found.hex()
        facts = self._fold.objects.get(receipt.object_id.text)
        if facts is None or facts.index != receipt.index:
            return "the entry ingests another object", receipt.object_id, None
        if facts.manifest_sha256 != str(receipt.manifest_sha256):
            return "the manifest is another one", receipt.manifest_sha256, facts.manifest_sha256
        return None
