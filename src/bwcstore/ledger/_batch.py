"""Batch files: a header line, then each leaf line with its payload line.

Rules kept here (spec: LED-21 to LED-27):

- every line ends with LF, every line is canonical, and nothing follows the last;
- the digest of a batch leaves payload lines out, so that a copy without them still links;
- a payload line stands directly after the leaf that names it and has the digest the leaf names;
- whether batches fit each other is the business of `bwcstore.ledger._chain`.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Final

import attrs

from bwcstore._encoding import decode, encode
from bwcstore._limits import BATCH_SIZE_MAX
from bwcstore._values import Digest, StoreId
from bwcstore.errors import ErrorKind, FormatError, IntegrityError
from bwcstore.ledger._entry import Entry, decode_entry
from bwcstore.ledger._payload import (
    check_payload_digest,
    decode_payload_line,
    encode_payload_line,
)

FORMAT: Final = "1.0"
BATCH_ENTRIES_MAX: Final = 65_536
HEADER_SIZE_MAX: Final = 1024
_READABLE: Final = re.compile(r"1\.(?:0|[1-9][0-9]*)")
_VERSION: Final = re.compile(r"[1-9][0-9]*\.(?:0|[1-9][0-9]*)")
_PAYLOAD_MARK: Final = b'{"payload":'

_HEADER: Final = re.compile(
    r'\{"batch":(0|[1-9]\d{0,11}),"first_index":(0|[1-9]\d{0,15}),"format":"([0-9.]{1,16})"'
    r',"generation":(0|[1-9]\d{0,8}),"nonce":"([0-9a-f]{32})","prev_batch_sha256":"([0-9a-f]{64})"'
    r',"store":"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})","writer":"([0-9a-f]{16})"\}',
    re.ASCII,
)


@attrs.frozen(kw_only=True)
class BatchHeader:
    """The first line of a batch (LED-22).

    Attributes:
        generation: from 0.
        batch: the number within the generation, from 0.
        first_index: the index of the first entry.
        prev: the digest of the batch before; zero for the first batch of generation 0.
        store: whose ledger it is.
        writer: 8 bytes, random per opened ledger.
        nonce: 16 bytes, random per batch: tells its writer that a found batch is its own.
        format: the version that its writer knows.
    """

    generation: int
    batch: int
    first_index: int
    prev: Digest
    store: StoreId
    writer: bytes
    nonce: bytes
    format: str = FORMAT


@attrs.frozen(kw_only=True)
class Batch:
    """A batch: its header, its entries, and what is sealed beside them.

    Attributes:
        payloads: for each entry nonce, ciphertext and tag; None where nothing is sealed or the
            line was left out of the copy.
        digest: SHA-256 over the file without payload lines.
    """

    header: BatchHeader
    entries: tuple[Entry, ...]
    payloads: tuple[bytes | None, ...]
    digest: Digest

    @property
    def complete(self) -> bool:
        """Whether every sealed entry has its payload line."""
        return all(
            entry.sealed is None or payload is not None
            for entry, payload in zip(self.entries, self.payloads, strict=True)
        )


def encode_header(header: BatchHeader) -> bytes:
    """The header line without its line end.

    Raises:
        InvalidInputError: a number is out of range.
    """
    return encode(
        {
            "batch": header.batch,
            "first_index": header.first_index,
            "format": header.format,
            "generation": header.generation,
            "nonce": header.nonce.hex(),
            "prev_batch_sha256": str(header.prev),
            "store": header.store.text,
            "writer": header.writer.hex(),
        }
    )


def decode_header(line: bytes, *, what: str = "batch") -> BatchHeader:
    """Read a header line without its line end.

    Raises:
        FormatError: it is not one, or of a format that is not read.
    """
    found = _HEADER.fullmatch(line.decode("ascii", "replace")) if len(line) < 1024 else None
    if found is None:
        decode(line, what=f"{what}: header", size_max=HEADER_SIZE_MAX)
        raise FormatError(ErrorKind.BATCH_INVALID, f"{what}: not the header of a batch")
    if not _READABLE.fullmatch(found[3]):
        kind = ErrorKind.FORMAT_NEWER if _VERSION.fullmatch(found[3]) else ErrorKind.FORMAT_UNKNOWN
        raise FormatError(kind, f"{what}: format {found[3]}, {FORMAT} is read")
    return BatchHeader(
        batch=int(found[1]),
        first_index=int(found[2]),
        generation=int(found[4]),
        format=found[3],
        nonce=bytes.fromhex(found[5]),
        prev=Digest.parse(found[6]),
        store=StoreId(found[7]),
        writer=bytes.fromhex(found[8]),
    )


def encode_batch(
    header: BatchHeader, entries: Sequence[Entry], payloads: Sequence[bytes | None]
) -> tuple[list[bytes], Batch]:
    """The parts of the file in order, and the batch they make.

    Raises:
        InvalidInputError: a number of the header is out of range.
    """
    first = encode_header(header) + b"\n"
    parts = [first]
    digest = hashlib.sha256(first)
    for entry, payload in zip(entries, payloads, strict=True):
        line = entry.raw + b"\n"
        digest.update(line)
        parts.append(line)
        if payload is not None:
            parts.append(encode_payload_line(payload))
    batch = Batch(
        header=header,
        entries=tuple(entries),
        payloads=tuple(payloads),
        digest=Digest(digest.digest()),
    )
    return parts, batch


def decode_batch(raw: bytes, *, what: str = "batch") -> Batch:
    """Read a batch file, or a copy of one without payload lines.

    Raises:
        FormatError: it is too large, a line is not canonical or out of place.
        IntegrityError: a payload line is not the one that its leaf names.
    """
    if len(raw) > BATCH_SIZE_MAX:
        raise FormatError(
            ErrorKind.TOO_LARGE, f"{what}: {len(raw)} bytes, {BATCH_SIZE_MAX} are read"
        )
    lines = raw.split(b"\n")
    if lines.pop() or len(lines) < 2:
        raise FormatError(
            ErrorKind.BATCH_INVALID, f"{what}: a header and entries, each ended by LF, expected"
        )
    if len(lines) > 1 + 2 * BATCH_ENTRIES_MAX:
        raise FormatError(ErrorKind.TOO_LARGE, f"{what}: {len(lines)} lines")
    header = decode_header(lines[0], what=what)
    entries: list[Entry] = []
    payloads: list[bytes | None] = []
    kept = [lines[0]]
    for number, line in enumerate(lines[1:], 2):
        if line.startswith(_PAYLOAD_MARK):
            sealed = entries[-1].sealed if entries and payloads[-1] is None else None
            if sealed is None:
                raise FormatError(
                    ErrorKind.BATCH_INVALID, f"{what} line {number}: a payload no leaf names"
                )
            payload = decode_payload_line(line, what=f"{what} line {number}")
            check_payload_digest(payload, sealed, f"{what} line {number}")
            payloads[-1] = payload
        else:
            entries.append(decode_entry(line, what=f"{what} line {number}"))
            payloads.append(None)
            kept.append(line)
    if len(entries) > BATCH_ENTRIES_MAX:
        raise FormatError(ErrorKind.TOO_LARGE, f"{what}: {len(entries)} entries")
    kept.append(b"")
    return Batch(
        header=header,
        entries=tuple(entries),
        payloads=tuple(payloads),
        digest=Digest(hashlib.sha256(b"\n".join(kept)).digest()),
    )


def check_complete(batch: Batch, *, what: str) -> None:
    """Check that no payload line was left out.

    Raises:
        IntegrityError: one was; the message names the first entry that lacks its own.
    """
    for entry, payload in zip(batch.entries, batch.payloads, strict=True):
        if entry.sealed is not None and payload is None:
            raise IntegrityError(
                ErrorKind.PAYLOAD_MISSING, f"{what}: entry {entry.index} lacks its payload line"
            )
