"""Sealed payloads: bound to their place, committed to field by field."""

import hashlib
import hmac

import attrs
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bwcstore._encoding import Json, encode
from bwcstore._values import ZERO_DIGEST, Digest
from bwcstore.errors import BwcStoreError, ErrorKind, FormatError, InvalidInputError
from bwcstore.ledger._entry import Decided, Entry, ScopeLink, build_entry
from bwcstore.ledger._payload import (
    SealedPayload,
    decode_payload_line,
    decode_revealed,
    encode_payload_line,
    encode_revealed,
    entry_context,
    open_payload,
    payload_context,
    payload_key,
    reveal_field,
    seal_payload,
    verify_revealed,
)
from tests.unit.ledger import books

RECORD_KEY = bytes(range(32))
SALT = bytes(range(100, 132))
NONCE = bytes(range(200, 212))
FIELDS: dict[str, Json] = {"reason": ["request of Zoë", ""], "claimed": "someone", "n": {"a": 1}}
CONTEXT = payload_context(
    store=books.STORE, scope=books.object_scope(1), seq=4, kind="access.refused"
)


def sealed(fields: dict[str, Json] = FIELDS, context: bytes = CONTEXT) -> SealedPayload:
    """The fields, sealed with fixed salt and nonce."""
    return seal_payload(
        fields,
        cipher=AESGCM(payload_key(RECORD_KEY)),
        key_id="record/store/2026",
        salt=SALT,
        nonce=NONCE,
        context=context,
    )


def entry(payload: SealedPayload, *, seq: int = 4) -> Entry:
    """The entry that the payload belongs to."""
    return build_entry(
        index=9,
        after=ZERO_DIGEST,
        at=books.NOON,
        by=books.ACTOR,
        kind="access.refused",
        scope=ScopeLink(id=books.object_scope(1), seq=seq, prev=ZERO_DIGEST, prev_index=3),
        body={"verb": "read", "code": "not-authorized", "count": 1},
        decided=Decided(at=books.NOON, store_seq=0, store_head=ZERO_DIGEST),
        sealed=payload.sealed,
    )


@pytest.mark.spec("LED-14", "LED-15")
def test_what_is_sealed_opens() -> None:
    """The right key and context give back fields and salt."""
    payload = sealed()
    found = open_payload(payload.raw, sealed=payload.sealed, record_key=RECORD_KEY, context=CONTEXT)

    assert dict(found.fields) == FIELDS
    assert found.salt == SALT


@pytest.mark.spec("LED-15")
def test_sealing_is_what_the_chapter_says() -> None:
    """A second implementation, made from the text of the chapter, opens the payload."""
    payload = sealed()
    key = HKDF(SHA256(), 32, None, b"bwcstore/v1 payload").derive(RECORD_KEY)
    context = encode(
        {
            "kind": "access.refused",
            "scope": books.object_scope(1).text,
            "seq": 4,
            "store": books.STORE.text,
            "v": 1,
        }
    )

    assert AESGCM(key).decrypt(payload.raw[:12], payload.raw[12:], context) == SALT + encode(FIELDS)
    assert hashlib.sha256(payload.raw).digest() == payload.sealed.sha256.raw


@pytest.mark.spec("LED-16")
def test_the_commitment_is_what_the_chapter_says() -> None:
    """A second implementation, made from the text of the chapter, comes to the same value."""
    hashes = b""
    for name in sorted(FIELDS):
        value = encode({"v": FIELDS[name]})[len(b'{"v":') : -1]
        blind = hmac.new(SALT, name.encode(), hashlib.sha256).digest()
        lengths = len(name).to_bytes(8, "big"), len(value).to_bytes(8, "big")
        hashes += hashlib.sha256(
            b"\x03" + blind + lengths[0] + name.encode() + lengths[1] + value
        ).digest()
    expected = hashlib.sha256(b"\x02" + hashlib.sha256(CONTEXT).digest() + hashes).digest()

    assert expected == sealed().sealed.commitment.raw


@pytest.mark.spec("LED-14", "LED-15", "LED-16")
@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("byte", ErrorKind.PAYLOAD_DIGEST),
        ("short", ErrorKind.PAYLOAD_TAG),
        ("key", ErrorKind.PAYLOAD_TAG),
        ("context", ErrorKind.PAYLOAD_TAG),
        ("commitment", ErrorKind.COMMITMENT_DIFFERS),
    ],
)
def test_what_does_not_belong_does_not_open(change: str, kind: ErrorKind) -> None:
    """A changed byte, another key, another place or another commitment is refused."""
    payload = sealed()
    raw, leaf, key, context = payload.raw, payload.sealed, RECORD_KEY, CONTEXT
    if change == "byte":
        raw = raw[:-1] + bytes([raw[-1] ^ 1])
    elif change == "short":
        raw = raw[:20]
        leaf = attrs.evolve(leaf, sha256=Digest(hashlib.sha256(raw).digest()))
    elif change == "key":
        key = bytes(32)
    elif change == "context":
        context = CONTEXT.replace(b'"seq":4', b'"seq":5')
    else:
        leaf = attrs.evolve(leaf, commitment=ZERO_DIGEST)
    with pytest.raises(BwcStoreError) as caught:
        open_payload(raw, sealed=leaf, record_key=key, context=context)

    assert caught.value.kind is kind


@pytest.mark.spec("LED-18")
@pytest.mark.parametrize("name", sorted(FIELDS))
def test_one_field_is_revealed(name: str) -> None:
    """One field verifies against the leaf, after a trip through its text, without the others."""
    payload = sealed()
    opened = open_payload(
        payload.raw, sealed=payload.sealed, record_key=RECORD_KEY, context=CONTEXT
    )
    raw = encode_revealed(reveal_field(opened, name))
    shown = raw.decode()

    assert (
        verify_revealed(decode_revealed(raw), entry=entry(payload), store=books.STORE)
        == (FIELDS[name])
    )
    assert not any(other in shown for other in FIELDS if other not in (name, "n"))
    assert SALT.hex() not in shown


@pytest.mark.spec("LED-18")
def test_a_lie_is_not_revealed() -> None:
    """Another value, name, place or store does not verify."""
    payload = sealed()
    opened = open_payload(
        payload.raw, sealed=payload.sealed, record_key=RECORD_KEY, context=CONTEXT
    )
    good = reveal_field(opened, "claimed")
    lies = [
        (attrs.evolve(good, value="nobody"), entry(payload), books.STORE),
        (attrs.evolve(good, name="claimant"), entry(payload), books.STORE),
        (attrs.evolve(good, blind=bytes(32)), entry(payload), books.STORE),
        (attrs.evolve(good, after=good.after[1:]), entry(payload), books.STORE),
        (good, entry(payload, seq=5), books.STORE),
        (good, entry(payload), books.OTHER_STORE),
    ]
    for revealed, leaf, store in lies:
        with pytest.raises(BwcStoreError) as caught:
            verify_revealed(revealed, entry=leaf, store=store)

        assert caught.value.kind is ErrorKind.COMMITMENT_DIFFERS


def test_a_field_that_is_not_there_is_not_revealed() -> None:
    """Asking for a field that was not sealed is the caller's mistake."""
    payload = sealed()
    opened = open_payload(
        payload.raw, sealed=payload.sealed, record_key=RECORD_KEY, context=CONTEXT
    )
    with pytest.raises(InvalidInputError) as caught:
        reveal_field(opened, "name")

    assert caught.value.kind is ErrorKind.ARGUMENT_INVALID


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"kind":"revealed-field"', '"kind":"other"'),
        ('"v":1', '"v":2'),
        ('"before":[]', '"before":{}'),
        ('"before":[]', '"before":["00"]'),
        ('"name":"claimed"', '"name":7'),
        ('"blind":"', '"blind":"0'),
    ],
)
def test_a_malformed_revealed_field_is_refused(old: str, new: str) -> None:
    """Each field of a revealed field has one form."""
    payload = sealed()
    opened = open_payload(
        payload.raw, sealed=payload.sealed, record_key=RECORD_KEY, context=CONTEXT
    )
    raw = encode_revealed(reveal_field(opened, "claimed")).decode()
    assert old in raw

    with pytest.raises(FormatError) as caught:
        decode_revealed(raw.replace(old, new, 1).encode())

    assert caught.value.kind is ErrorKind.FIELD_INVALID


@pytest.mark.spec("LED-17")
def test_the_payload_line_has_one_form() -> None:
    """Other base64 for the same bytes, and any other line, is refused."""
    line = encode_payload_line(b"ab")[:-1]
    bad = [
        line.replace(b"YWI=", b"YWJ="),
        line.replace(b"YWI=", b"YWI"),
        line.replace(b"YWI=", b"YW I="),
        line + b" ",
        b'{"payload": "YWI="}',
        b'{"payload":"',
    ]

    assert decode_payload_line(line, what="line") == b"ab"
    for other in bad:
        with pytest.raises(FormatError) as caught:
            decode_payload_line(other, what="line")

        assert caught.value.kind is ErrorKind.BATCH_INVALID


def test_too_much_is_not_sealed() -> None:
    """Private fields of more than 1 MiB are refused."""
    with pytest.raises(InvalidInputError) as caught:
        sealed({"reason": ["x" * 1024] * 1025})

    assert caught.value.kind is ErrorKind.TOO_LARGE


def test_an_opened_payload_shows_nothing() -> None:
    """Neither fields nor salt are in the text form, which may end up in a log."""
    payload = sealed()
    opened = open_payload(
        payload.raw, sealed=payload.sealed, record_key=RECORD_KEY, context=CONTEXT
    )

    assert repr(opened) == "Opened()"


def test_the_context_of_an_entry_is_that_of_its_place() -> None:
    """An entry's context is made of its kind, scope and number."""
    assert entry_context(entry(sealed()), store=books.STORE) == CONTEXT
