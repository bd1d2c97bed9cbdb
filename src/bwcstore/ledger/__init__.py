"""The ledger: entries, proofs, checkpoints and receipts, and the keys that check them."""

from bwcstore.ledger._checkpoint import Checkpoint, read_checkpoint, verify_checkpoint
from bwcstore.ledger._entry import Entry, decode_entry
from bwcstore.ledger._note import VerifierKey
from bwcstore.ledger._receipt import Receipt, ReceiptSource, read_receipt, verify_receipt

__all__ = [
    "Checkpoint",
    "Entry",
    "Receipt",
    "ReceiptSource",
    "VerifierKey",
    "decode_entry",
    "read_checkpoint",
    "read_receipt",
    "verify_checkpoint",
    "verify_receipt",
]
