"""The sealed payload of an entry: seal, open, commit, reveal one field.

Rules kept here (spec: LED-14 to LED-18):

- the ciphertext is bound to its store, kind, scope and scope number, never to its index;
- the commitment in the leaf binds every field on its own, so that one field can be revealed
  without the others and without a key;
- salts, nonces and keys are arguments; nothing here draws them.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final, cast

import attrs
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bwcstore._encoding import Json, decode, encode
from bwcstore._values import Digest, ScopeId, StoreId
from bwcstore.errors import ErrorKind, FormatError, IntegrityError, InvalidInputError
from bwcstore.ledger._entry import Entry, Sealed

NONCE_LENGTH_BYTES: Final = 12
SALT_LENGTH_BYTES: Final = 32
TAG_LENGTH_BYTES: Final = 16
PAYLOAD_SIZE_MAX: Final = 1024 * 1024
_INFO: Final = b"bwcstore/v1 payload"


def payload_key(record_key: bytes) -> bytes:
    """The 32-byte AES key of the payloads under one 32-byte record key (LED-15)."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_INFO).derive(record_key)


def payload_context(*, store: StoreId, scope: ScopeId, seq: int, kind: str) -> bytes:
    """The associated data of a payload: canonical JSON of what it belongs to (LED-15)."""
    return (
        f'{{"kind":"{kind}","scope":"{scope.text}","seq":{seq},"store":"{store.text}","v":1}}'
    ).encode()


def entry_context(entry: Entry, *, store: StoreId) -> bytes:
    """The associated data of the payload of `entry`."""
    return payload_context(store=store, scope=entry.scope.id, seq=entry.scope.seq, kind=entry.kind)


@attrs.frozen(kw_only=True)
class SealedPayload:
    """A payload as it is stored: what the leaf says of it, and its bytes."""

    sealed: Sealed
    raw: bytes


def seal_payload(
    fields: Mapping[str, Json],
    *,
    cipher: AESGCM,
    key_id: str,
    salt: bytes,
    nonce: bytes,
    context: bytes,
) -> SealedPayload:
    """Seal the private fields of one entry (LED-14 to LED-16).

    Args:
        fields: the private fields.
        cipher: AES-256-GCM under `payload_key(record key)`.
        key_id: the id of that record key, e.g. `record/<object uuid>`.
        salt: 32 fresh random bytes.
        nonce: 12 fresh random bytes.
        context: `payload_context` of the entry.

    Raises:
        InvalidInputError: the fields have no canonical form, or are longer than 1 MiB.
    """
    texts = _field_texts(fields)
    shown = b",".join(b'"' + name.encode() + b'":' + text for name, text in texts)
    plaintext = salt + b"{" + shown + b"}"
    if len(plaintext) > PAYLOAD_SIZE_MAX:
        raise InvalidInputError(
            ErrorKind.TOO_LARGE, f"private fields: {len(plaintext)} bytes, {PAYLOAD_SIZE_MAX} fit"
        )
    raw = nonce + cipher.encrypt(nonce, plaintext, context)
    return SealedPayload(
        sealed=Sealed(
            commitment=_commit(texts, salt=salt, context=context),
            key_id=key_id,
            sha256=Digest(hashlib.sha256(raw).digest()),
        ),
        raw=raw,
    )


def open_payload(raw: bytes, *, sealed: Sealed, record_key: bytes, context: bytes) -> "Opened":
    """Open a payload and check it against its leaf.

    Args:
        raw: nonce, ciphertext and tag.
        sealed: what the leaf says of it.
        record_key: the 32-byte record key.
        context: `entry_context` of the entry.

    Raises:
        IntegrityError: the digest, the tag or the commitment does not fit.
        FormatError: what was sealed is not canonical JSON.
    """
    check_payload_digest(raw, sealed, "payload")
    if len(raw) < NONCE_LENGTH_BYTES + TAG_LENGTH_BYTES + SALT_LENGTH_BYTES:
        raise IntegrityError(ErrorKind.PAYLOAD_TAG, f"payload: only {len(raw)} bytes")
    try:
        plaintext = AESGCM(payload_key(record_key)).decrypt(
            raw[:NONCE_LENGTH_BYTES], raw[NONCE_LENGTH_BYTES:], context
        )
    except InvalidTag as exc:
        raise IntegrityError(
            ErrorKind.PAYLOAD_TAG, f"payload: {sealed.key_id} does not open it here"
        ) from exc
    salt = plaintext[:SALT_LENGTH_BYTES]
    fields = decode(plaintext[SALT_LENGTH_BYTES:], what="sealed fields", size_max=PAYLOAD_SIZE_MAX)
    if commitment(fields, salt=salt, context=context) != sealed.commitment:
        raise IntegrityError(
            ErrorKind.COMMITMENT_DIFFERS, "payload: its fields are not those of the commitment"
        )
    return Opened(fields=fields, salt=salt)


@attrs.frozen(kw_only=True)
class Opened:
    """An opened payload: the private fields, and the 32-byte salt that reveals them one by one."""

    fields: Mapping[str, Json] = attrs.field(repr=False)
    salt: bytes = attrs.field(repr=False, eq=False)


def check_payload_digest(raw: bytes, sealed: Sealed, what: str) -> None:
    """Check the stored bytes of a payload against its leaf.

    Raises:
        IntegrityError: they differ.
    """
    if hashlib.sha256(raw).digest() != sealed.sha256.raw:
        raise IntegrityError(ErrorKind.PAYLOAD_DIGEST, f"{what}: not the bytes the leaf names")


def commitment(fields: Mapping[str, Json], *, salt: bytes, context: bytes) -> Digest:
    """The commitment to private fields (LED-16).

    Raises:
        InvalidInputError: a field has no canonical form.
    """
    return _commit(_field_texts(fields), salt=salt, context=context)


def _commit(texts: list[tuple[str, bytes]], *, salt: bytes, context: bytes) -> Digest:
    return _join([_field_hash(_blind(salt, name), name, text) for name, text in texts], context)


def _field_texts(fields: Mapping[str, Json]) -> list[tuple[str, bytes]]:
    """Names and canonical values in order; together they are the canonical text of `fields`."""
    return [
        # An object of one field is `{"name":value}`, whose name has no escapes.
        (name, encode({name: fields[name]})[len(name) + 4 : -1])
        for name in sorted(fields)
    ]


def field_text(value: Json) -> bytes:
    """The canonical JSON text of one field's value, UTF-8.

    Raises:
        InvalidInputError: the value has no canonical form.
    """
    return encode({"v": value})[5:-1]


def _blind(salt: bytes, name: str) -> bytes:
    return hmac.digest(salt, name.encode(), "sha256")


def _field_hash(blind: bytes, name: str, value: bytes) -> bytes:
    label = name.encode()
    return hashlib.sha256(
        b"\x03"
        + blind
        + len(label).to_bytes(8, "big")
        + label
        + len(value).to_bytes(8, "big")
        + value
    ).digest()


def _join(field_hashes: list[bytes], context: bytes) -> Digest:
    inner = hashlib.sha256(context).digest()
    return Digest(hashlib.sha256(b"\x02" + inner + b"".join(field_hashes)).digest())


@attrs.frozen(kw_only=True)
class Revealed:
    """One private field with what proves it; it gives nothing away about the others (LED-18).

    Attributes:
        name: the field's name.
        value: its value.
        blind: HMAC-SHA-256(salt, name), 32 bytes.
        before: the hashes of the fields whose names sort before it.
        after: the hashes of the fields whose names sort after it.
    """

    name: str
    value: Json
    blind: bytes
    before: tuple[bytes, ...]
    after: tuple[bytes, ...]


def reveal_field(opened: Opened, name: str) -> Revealed:
    """Take one field out of an opened payload, with its proof.

    Raises:
        InvalidInputError: there is no such field.
    """
    if name not in opened.fields:
        raise InvalidInputError(ErrorKind.ARGUMENT_INVALID, f"no private field {name!r:.80}")
    names = sorted(opened.fields)
    hashes_ = [
        _field_hash(_blind(opened.salt, other), other, field_text(opened.fields[other]))
        for other in names
    ]
    position = names.index(name)
    return Revealed(
        name=name,
        value=opened.fields[name],
        blind=_blind(opened.salt, name),
        before=tuple(hashes_[:position]),
        after=tuple(hashes_[position + 1 :]),
    )


def encode_revealed(revealed: Revealed) -> bytes:
    """Canonical JSON of a revealed field, without a line end.

    Raises:
        InvalidInputError: the value has no canonical form.
    """
    return encode(
        {
            "after": [item.hex() for item in revealed.after],
            "before": [item.hex() for item in revealed.before],
            "blind": revealed.blind.hex(),
            "kind": "revealed-field",
            "name": revealed.name,
            "v": 1,
            "value": revealed.value,
        }
    )


_REVEALED: Final = frozenset(("after", "before", "blind", "kind", "name", "v", "value"))


def decode_revealed(raw: bytes) -> Revealed:
    """Read what `encode_revealed` wrote.

    Raises:
        FormatError: it is not canonical, or a field holds what it may not.
    """
    fields = decode(raw, what="revealed field", size_max=2 * PAYLOAD_SIZE_MAX)
    name, blind = fields.get("name"), fields.get("blind")
    if (
        fields.keys() != _REVEALED
        or fields["kind"] != "revealed-field"
        or fields["v"] != 1
        or not isinstance(name, str)
    ):
        raise FormatError(ErrorKind.FIELD_INVALID, "not a revealed field")
    return Revealed(
        name=name,
        value=fields["value"],
        blind=_hash(blind),
        before=_hashes(fields["before"]),
        after=_hashes(fields["after"]),
    )


def _hash(value: Json) -> bytes:
    try:
        return Digest.parse(cast("str", value)).raw
    except InvalidInputError as exc:
        raise FormatError(ErrorKind.FIELD_INVALID, f"revealed field: {exc.message}") from exc


def _hashes(value: Json) -> tuple[bytes, ...]:
    if not isinstance(value, list) or len(value) > 256:
        raise FormatError(ErrorKind.FIELD_INVALID, "revealed field: not a list of hashes")
    return tuple(_hash(item) for item in value)


def verify_revealed(revealed: Revealed, *, entry: Entry, store: StoreId) -> Json:
    """Check a revealed field against the commitment in its entry; return the value (LED-18).

    Raises:
        IntegrityError: the entry does not commit to this value under this name.
    """
    own = _field_hash(revealed.blind, revealed.name, field_text(revealed.value))
    found = _join([*revealed.before, own, *revealed.after], entry_context(entry, store=store))
    if entry.sealed is None or found != entry.sealed.commitment:
        raise IntegrityError(
            ErrorKind.COMMITMENT_DIFFERS,
            f"entry {entry.index}: does not commit to field {revealed.name!r:.80} as shown",
        )
    return revealed.value


def encode_payload_line(raw: bytes) -> bytes:
    """The line that follows a leaf in a batch, with its line end (LED-17)."""
    return b'{"payload":"' + base64.b64encode(raw) + b'"}\n'


def decode_payload_line(line: bytes, *, what: str) -> bytes:
    """Nonce, ciphertext and tag from a payload line without its line end (LED-17).

    Raises:
        FormatError: the line has another form.
    """
    try:
        raw = base64.b64decode(line[12:-2], validate=True)
    except binascii.Error as exc:
        raise FormatError(ErrorKind.BATCH_INVALID, f"{what}: payload is not base64") from exc
    # Base64 has several texts for the same bytes; only the canonical one is accepted.
    if encode_payload_line(raw)[:-1] != line:
        raise FormatError(ErrorKind.BATCH_INVALID, f"{what}: not a payload line")
    return raw
