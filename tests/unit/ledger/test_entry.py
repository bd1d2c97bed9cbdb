"""Leaves: what is written is read, what differs is refused."""

import hashlib

import attrs
import pytest

from bwcstore._encoding import Json, decode
from bwcstore._values import STORE_SCOPE, ZERO_DIGEST, ActId, Digest, Instant, ScopeId
from bwcstore.errors import ErrorKind, FormatError, InvalidInputError
from bwcstore.ledger._entry import (
    Auth,
    Decided,
    Entry,
    ScopeLink,
    Sealed,
    build_entry,
    check_key_id,
    decode_entry,
)
from tests.unit.ledger import books

HASH = Digest(b"\xab" * 32)


def entry(**changes: object) -> Entry:
    """An entry in the middle of a ledger, or one that differs from it."""
    fields: dict[str, object] = {
        "index": 7,
        "after": HASH,
        "at": books.NOON,
        "by": books.ACTOR,
        "kind": "object.accessed",
        "scope": ScopeLink(id=books.object_scope(1), seq=2, prev=HASH, prev_index=5),
        "body": {"mode": "stream", "purpose": "records"},
        "decided": Decided(at=books.NOON, store_seq=1, store_head=HASH),
    }
    return build_entry(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.spec("LED-10")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"clock": books.NOON.plus_seconds(-3)},
        {"sealed": Sealed(commitment=HASH, key_id="record/store/2026", sha256=HASH)},
        {"auth": Auth(method="ed25519", key=bytes(32), signature=bytes(64))},
        {"kind": "moon.landed", "body": {"where": "Mare Tranquillitatis", "crater": None}},
        {"body": {"mode": "stream", "purpose": "records", "authorization": books.ACTOR.text}},
        {
            "kind": "actor.revoked",
            "body": {"actor": books.ACTOR.text},
            "index": 0,
            "scope": ScopeLink(id=STORE_SCOPE, seq=0, prev=ZERO_DIGEST, prev_index=0),
        },
    ],
)
def test_what_is_built_is_read(changes: dict[str, object]) -> None:
    """Reading gives back every value, and the bytes are canonical."""
    built = entry(**changes)
    found = decode_entry(built.raw)

    assert attrs.asdict(built, recurse=False) == attrs.asdict(found, recurse=False)
    assert decode(built.raw, what="leaf")["index"] == built.index


@pytest.mark.spec("LED-12")
def test_hash_and_link_have_their_places() -> None:
    """The hash is the RFC 6962 leaf hash, and `after` stands at offsets 10 to 73."""
    built = entry()

    assert hashlib.sha256(b"\x00" + built.raw).digest() == built.hash.raw
    assert HASH.raw.hex().encode() == built.raw[10:74]


@pytest.mark.spec("LED-4")
def test_an_unknown_kind_is_kept() -> None:
    """A kind of a later version is read, kept byte for byte, and says that it is not known."""
    raw = entry(kind="moon.landed", body={"x": [1, {"y": "z"}]}).raw

    assert not decode_entry(raw).known
    assert decode_entry(raw).raw == raw


def swap(old: str, new: str) -> bytes:
    """The leaf with one piece of its text replaced."""
    raw = entry().raw.decode()
    assert old in raw
    return raw.replace(old, new, 1).encode()


@pytest.mark.spec("LED-10", "LED-7")
@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", ErrorKind.NOT_JSON),
        (b"{}", ErrorKind.FIELD_MISSING),
        (b"\xff", ErrorKind.NOT_JSON),
        (swap('"by":', '"bz":'), ErrorKind.FIELD_MISSING),
        (swap(',"v":1', ',"v":1,"w":1'), ErrorKind.FIELD_UNKNOWN),
        (swap(',"v":1', ',"v":2'), ErrorKind.FORMAT_NEWER),
        (swap(',"v":1', ',"v":0'), ErrorKind.FIELD_INVALID),
        (swap(',"v":1', ', "v":1'), ErrorKind.NOT_CANONICAL),
        (swap('"index":7', '"index":7,"index":7'), ErrorKind.DUPLICATE_KEY),
        (swap('"index":7', '"index":07'), ErrorKind.NOT_JSON),
        (swap('"index":7', '"index":-7'), ErrorKind.FIELD_INVALID),
        (swap('"index":7', '"index":7.0'), ErrorKind.NUMBER_RANGE),
        (swap('"index":7', '"index":9007199254740992'), ErrorKind.NUMBER_RANGE),
        (swap('"index":7', '"index":' + "9" * 5000), ErrorKind.NOT_JSON),
        (swap('"index":7', '"index":true'), ErrorKind.FIELD_INVALID),
        (swap('"seq":2', '"seq":2,"tail":1'), ErrorKind.FIELD_UNKNOWN),
        (swap("ab" * 32, "AB" * 32), ErrorKind.FIELD_INVALID),
        (swap("2026-03-04", "2026-02-30"), ErrorKind.FIELD_INVALID),
        (swap("2026-03-04", "1969-03-04"), ErrorKind.FIELD_INVALID),
        (swap('"stream"', '"sniff"'), ErrorKind.FIELD_INVALID),
        (swap('"mode":"stream",', ""), ErrorKind.FIELD_MISSING),
        (swap('"mode":"stream"', '"mode":"stream","name":"Zoe"'), ErrorKind.FIELD_UNKNOWN),
        (swap('"method":"asserted"', '"method":"x509"'), ErrorKind.FIELD_INVALID),
        (swap('"body":{', '"body":{"b":' + '{"b":' * 20), ErrorKind.NOT_JSON),
        (swap("object/", "act/"), ErrorKind.ENTRY_INVALID),
        (swap('"prev_index":5', '"prev_index":7'), ErrorKind.ENTRY_INVALID),
        (swap('"seq":2', '"seq":0'), ErrorKind.ENTRY_INVALID),
        (b"[" * 100_000, ErrorKind.TOO_LARGE),
        (b"[" * 30_000, ErrorKind.TOO_DEEP),
        (entry().raw + b" " * 40_000, ErrorKind.TOO_LARGE),
    ],
)
def test_what_is_no_leaf_is_refused(raw: bytes, kind: ErrorKind) -> None:
    """Every departure from the one form is refused with its own code."""
    with pytest.raises(FormatError) as caught:
        decode_entry(raw)

    assert caught.value.kind is kind


def test_deep_nesting_is_refused() -> None:
    """More than 16 levels are refused also inside the body of an unknown kind."""
    deep: object = 1
    for _ in range(16):
        deep = [deep]
    nested = str(deep).replace(" ", "")
    raw = entry(kind="moon.landed", body={"x": 1}).raw.decode().replace('"x":1', f'"x":{nested}')

    with pytest.raises(FormatError) as caught:
        decode_entry(raw.encode())

    assert caught.value.kind is ErrorKind.TOO_DEEP


@pytest.mark.spec("LED-12")
def test_a_nested_link_confuses_nobody() -> None:
    """A body that imitates the end of a leaf is part of the body."""
    imitation = ',"by":"7d444840-9dc0-41d1-b245-5ffdce74fad2","decided":'
    built = entry(kind="moon.landed", body={"x": imitation, "after": "0" * 64})

    assert decode_entry(built.raw).body == {"x": imitation, "after": "0" * 64}
    assert decode_entry(built.raw).after == HASH


@pytest.mark.spec("LED-20")
@pytest.mark.parametrize(
    ("kind", "body", "scope"),
    [
        ("object.accessed", {"mode": "stream", "purpose": "x"}, STORE_SCOPE),
        ("actor.revoked", {"actor": books.ACTOR.text}, books.object_scope(1)),
        ("audit.ended", {"objects": 1, "bytes": 1, "findings": 0}, STORE_SCOPE),
    ],
)
def test_a_kind_keeps_to_its_scope(kind: str, body: dict[str, object], scope: ScopeId) -> None:
    """An entry in a scope that its kind does not allow is refused."""
    link = ScopeLink(id=scope, seq=2, prev=HASH, prev_index=5)

    with pytest.raises(FormatError) as caught:
        decode_entry(entry(kind=kind, body=body, scope=link).raw)

    assert caught.value.kind is ErrorKind.ENTRY_INVALID


@pytest.mark.spec("LED-20")
@pytest.mark.parametrize("scope", [STORE_SCOPE, books.object_scope(1)])
def test_refusals_stand_in_any_scope(scope: ScopeId) -> None:
    """`access.refused` may stand in the scope of whatever was asked for."""
    body = {"verb": "read", "code": "not-authorized", "count": 1}
    link = ScopeLink(id=scope, seq=2, prev=HASH, prev_index=5)

    assert decode_entry(entry(kind="access.refused", body=body, scope=link).raw).known


@pytest.mark.spec("LED-29")
@pytest.mark.parametrize(("behind", "fits"), [(2.000001, True), (2.0, False), (-1.0, False)])
def test_a_clock_is_noted_only_when_it_is_behind(behind: float, fits: bool) -> None:
    """The writer's own time stands there only if it is more than 2 seconds behind."""
    raw = entry(clock=books.NOON.plus_seconds(-behind)).raw
    try:
        decode_entry(raw)
    except FormatError as exc:
        found = exc.kind is not ErrorKind.ENTRY_INVALID
    else:
        found = True

    assert fits == found


def test_entries_are_equal_when_their_bytes_are() -> None:
    """Equality is that of the leaf bytes."""
    assert entry() == decode_entry(entry().raw)
    assert entry() != entry(index=8)


def test_too_large_a_leaf_is_not_built() -> None:
    """A leaf of more than 32 KiB is refused before it is written."""
    with pytest.raises(InvalidInputError) as caught:
        entry(kind="moon.landed", body={"x": ["y" * 4000] * 9})

    assert caught.value.kind is ErrorKind.TOO_LARGE


@pytest.mark.parametrize("kind", ["moon", "Moon.landed", "moon.landed.twice", "a.b\n", ""])
def test_a_kind_has_two_words(kind: str) -> None:
    """What is no kind of entry is not built."""
    with pytest.raises(InvalidInputError) as caught:
        entry(kind=kind)

    assert caught.value.kind is ErrorKind.FIELD_INVALID


@pytest.mark.parametrize("key_id", ["", "/a", "a/", "A", "a b", 'a"b', "a" * 129])
def test_key_ids_have_one_form(key_id: str) -> None:
    """What is no key id is refused."""
    with pytest.raises(InvalidInputError) as caught:
        check_key_id(key_id)

    assert caught.value.kind is ErrorKind.FIELD_INVALID


def test_an_act_has_a_scope_of_its_own() -> None:
    """An entry about an act stands in the act's scope."""
    scope = ScopeId.act(ActId("0190163d-8694-7000-8000-0000000000cc"))
    link = ScopeLink(id=scope, seq=1, prev=HASH, prev_index=6)
    body = {"objects": 3, "bytes": 9, "findings": 0}

    assert decode_entry(entry(kind="audit.ended", body=body, scope=link).raw).scope == link


def test_the_epoch_is_an_instant() -> None:
    """The first instant there is can be written and read."""
    assert decode_entry(entry(at=Instant(0)).raw).at == Instant(0)


@pytest.mark.spec("ENC-2")
def test_levels_are_counted_from_the_leaf() -> None:
    """The leaf is level 1 and its body level 2: a body of 15 levels is read, one of 16 is not."""

    def body(levels: int) -> Json:
        return {"x": body(levels - 1) if levels > 1 else 1}

    deepest = entry(kind="moon.landed", body=body(15))
    deeper = deepest.raw.replace(b'{"x":1}', b'{"x":{"x":1}}')
    with pytest.raises(FormatError) as caught:
        decode_entry(deeper)

    assert deepest == decode_entry(deepest.raw)
    assert ErrorKind.TOO_DEEP == caught.value.kind
