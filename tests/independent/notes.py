"""C2SP signed notes, and the checkpoints and receipts that are notes."""

import dataclasses
import hashlib
import re

from canonical import (
    Json,
    RefusedError,
    decode,
    exact,
    is_hex,
    is_text,
    is_uuid,
    is_whole,
    is_word,
    microseconds,
    unbase64,
)
from ed25519 import verify

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
NUMBER = re.compile(r"(0|[1-9][0-9]*)\Z")
RECEIPT = {
    "at", "batch", "entry", "format", "generation", "index", "kind", "length_bytes",
    "manifest_sha256", "object", "plaintext_sha256", "storage_lock", "store",
    "vault_replicas", "warnings",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class VerifierKey:
    """A key that checks notes (CHK-2)."""

    name: str
    key_id: bytes
    public: bytes

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read `<name>+<key id>+<base64>`."""
        parts = text.split("+", 2)
        raw = unbase64(parts[2]) if len(parts) == 3 else None
        name = parts[0]
        if raw is None or len(raw) != 33 or raw[0] != 1 or not is_name(name):
            raise RefusedError("key-unknown", "not a verifier key")
        key_id = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
        if parts[1] != key_id.hex():
            raise RefusedError("key-unknown", "the key id is not that of the key")
        return cls(name, key_id, raw[1:])


def is_name(name: str) -> bool:
    """Tell whether a text can name a key (CHK-2)."""
    return (
        bool(name) and not any(c.isspace() or c == "+" for c in name) and not CONTROL.search(name)
    )


@dataclasses.dataclass(frozen=True)
class Note:
    """A note that was taken apart: its text, and (name, key id, signature) for each line."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    @classmethod
    def parse(cls, raw: bytes) -> "Note":
        """Read a note in its one encoding (CHK-1, CHK-5, CHK-6)."""
        if len(raw) > 65_536:
            raise RefusedError("too-large", "a note of more than 65,536 bytes")
        try:
            whole = raw.decode()
        except UnicodeDecodeError:
            raise RefusedError("note-invalid", "not UTF-8") from None
        head, mark, tail = whole.rpartition("\n\n")
        if not mark or not head or not tail.endswith("\n") or CONTROL.search(whole):
            raise RefusedError("note-invalid", "not text, an empty line and signatures")
        signatures = [_signature(line) for line in tail[:-1].split("\n")]
        if len(signatures) > 64:
            raise RefusedError("note-invalid", "more than 64 signatures")
        return cls(head + "\n", tuple(signatures))

    def check(self, key: VerifierKey) -> None:
        """Refuse the note unless the key signed it (CHK-3)."""
        mine = [s for n, i, s in self.signatures if (n, i) == (key.name, key.key_id)]
        if not mine:
            raise RefusedError("key-unknown", "no signature by the store's key")
        if not all(verify(key.public, self.text.encode(), signature) for signature in mine):
            raise RefusedError("signature-invalid", "the store's key did not sign this text")


def _signature(line: str) -> tuple[str, bytes, bytes]:
    """Take a signature line apart."""
    parts = line.split(" ")
    raw = unbase64(parts[2]) if len(parts) == 3 and parts[0] == "\u2014" else None
    if raw is None or len(raw) < 5 or not is_name(parts[1]):
        raise RefusedError("note-invalid", "not a signature line")
    return parts[1], raw[:4], raw[4:]


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint states (CHK-7)."""

    origin: str
    generation: int
    size: int
    root: bytes

    @classmethod
    def of(cls, text: str) -> "Checkpoint":
        """Read the three lines."""
        lines = text[:-1].split("\n")
        origin, _, generation = lines[0].rpartition("/")
        numbers = [generation, lines[1] if len(lines) == 3 else ""]
        root = unbase64(lines[2]) if len(lines) == 3 else None
        if root is None or len(root) != 32 or not all(map(NUMBER.match, numbers)):
            raise RefusedError("note-invalid", "not a checkpoint of three lines")
        return cls(origin, int(generation), int(numbers[1]), root)


def read_checkpoint(raw: bytes, key: VerifierKey | None) -> Checkpoint:
    """Verify a checkpoint (CHK-10); without a key, only take it apart."""
    note = Note.parse(raw)
    if key is not None:
        note.check(key)
    stated = Checkpoint.of(note.text)
    if key is not None and stated.origin != key.name:
        raise RefusedError("note-invalid", "the origin is not the name of the key")
    return stated


def _is_codes(value: Json) -> bool:
    """Tell whether a value is a list of at most 64 codes."""
    return isinstance(value, list) and len(value) <= 64 and all(map(is_word, value))


def read_receipt(raw: bytes, key: VerifierKey | None) -> dict[str, Json]:
    """Verify a receipt (RCT-4)."""
    try:
        note = Note.parse(raw)
        if key is not None:
            note.check(key)
        said = exact(decode(note.text[:-1].encode()), RECEIPT, {"source"})
    except RefusedError as error:
        raise RefusedError("receipt-invalid", str(error)) from None
    source = said.get("source", {"id": "x", "scope": "x"})
    formed = [
        microseconds(said["at"]) is not None,
        *(is_whole(said[name]) for name in ("batch", "generation", "index", "length_bytes")),
        *(is_hex(said[name], 32) for name in ("entry", "manifest_sha256", "plaintext_sha256")),
        (said["format"], said["kind"]) == ("1.0", "receipt"),
        is_uuid(said["object"]) and is_uuid(said["store"]),
        isinstance(source, dict) and set(source) == {"id", "scope"},
        isinstance(source, dict) and all(map(is_text, source.values())),
        is_word(said["storage_lock"]),
        _is_codes(said["vault_replicas"]) and _is_codes(said["warnings"]),
    ]
    if not all(formed):
        raise RefusedError("receipt-invalid", "a field of another form")
    return said


def is_receipt(raw: bytes) -> bool:
    """Tell whether a note looks like a receipt: its text is JSON."""
    return raw.startswith(b"{")
