"""The form of a certificate of destruction, and the leaves that prove it.

Rules kept here (spec: CRT-1 to CRT-4):

- a certificate is canonical JSON and a line end; it has one encoding;
- it carries leaves as they are in the ledger, the hashes that prove each, and the signed
  checkpoints that the proofs lead to;
- whatever else it says is its *statement*, which is computed from the leaves and nothing else.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Final, cast

import attrs

from bwcstore._encoding import DOCUMENT_SIZE_MAX, Json, decode, encode
from bwcstore.errors import ErrorKind, FormatError, IntegrityError
from bwcstore.ledger._entry import Entry, decode_entry
from bwcstore.ledger._tree import PROOF_LENGTH_MAX

FORMAT: Final = "bwcstore-certificate/1"
PROOF_FIELDS: Final = frozenset({"annexes", "checkpoints", "entries"})
CHECKPOINTS_MAX: Final = 64
ANNEXES_MAX: Final = 1
_HASH: Final = re.compile(r"[0-9a-f]{64}")


@attrs.frozen(kw_only=True)
class ProvenEntry:
    """An entry with the hashes that prove it; which checkpoint they lead to, its index tells."""

    entry: Entry
    hashes: tuple[bytes, ...]


@attrs.frozen(kw_only=True)
class Certificate:
    """A certificate as it is written; nothing of it was verified.

    Attributes:
        statement: every field but those that prove it.
        entries: the leaves, in ascending order of index.
        checkpoints: the signed notes, one for each generation, in ascending order.
        annexes: what the leaves name by digest: the outcomes, where they are many.
    """

    statement: Mapping[str, Json]
    entries: tuple[ProvenEntry, ...]
    checkpoints: tuple[bytes, ...]
    annexes: tuple[bytes, ...] = ()


def invalid(why: str) -> IntegrityError:
    """What a certificate says does not follow from what it proves."""
    return IntegrityError(ErrorKind.CERTIFICATE_INVALID, f"certificate: {why}")


def encode_certificate(certificate: Certificate) -> bytes:
    """The bytes of a certificate (CRT-1).

    Raises:
        InvalidInputError: a text has no canonical form.
    """
    entries: list[Json] = [
        {
            "index": one.entry.index,
            "leaf": one.entry.raw.decode(),
            "proof": [item.hex() for item in one.hashes],
        }
        for one in certificate.entries
    ]
    proof: dict[str, Json] = {
        "annexes": [
            {"sha256": hashlib.sha256(one).hexdigest(), "text": one.decode()}
            for one in certificate.annexes
        ],
        "checkpoints": [[*note.decode()[:-1].split("\n")] for note in certificate.checkpoints],
        "entries": entries,
    }
    return encode({**certificate.statement, **proof}) + b"\n"


def decode_certificate(raw: bytes) -> Certificate:
    """Read a certificate; nothing is verified but its form.

    Raises:
        FormatError: it is not one (`certificate-invalid`), is of a newer format
            (`format-unknown`), or a leaf is none; the kind tells.
    """
    if len(raw) > DOCUMENT_SIZE_MAX:
        raise FormatError(ErrorKind.TOO_LARGE, f"certificate: {len(raw)} bytes")
    if not raw.endswith(b"\n"):
        raise FormatError(ErrorKind.CERTIFICATE_INVALID, "certificate: no line end")
    fields = decode(raw[:-1], what="certificate")
    if fields.get("format") != FORMAT:
        raise FormatError(
            ErrorKind.FORMAT_UNKNOWN,
            f"certificate: format {fields.get('format')!r:.60}, expected {FORMAT}",
        )
    if not fields.keys() >= PROOF_FIELDS:
        raise _malformed("annexes, checkpoints and entries are needed")
    notes = _list(fields["checkpoints"], "checkpoints", CHECKPOINTS_MAX)
    return Certificate(
        statement={name: value for name, value in fields.items() if name not in PROOF_FIELDS},
        entries=tuple(
            _entry(one) for one in _list(fields["entries"], "entries", DOCUMENT_SIZE_MAX)
        ),
        checkpoints=tuple(
            "".join(f"{line}\n" for line in _texts(note, "a checkpoint")).encode() for note in notes
        ),
        annexes=tuple(_annex(one) for one in _list(fields["annexes"], "annexes", ANNEXES_MAX)),
    )


def _malformed(why: str) -> FormatError:
    return FormatError(ErrorKind.CERTIFICATE_INVALID, f"certificate: {why}")


def _list(value: Json, what: str, at_most: int) -> list[Json]:
    if not isinstance(value, list) or len(value) > at_most:
        raise _malformed(f"{what}: a list of at most {at_most} is needed")
    return value


def _texts(value: Json, what: str) -> list[str]:
    found = _list(value, what, DOCUMENT_SIZE_MAX)
    if not all(isinstance(one, str) for one in found):
        raise _malformed(f"{what}: a list of texts is needed")
    return cast("list[str]", found)


def _record(value: Json, *names: str) -> dict[str, Json]:
    if not isinstance(value, dict) or value.keys() != set(names):
        raise _malformed(f"an object with exactly {', '.join(names)} is needed")
    return value


def _entry(value: Json) -> ProvenEntry:
    fields = _record(value, "index", "leaf", "proof")
    leaf = fields["leaf"]
    if not isinstance(leaf, str):
        raise _malformed("a leaf is a text")
    entry = decode_entry(leaf.encode(), what="certificate: leaf")
    if fields["index"] != entry.index or type(fields["index"]) is not int:
        raise _malformed(f"the leaf of entry {entry.index} is listed under another index")
    hashes = _texts(fields["proof"], "a proof")
    if len(hashes) > PROOF_LENGTH_MAX or not all(map(_HASH.fullmatch, hashes)):
        raise FormatError(
            ErrorKind.PROOF_INVALID, f"certificate: the proof of entry {entry.index} is malformed"
        )
    return ProvenEntry(entry=entry, hashes=tuple(map(bytes.fromhex, hashes)))


def _annex(value: Json) -> bytes:
    fields = _record(value, "sha256", "text")
    text = fields["text"]
    if not isinstance(text, str):
        raise _malformed("an annex is a text")
    found = text.encode()
    if hashlib.sha256(found).hexdigest() != fields["sha256"]:
        raise _malformed("an annex does not have the digest that it is listed under")
    return found
