"""Checkpoints: signed statements of a generation's size and root (C2SP tlog-checkpoint).

Rules kept here (spec: CHK-7 to CHK-12):

- the origin of a checkpoint is the store's origin, `/`, and the generation;
- the note is signed under the store's origin, by the store's one key;
- two checkpoints of one size and different roots are equivocation, whoever made them.
"""

import base64
import re
from typing import Final

import attrs

from bwcstore._encoding import INTEGER_MAX
from bwcstore._ports import Signer
from bwcstore._values import Digest
from bwcstore.errors import EquivocationError, ErrorKind, FormatError
from bwcstore.ledger._note import VerifierKey, decode_note, sign_note, verify_note

_TEXT: Final = re.compile(
    r"([^\s+][^\n]*)/(0|[1-9]\d{0,8})\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n", re.ASCII
)


@attrs.frozen(kw_only=True)
class Checkpoint:
    """What a checkpoint states: the first `size` entries of a generation have this root.

    Attributes:
        origin: the store's origin, without the generation.
        generation: from 0.
        size: entries in the generation.
        root: the RFC 6962 tree hash over them.
    """

    origin: str
    generation: int
    size: int
    root: Digest

    @property
    def text(self) -> str:
        """The note text (CHK-7)."""
        shown = base64.b64encode(self.root.raw).decode()
        return f"{self.origin}/{self.generation}\n{self.size}\n{shown}\n"


def decode_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint's note text.

    Raises:
        FormatError: any other form, also one with extension lines (CHK-8).
    """
    found = _TEXT.fullmatch(text)
    if found is None or int(found[3]) > INTEGER_MAX:
        raise FormatError(ErrorKind.NOTE_INVALID, "checkpoint: not origin, size and root")
    checkpoint = Checkpoint(
        origin=found[1],
        generation=int(found[2]),
        size=int(found[3]),
        root=Digest(base64.b64decode(found[4])),
    )
    # The last digit of base64 has spare bits; only zero ones are canonical.
    if checkpoint.text != text:
        raise FormatError(ErrorKind.NOTE_INVALID, "checkpoint: the root is not canonical base64")
    return checkpoint


def read_checkpoint(raw: bytes) -> Checkpoint:
    """Read a checkpoint note without checking a signature.

    Raises:
        FormatError: it is not a checkpoint note.
    """
    return decode_checkpoint(decode_note(raw).text)


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """The checkpoint as a note signed under the store's origin (CHK-9).

    Raises:
        InvalidInputError: the origin cannot be a key name.
    """
    return sign_note(checkpoint.text, name=checkpoint.origin, signer=signer)


def verify_checkpoint(raw: bytes, key: VerifierKey) -> Checkpoint:
    """Check a checkpoint note with the store's verifier key alone (CHK-10).

    Raises:
        FormatError: it is not a checkpoint note.
        IntegrityError: it is not signed by that key, or its origin is not the key's name.
    """
    checkpoint = decode_checkpoint(verify_note(raw, (key,)).text)
    if checkpoint.origin != key.name:
        raise FormatError(
            ErrorKind.NOTE_INVALID,
            f"checkpoint: origin {checkpoint.origin:.120}, expected {key.name:.120}",
        )
    return checkpoint


def check_consistent(one: Checkpoint, other: Checkpoint) -> None:
    """Check that two checkpoints of one store can both be true, as far as they alone tell.

    Raises:
        EquivocationError: same origin, generation and size, but another root (CHK-11).
    """
    same = (one.origin, one.generation, one.size) == (other.origin, other.generation, other.size)
    if same and one.root != other.root:
        raise EquivocationError(
            ErrorKind.CHECKPOINT_EQUIVOCATION,
            f"two roots for {one.origin}/{one.generation} at size {one.size}:"
            f" {one.root} and {other.root}",
        )
