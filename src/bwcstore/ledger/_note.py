"""C2SP signed notes: text, signature lines, verifier keys.

Rules kept here (spec: CHK-1 to CHK-6):

- a note has one encoding; what decodes encodes to the same bytes;
- a signature by a key that the verifier does not know is ignored; one by a key that it knows
  must be right, or the whole note is refused;
- at least one known key must have signed.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from typing import Final, Self

import attrs

from bwcstore._limits import NOTE_SIZE_MAX
from bwcstore._ports import Signer
from bwcstore.errors import ErrorKind, FormatError, IntegrityError, InvalidInputError
from bwcstore.ledger._auth import ed25519_verifies

SIGNATURES_MAX: Final = 64
ED25519: Final = b"\x01"
_KEY_TEXT: Final = re.compile(r"([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)")
_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def _name_is_valid(name: str) -> bool:
    return (
        bool(name)
        and "+" not in name
        and not any(c.isspace() for c in name)
        and not (_CONTROL.search(name))
    )


def _unbase64(text: str) -> bytes | None:
    """The bytes whose canonical base64 is exactly `text`."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode() == text else None


@attrs.frozen(kw_only=True)
class VerifierKey:
    """An Ed25519 public key with the name it signs under (C2SP vkey; CHK-2).

    Attributes:
        name: not empty, without spaces and `+`.
        public_key: 32 bytes.
    """

    name: str = attrs.field()
    public_key: bytes = attrs.field()

    @name.validator
    def _check_name(self, _: object, name: str) -> None:
        if not _name_is_valid(name):
            raise InvalidInputError(ErrorKind.ARGUMENT_INVALID, f"not a key name: {name!r:.80}")

    @public_key.validator
    def _check_key(self, _: object, key: bytes) -> None:
        if len(key) != 32:
            raise InvalidInputError(ErrorKind.ARGUMENT_INVALID, f"a public key of {len(key)} bytes")

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name ‖ LF ‖ 0x01 ‖ public key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public_key).digest()[:4]

    def __str__(self) -> str:
        shown = base64.b64encode(ED25519 + self.public_key).decode()
        return f"{self.name}+{self.key_id.hex()}+{shown}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `<name>+<8 hex digits>+<base64>`.

        Raises:
            InvalidInputError: another form, another kind of key, or a wrong key id.
        """
        found = _KEY_TEXT.fullmatch(text)
        raw = _unbase64(found[3]) if found else None
        if found is None or raw is None or raw[:1] != ED25519 or len(raw) != 33:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"not an Ed25519 verifier key: {text!r:.120}"
            )
        key = cls(name=found[1], public_key=raw[1:])
        if key.key_id.hex() != found[2]:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"verifier key {found[1]}: key id {found[2]}, expected {key.key_id.hex()}",
            )
        return key


@attrs.frozen(kw_only=True)
class NoteSignature:
    """One signature line: key name, 4-byte key id, signature."""

    name: str
    key_id: bytes
    signature: bytes


@attrs.frozen(kw_only=True)
class Note:
    """A signed note: text that ends with LF, and its signatures."""

    text: str
    signatures: tuple[NoteSignature, ...]


def encode_note(note: Note) -> bytes:
    """The bytes of a note (CHK-1)."""
    lines = "".join(
        f"— {item.name} {base64.b64encode(item.key_id + item.signature).decode()}\n"
        for item in note.signatures
    )
    return f"{note.text}\n{lines}".encode()


def decode_note(raw: bytes) -> Note:
    """Read a note; no signature is checked.

    Raises:
        FormatError: it does not have the form of a note (CHK-1).
    """
    if len(raw) > NOTE_SIZE_MAX:
        raise FormatError(ErrorKind.TOO_LARGE, f"note: {len(raw)} bytes, {NOTE_SIZE_MAX} are read")
    try:
        content = raw.decode()
    except UnicodeDecodeError as exc:
        raise FormatError(ErrorKind.NOTE_INVALID, "note: not UTF-8") from exc
    text, found, block = content.rpartition("\n\n")
    if not found or not block.endswith("\n") or _CONTROL.search(content):
        raise FormatError(ErrorKind.NOTE_INVALID, "note: text, empty line, signatures expected")
    lines = block[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise FormatError(ErrorKind.NOTE_INVALID, f"note: {len(lines)} signatures")
    return Note(text=text + "\n", signatures=tuple(_signature(line) for line in lines))


def _signature(line: str) -> NoteSignature:
    mark, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    raw = _unbase64(encoded)
    if mark != "—" or not _name_is_valid(name) or raw is None or len(raw) < 5:
        raise FormatError(ErrorKind.NOTE_INVALID, "note: a signature line is malformed")
    return NoteSignature(name=name, key_id=raw[:4], signature=raw[4:])


def sign_note(text: str, *, name: str, signer: Signer) -> bytes:
    """Sign `text` under `name`; the bytes of the note with that one signature.

    Raises:
        InvalidInputError: the text does not end with LF or has other control characters, or the
            name is not one.
    """
    if not text.endswith("\n") or _CONTROL.search(text):
        raise InvalidInputError(ErrorKind.TEXT_FORM, "note: lines of text ended by LF are needed")
    key = VerifierKey(name=name, public_key=signer.public_key)
    signature = NoteSignature(name=name, key_id=key.key_id, signature=signer.sign(text.encode()))
    return encode_note(Note(text=text, signatures=(signature,)))


def verify_note(raw: bytes, keys: Sequence[VerifierKey]) -> Note:
    """Read a note and check it (CHK-3): every known key that signed is right, and at least one
    known key did.

    Raises:
        FormatError: it does not have the form of a note.
        IntegrityError: a known key's signature is wrong, or no known key signed.
    """
    note = decode_note(raw)
    known = {(key.name, key.key_id): key for key in keys}
    signed = 0
    for item in note.signatures:
        key = known.get((item.name, item.key_id))
        if key is None:
            continue
        if not ed25519_verifies(key.public_key, item.signature, note.text.encode()):
            raise IntegrityError(
                ErrorKind.SIGNATURE_INVALID, f"note: the signature of {key.name} is not valid"
            )
        signed += 1
    if not signed:
        raise IntegrityError(ErrorKind.KEY_UNKNOWN, "note: no signature by a known key")
    return note
