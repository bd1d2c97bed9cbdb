"""Proofs that travel: an entry is in the ledger; the ledger of today extends yesterday's.

Both end with the checkpoint that they lead to, so that a verifier needs the proof, the thing
proven and the store's verifier key, and nothing else. Inclusion proofs are C2SP `.tlog-proof`
files; extension proofs have the form of the body that a C2SP witness accepts (spec: CHK-16 to
CHK-20).
"""

import base64
import re
from collections.abc import Sequence
from typing import Final

import attrs

from bwcstore import _merkle
from bwcstore._encoding import INTEGER_MAX
from bwcstore._limits import NOTE_SIZE_MAX
from bwcstore.errors import ErrorKind, FormatError, IntegrityError
from bwcstore.ledger._checkpoint import (
    Checkpoint,
    check_consistent,
    read_checkpoint,
    verify_checkpoint,
)
from bwcstore.ledger._note import VerifierKey
from bwcstore.ledger._tree import PROOF_LENGTH_MAX, check_consistency, check_inclusion

MAGIC: Final = "c2sp.org/tlog-proof@v1"
PROOF_SIZE_MAX: Final = NOTE_SIZE_MAX + 8192
_INDEX: Final = re.compile(r"index (0|[1-9]\d{0,15})", re.ASCII)
_OLD: Final = re.compile(r"old (0|[1-9]\d{0,15})", re.ASCII)
_HASH: Final = re.compile(r"[A-Za-z0-9+/]{43}=", re.ASCII)


@attrs.frozen(kw_only=True)
class InclusionProof:
    """That a leaf is number `index` of a generation's tree.

    Attributes:
        index: the leaf's number within the generation.
        hashes: the proof, 32 bytes each.
        note: the signed checkpoint that it leads to.
    """

    index: int
    hashes: tuple[bytes, ...]
    note: bytes


@attrs.frozen(kw_only=True)
class ExtensionProof:
    """That a checkpoint extends the tree of `old` leaves.

    Attributes:
        old: the size that is known.
        hashes: the consistency proof, 32 bytes each.
        note: the signed checkpoint that extends it.
    """

    old: int
    hashes: tuple[bytes, ...]
    note: bytes


def encode_inclusion(proof: InclusionProof) -> bytes:
    """The bytes of a `.tlog-proof` file (CHK-16)."""
    return f"{MAGIC}\nindex {proof.index}\n{_lines(proof.hashes)}\n".encode() + proof.note


def encode_extension(proof: ExtensionProof) -> bytes:
    """The bytes of an extension proof (CHK-18)."""
    return f"old {proof.old}\n{_lines(proof.hashes)}\n".encode() + proof.note


def decode_inclusion(raw: bytes) -> InclusionProof:
    """Read a `.tlog-proof` file; nothing is verified.

    Raises:
        FormatError: it has another form; extra data, which nothing signs, is refused.
    """
    first, lines, note = _parts(raw)
    found = _INDEX.fullmatch(lines[0]) if first == MAGIC and lines else None
    if found is None or int(found[1]) > INTEGER_MAX:
        raise FormatError(ErrorKind.PROOF_INVALID, "proof: not a tlog-proof with an index")
    return InclusionProof(index=int(found[1]), hashes=_hashes(lines[1:]), note=note)


def decode_extension(raw: bytes) -> ExtensionProof:
    """Read an extension proof; nothing is verified.

    Raises:
        FormatError: it has another form.
    """
    first, lines, note = _parts(raw)
    found = _OLD.fullmatch(first)
    if found is None or int(found[1]) > INTEGER_MAX:
        raise FormatError(ErrorKind.PROOF_INVALID, "proof: does not begin with an old size")
    return ExtensionProof(old=int(found[1]), hashes=_hashes(lines), note=note)


def verify_inclusion(raw: bytes, *, leaf: bytes, key: VerifierKey) -> Checkpoint:
    """Check offline that `leaf` is in the ledger (CHK-17).

    Args:
        raw: a `.tlog-proof` file.
        leaf: the entry's leaf bytes, without a line end.
        key: the store's verifier key.

    Returns:
        The checkpoint that the proof leads to.

    Raises:
        FormatError: the proof or its checkpoint has another form.
        IntegrityError: the checkpoint is not signed by the key, or the leaf is not under it.
    """
    proof = decode_inclusion(raw)
    checkpoint = verify_checkpoint(proof.note, key)
    check_inclusion(
        proof.index,
        checkpoint.size,
        _merkle.leaf_hash(leaf),
        proof.hashes,
        checkpoint.root.raw,
    )
    return checkpoint


def verify_extension(raw: bytes, *, old: Checkpoint, key: VerifierKey) -> Checkpoint:
    """Check offline that a later checkpoint extends an earlier one of the same generation
    (CHK-19).

    Args:
        raw: an extension proof.
        old: the checkpoint that is known; its own signature was checked before.
        key: the store's verifier key.

    Returns:
        The later checkpoint.

    Raises:
        FormatError: the proof or its checkpoint has another form.
        IntegrityError: it is not signed by the key, is of another generation, or does not extend.
        EquivocationError: same size, other root.
    """
    proof = decode_extension(raw)
    new = verify_checkpoint(proof.note, key)
    if (new.origin, new.generation, proof.old) != (old.origin, old.generation, old.size):
        raise IntegrityError(
            ErrorKind.PROOF_INVALID,
            f"proof: from size {proof.old} of {new.origin}/{new.generation}, expected"
            f" {old.size} of {old.origin}/{old.generation}",
        )
    check_consistent(old, new)
    check_consistency(old.size, old.root.raw, new.size, new.root.raw, proof.hashes)
    return new


def _lines(hashes: Sequence[bytes]) -> str:
    return "".join(f"{base64.b64encode(item).decode()}\n" for item in hashes)


def _parts(raw: bytes) -> tuple[str, list[str], bytes]:
    """The first line, the lines up to the empty one, and the note after it."""
    if len(raw) > PROOF_SIZE_MAX:
        raise FormatError(ErrorKind.TOO_LARGE, f"proof: {len(raw)} bytes")
    head, found, note = raw.partition(b"\n\n")
    if not found or not head.isascii():
        raise FormatError(ErrorKind.PROOF_INVALID, "proof: no empty line before the checkpoint")
    read_checkpoint(note)
    first, *lines = head.decode().split("\n")
    return first, lines, note


def _hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    if len(lines) > PROOF_LENGTH_MAX:
        raise FormatError(ErrorKind.PROOF_INVALID, f"proof: {len(lines)} hashes")
    found: list[bytes] = []
    for line in lines:
        raw = base64.b64decode(line) if _HASH.fullmatch(line) else b""
        # The last digit of base64 has spare bits; only zero ones are canonical.
        if len(raw) != 32 or base64.b64encode(raw).decode() != line:
            raise FormatError(ErrorKind.PROOF_INVALID, "proof: a line is not a hash in base64")
        found.append(raw)
    return tuple(found)
