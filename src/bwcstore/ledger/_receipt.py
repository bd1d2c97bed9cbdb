"""Receipts: the store's signed word that an object is kept (spec: RCT-1 to RCT-6).

A camera may be erased on a receipt, and a receipt outside the store is an anchor against a ledger
that is cut short. Whether the ledger still honours one is the audit's question.
"""

from typing import Final, cast

import attrs

from bwcstore._encoding import INTEGER_MAX, Json, decode, encode
from bwcstore._limits import NOTE_SIZE_MAX
from bwcstore._ports import Signer
from bwcstore._values import Digest, Instant, ObjectId, StoreId, check_text
from bwcstore.errors import ErrorKind, FormatError, InvalidInputError
from bwcstore.ledger._batch import FORMAT
from bwcstore.ledger._kind import code
from bwcstore.ledger._note import VerifierKey, decode_note, sign_note, verify_note

LIST_MAX: Final = 64


@attrs.frozen(kw_only=True)
class ReceiptSource:
    """Where an object came from: the source's scope (a device, an importer) and the id there."""

    scope: str
    id: str


@attrs.frozen(kw_only=True)
class Receipt:
    """What a receipt says.

    Attributes:
        store: the store that keeps the object.
        object_id: the object.
        index: the index of the entry by which it exists.
        entry_hash: that entry's hash.
        generation: the generation of the entry.
        batch: the batch of the entry.
        at: the time of the entry.
        plaintext_sha256: SHA-256 of the original file.
        length_bytes: the length of the original file.
        manifest_sha256: SHA-256 of the manifest.
        source: where it came from, if that was said.
        vault_replicas: the places that hold its keys durably.
        storage_lock: how the storage protects it: `none`, or the code of a lock.
        warnings: codes of what a custodian should know.
    """

    store: StoreId
    object_id: ObjectId
    index: int
    entry_hash: Digest
    generation: int
    batch: int
    at: Instant
    plaintext_sha256: Digest
    length_bytes: int
    manifest_sha256: Digest
    source: ReceiptSource | None
    vault_replicas: tuple[str, ...]
    storage_lock: str
    warnings: tuple[str, ...] = ()


def encode_receipt(receipt: Receipt) -> str:
    """The note text of a receipt: one line of canonical JSON, ended by LF (RCT-2).

    Raises:
        InvalidInputError: a text has no canonical form.
    """
    fields: dict[str, Json] = {
        "at": str(receipt.at),
        "batch": receipt.batch,
        "entry": str(receipt.entry_hash),
        "format": FORMAT,
        "generation": receipt.generation,
        "index": receipt.index,
        "kind": "receipt",
        "length_bytes": receipt.length_bytes,
        "manifest_sha256": str(receipt.manifest_sha256),
        "object": str(receipt.object_id),
        "plaintext_sha256": str(receipt.plaintext_sha256),
        "storage_lock": receipt.storage_lock,
        "store": str(receipt.store),
        "vault_replicas": list(receipt.vault_replicas),
        "warnings": list(receipt.warnings),
    }
    if receipt.source is not None:
        fields["source"] = {"id": receipt.source.id, "scope": receipt.source.scope}
    return encode(fields).decode() + "\n"


_FIELDS: Final = frozenset(
    (
        "at", "batch", "entry", "format", "generation", "index", "kind", "length_bytes",
        "manifest_sha256", "object", "plaintext_sha256", "storage_lock", "store",
        "vault_replicas", "warnings",
    )
)  # fmt: skip


def decode_receipt(text: str) -> Receipt:
    """Read the note text of a receipt.

    Raises:
        FormatError: it is not canonical, or a field holds what it may not.
    """
    if not text.endswith("\n"):
        raise FormatError(ErrorKind.RECEIPT_INVALID, "receipt: no line end")
    fields = decode(text[:-1].encode(), what="receipt", size_max=NOTE_SIZE_MAX)
    if fields.keys() - {"source"} != _FIELDS:
        raise FormatError(ErrorKind.RECEIPT_INVALID, "receipt: a field is missing or unknown")
    if fields["kind"] != "receipt" or fields["format"] != FORMAT:
        raise FormatError(
            ErrorKind.FORMAT_UNKNOWN,
            f"receipt: {fields['kind']!s:.40} {fields['format']!s:.40}, expected {FORMAT}",
        )
    try:
        return Receipt(
            store=StoreId(_text(fields["store"])),
            object_id=ObjectId(_text(fields["object"])),
            index=_number(fields["index"]),
            entry_hash=Digest.parse(_text(fields["entry"])),
            generation=_number(fields["generation"]),
            batch=_number(fields["batch"]),
            at=Instant.parse(_text(fields["at"])),
            plaintext_sha256=Digest.parse(_text(fields["plaintext_sha256"])),
            length_bytes=_number(fields["length_bytes"]),
            manifest_sha256=Digest.parse(_text(fields["manifest_sha256"])),
            source=_source(fields["source"]) if "source" in fields else None,
            vault_replicas=_codes(fields["vault_replicas"]),
            storage_lock=_codes([fields["storage_lock"]])[0],
            warnings=_codes(fields["warnings"]),
        )
    except InvalidInputError as exc:
        raise FormatError(ErrorKind.RECEIPT_INVALID, f"receipt: {exc.message}") from exc


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise FormatError(ErrorKind.RECEIPT_INVALID, "receipt: a text is needed")
    return value


def _number(value: Json) -> int:
    if type(value) is not int or not 0 <= value <= INTEGER_MAX:
        raise FormatError(ErrorKind.RECEIPT_INVALID, "receipt: a number is needed")
    return value


def _codes(value: Json) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > LIST_MAX or not all(map(code, value)):
        raise FormatError(ErrorKind.RECEIPT_INVALID, "receipt: a list of codes is needed")
    return tuple(cast("list[str]", value))


def _source(value: Json) -> ReceiptSource:
    if not isinstance(value, dict) or value.keys() != {"id", "scope"}:
        raise FormatError(ErrorKind.RECEIPT_INVALID, "receipt: source needs id and scope")
    return ReceiptSource(
        scope=check_text(_text(value["scope"]), "source scope"),
        id=check_text(_text(value["id"]), "source id"),
    )


def sign_receipt(receipt: Receipt, *, name: str, signer: Signer) -> bytes:
    """The receipt as a note signed by the store's key (RCT-3).

    Args:
        receipt: what it says.
        name: the name of the store's key: its origin.
        signer: the store's key.

    Raises:
        InvalidInputError: a field has no canonical form, or cannot be read back.
    """
    text = encode_receipt(receipt)
    try:
        decode_receipt(text)
    except FormatError as exc:
        raise InvalidInputError(exc.kind, exc.message) from exc
    return sign_note(text, name=name, signer=signer)


def read_receipt(raw: bytes) -> Receipt:
    """Read a receipt without checking a signature.

    Raises:
        FormatError: it is not a receipt.
    """
    return decode_receipt(decode_note(raw).text)


def verify_receipt(raw: bytes, key: VerifierKey) -> Receipt:
    """Check a receipt offline with the store's verifier key (RCT-4).

    Raises:
        FormatError: it is not a receipt.
        IntegrityError: it is not signed by that key.
    """
    return decode_receipt(verify_note(raw, (key,)).text)
