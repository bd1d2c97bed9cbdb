"""Receipts: the store's signed word."""

import attrs
import pytest

from bwcstore._values import Digest, ObjectId
from bwcstore.errors import BwcStoreError, ErrorKind, FormatError, InvalidInputError
from bwcstore.ledger._note import VerifierKey, sign_note
from bwcstore.ledger._receipt import (
    Receipt,
    ReceiptSource,
    decode_receipt,
    encode_receipt,
    read_receipt,
    sign_receipt,
    verify_receipt,
)
from tests.unit.ledger import books

GIVEN = Receipt(
    store=books.STORE,
    object_id=ObjectId("0190163d-8694-7000-8000-000000000001"),
    index=17,
    entry_hash=Digest(b"\x01" * 32),
    generation=0,
    batch=9,
    at=books.NOON,
    plaintext_sha256=Digest(b"\x02" * 32),
    length_bytes=123_456,
    manifest_sha256=Digest(b"\x03" * 32),
    source=ReceiptSource(scope="dock-7", id="A1/0001.mp4"),
    vault_replicas=("a1b2", "c3d4"),
    storage_lock="none",
    warnings=("keys-single-copy",),
)
TEXT = encode_receipt(GIVEN)


@pytest.mark.spec("RCT-2", "RCT-3", "RCT-4")
@pytest.mark.parametrize("receipt", [GIVEN, attrs.evolve(GIVEN, source=None, warnings=())])
def test_a_signed_receipt_verifies(receipt: Receipt) -> None:
    """What was signed is read and verifies offline."""
    raw = sign_receipt(receipt, name=books.ORIGIN, signer=books.STORE_SIGNER)

    assert verify_receipt(raw, books.KEY) == receipt
    assert read_receipt(raw) == receipt


@pytest.mark.spec("RCT-4")
def test_a_receipt_by_another_is_refused() -> None:
    """A receipt that another key signed, or that was changed, does not verify."""
    raw = sign_receipt(GIVEN, name=books.ORIGIN, signer=books.STORE_SIGNER)
    other = VerifierKey(name="other", public_key=books.ACTOR_SIGNER.public_key)
    with pytest.raises(BwcStoreError) as stranger:
        verify_receipt(raw, other)
    with pytest.raises(BwcStoreError) as changed:
        verify_receipt(raw.replace(b'"index":17', b'"index":18'), books.KEY)

    assert stranger.value.kind is ErrorKind.KEY_UNKNOWN
    assert changed.value.kind is ErrorKind.SIGNATURE_INVALID


@pytest.mark.spec("RCT-2", "RCT-4")
@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ('"index":17', '"index":-17', ErrorKind.RECEIPT_INVALID),
        ('"index":17', '"index":"17"', ErrorKind.RECEIPT_INVALID),
        ('"at":"2026', '"at":"926', ErrorKind.RECEIPT_INVALID),
        ('"kind":"receipt"', '"kind":"recipe"', ErrorKind.FORMAT_UNKNOWN),
        ('"format":"1.0"', '"format":"9.0"', ErrorKind.FORMAT_UNKNOWN),
        ('"warnings":["keys', '"warnings":["Keys', ErrorKind.RECEIPT_INVALID),
        ('"storage_lock":"none"', '"storage_lock":1', ErrorKind.RECEIPT_INVALID),
        ('"scope":"dock-7"', '"scope":""', ErrorKind.RECEIPT_INVALID),
        (',"scope":"dock-7"', "", ErrorKind.RECEIPT_INVALID),
        ('"batch":9,', "", ErrorKind.RECEIPT_INVALID),
        ('"batch":9,', '"batch":9,"bonus":1,', ErrorKind.RECEIPT_INVALID),
        ('"batch":9,', '"batch": 9,', ErrorKind.NOT_CANONICAL),
        ('"object":"0190', '"object":1,"objecu":"', ErrorKind.RECEIPT_INVALID),
        ('"object":"0190163d-8694-7000-8000-000000000001"', '"object":1', "receipt-invalid"),
        ("}\n", "}", ErrorKind.RECEIPT_INVALID),
    ],
)
def test_what_is_no_receipt_is_refused(old: str, new: str, kind: str) -> None:
    """Every departure from the one form is refused, whoever signed it."""
    assert old in TEXT
    with pytest.raises(FormatError) as caught:
        decode_receipt(TEXT.replace(old, new, 1))

    assert caught.value.kind == kind


def test_what_could_not_be_read_is_not_signed() -> None:
    """A receipt with something that a reader refuses is not made."""
    with pytest.raises(InvalidInputError) as caught:
        sign_receipt(
            attrs.evolve(GIVEN, storage_lock="Not A Code"),
            name=books.ORIGIN,
            signer=books.STORE_SIGNER,
        )

    assert caught.value.kind is ErrorKind.RECEIPT_INVALID


def test_another_note_is_no_receipt() -> None:
    """A note of the store that says something else is not taken for a receipt."""
    raw = sign_note("hello\n", name=books.ORIGIN, signer=books.STORE_SIGNER)
    with pytest.raises(FormatError) as caught:
        verify_receipt(raw, books.KEY)

    assert caught.value.kind is ErrorKind.NOT_JSON
