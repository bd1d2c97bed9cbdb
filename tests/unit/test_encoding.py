"""Canonical JSON and domain-separated digests."""

import hashlib
import hmac
import json

import pytest

from bwcstore import _encoding as encoding
from bwcstore._encoding import Json
from bwcstore.errors import ErrorKind, FormatError, InvalidInputError


def nested(levels: int) -> dict[str, Json]:
    """An object of so many levels."""
    value: dict[str, Json] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


@pytest.mark.spec("ENC-1", "ENC-2", "ENC-3", "ENC-4")
@pytest.mark.parametrize(
    ("value", "raw"),
    [
        ({}, b"{}"),
        ({"b": 1, "a": 2, "a_b": 3, "a0": 4}, b'{"a":2,"a0":4,"a_b":3,"b":1}'),
        ({"a": [None, True, False, 0, -1]}, b'{"a":[null,true,false,0,-1]}'),
        ({"a": 2**53 - 1, "b": 1 - 2**53}, b'{"a":9007199254740991,"b":-9007199254740991}'),
        ({"a": 'quote " and \\ and /'}, b'{"a":"quote \\" and \\\\ and /"}'),
        ({"a": "Zoë 日本 🚓"}, '{"a":"Zoë 日本 🚓"}'.encode()),
        ({"a": ""}, b'{"a":""}'),
        ({"a": {"c": [], "b": {}}}, b'{"a":{"b":{},"c":[]}}'),
    ],
)
def test_one_encoding(value: dict[str, Json], raw: bytes) -> None:
    """Each value has one encoding, and that decodes to the value."""
    assert encoding.encode(value) == raw
    assert encoding.decode(raw, what="test") == value


@pytest.mark.spec("ENC-2", "ENC-3", "ENC-4", "ENC-5")
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"a": 2**53}, ErrorKind.NUMBER_RANGE),
        ({"a": -(2**53)}, ErrorKind.NUMBER_RANGE),
        ({"a": 1.0}, ErrorKind.FIELD_INVALID),
        ({"a": b""}, ErrorKind.FIELD_INVALID),
        ({"a": (1,)}, ErrorKind.FIELD_INVALID),
        ({"A": 1}, ErrorKind.FIELD_INVALID),
        ({"": 1}, ErrorKind.FIELD_INVALID),
        ({"_a": 1}, ErrorKind.FIELD_INVALID),
        ({"a-b": 1}, ErrorKind.FIELD_INVALID),
        ({"ä": 1}, ErrorKind.FIELD_INVALID),
        ({1: 1}, ErrorKind.FIELD_INVALID),
        ({"a": "x\ny"}, ErrorKind.TEXT_FORM),
        ({"a": "\x7f"}, ErrorKind.TEXT_FORM),
        ({"a": "\x9f"}, ErrorKind.TEXT_FORM),
        ({"a": "Zoe\u0308"}, ErrorKind.TEXT_FORM),
        ({"a": "\ud83d"}, ErrorKind.TEXT_FORM),
        (nested(17), ErrorKind.TOO_DEEP),
        ({"a": [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}, ErrorKind.TOO_DEEP),
    ],
)
def test_values_without_an_encoding(value: dict[str, Json], kind: ErrorKind) -> None:
    """What has no canonical form is refused, and the kind says why."""
    with pytest.raises(InvalidInputError) as caught:
        encoding.encode(value)

    assert caught.value.kind == kind


@pytest.mark.spec("ENC-7")
def test_sixteen_levels_are_read() -> None:
    """The deepest nesting that can be written can be read."""
    assert encoding.decode(encoding.encode(nested(16)), what="test") == nested(16)


@pytest.mark.spec("ENC-7")
@pytest.mark.parametrize("levels", [17, 1000, 200_000])
def test_deep_nesting_is_refused(levels: int) -> None:
    """Hostile nesting is an error like any other."""
    for opening, closing in ((b'{"a":', b"}"), (b"[", b"]")):
        raw = b'{"a":' + opening * levels + b"1" + closing * levels + b"}"

        with pytest.raises(FormatError) as caught:
            encoding.decode(raw, what="test")

        assert caught.value.kind == ErrorKind.TOO_DEEP


@pytest.mark.spec("ENC-7")
def test_long_documents_are_not_parsed() -> None:
    """Beyond the limit that the reader sets, nothing is looked at."""
    assert encoding.decode(b'{"a":1}', what="test", size_max=7) == {"a": 1}
    with pytest.raises(FormatError) as caught:
        encoding.decode(b'{"a":12}', what="test", size_max=7)

    assert caught.value.kind == ErrorKind.TOO_LARGE
    assert caught.value.message == "test: 8 bytes, at most 7 are read"


@pytest.mark.spec("ENC-7")
def test_messages_name_the_thing() -> None:
    """What could not be read is named in the message."""
    for raw in (b"", b"[]", b'{"a":1.5}', b'{"a": 1}', b'{"a":1,"a":1}', b'{"A":1}'):
        with pytest.raises(FormatError) as caught:
            encoding.decode(raw, what="batch 7")

        assert caught.value.message.startswith("batch 7: ")


@pytest.mark.spec("ENC-1")
def test_the_standard_tool_agrees() -> None:
    """What the library writes is what sorting and compacting with any JSON tool gives."""
    value: dict[str, Json] = {"b": [1, {"d": "é", "c": None}], "a": True}

    plain = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert encoding.encode(value) == plain.encode()


@pytest.mark.spec("ENC-8")
def test_parts_are_told_apart() -> None:
    """Moving a byte from one part to the next gives another digest, and the label counts."""
    digests = {
        str(encoding.hash_parts(label, *parts))
        for label in ("bwcstore/v1 a", "bwcstore/v1 b")
        for parts in ((b"ab", b"c"), (b"a", b"bc"), (b"abc",), (b"abc", b""), ())
    }

    assert len(digests) == 10


@pytest.mark.spec("ENC-8")
def test_the_construction_of_a_digest() -> None:
    """Label, zero byte, then each part after its length."""
    raw = b"label\x00" + bytes(7) + b"\x02ab" + bytes(8)

    assert encoding.hash_parts("label", b"ab", b"").raw == hashlib.sha256(raw).digest()
    assert encoding.sha256(b"a", memoryview(b"b")).raw == hashlib.sha256(b"ab").digest()


@pytest.mark.spec("LED-5")
def test_tags() -> None:
    """A tag is keyed, separates kinds, and does not depend on the form of the text."""
    key = bytes(range(32))
    expected = hmac.digest(key, "case\x0026-é".encode(), "sha256")[:16].hex()

    assert str(encoding.tag(key, "case", "26-é")) == expected
    assert str(encoding.tag(key, "case", "26-e\u0301")) == expected
    assert str(encoding.tag(key, "officer", "26-é")) != expected
    assert str(encoding.tag(bytes(32), "case", "26-é")) != expected
