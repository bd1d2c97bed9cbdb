"""What the sealed parts say: their shapes, unknown fields, and file names of every kind."""

import json

import pytest

from bwcstore import _encoding
from bwcstore._values import Digest, Instant
from bwcstore.errors import BwcStoreError, ErrorKind, FormatError, InvalidInputError
from bwcstore.objects._parts import (
    Claim,
    ContentPart,
    Facts,
    FileName,
    RecordPart,
    SourceName,
    clean_name,
)

RECORD = RecordPart(
    length_bytes=7,
    plaintext_sha256=Digest(bytes(32)),
    case="26-1042",
    claims=(
        Claim(at=Instant(1), basis="camera"),
        Claim(at=Instant(2), basis="operator", detail="clock was slow"),
    ),
    device="X81234567",
    label="use-of-force",
    officer="Doe, J.",
    source=SourceName(scope="dock-3", id="42"),
    title="Traffic stop",
    trigger="manual",
)
CONTENT = ContentPart(
    file=FileName.of("Übung\n.mp4".encode()),
    container=Facts.of({"duration_ms": 90_000, "streams": ["video", "audio"]}),
    fields=Facts.of({"note": ["two", "lines"]}),
)


@pytest.mark.spec("MAN-10", "MAN-12")
def test_record_round_trip() -> None:
    """A record part reads back as itself, with every field."""
    assert RecordPart.decode(RECORD.encode()) == RECORD


@pytest.mark.spec("MAN-11", "MAN-12")
def test_content_round_trip() -> None:
    """A content part reads back as itself, with every field."""
    assert ContentPart.decode(CONTENT.encode()) == CONTENT


@pytest.mark.spec("MAN-10")
def test_least_record() -> None:
    """What is not known is absent, not empty."""
    least = RecordPart(length_bytes=0, plaintext_sha256=Digest(bytes(32)))
    expected = {"claims": [], "length_bytes": 0, "plaintext_sha256": "00" * 32}

    assert expected == json.loads(least.encode())
    assert ContentPart().encode() == b"{}"


@pytest.mark.spec("MAN-13")
@pytest.mark.parametrize("part", [RECORD, CONTENT])
def test_unknown_fields_are_kept(part: RecordPart | ContentPart) -> None:
    """A field that is not known here survives reading and writing."""
    value = json.loads(part.encode()) | {"zz_new": {"deep": [1, None, True]}}
    raw = _encoding.encode(value)
    found = type(part).decode(raw)

    assert {"zz_new": {"deep": [1, None, True]}} == found.other.value()
    assert raw == found.encode()


@pytest.mark.parametrize("part", [RECORD, CONTENT])
def test_free_field_cannot_replace_a_known_one(part: RecordPart | ContentPart) -> None:
    """`other` never overrides what the part itself says."""
    name = min(json.loads(part.encode()))
    changed = type(part).decode(part.encode())
    object.__setattr__(changed, "other", Facts.of({name: "forged"}))
    with pytest.raises(InvalidInputError) as caught:
        changed.encode()

    assert ErrorKind.FIELD_INVALID == caught.value.kind


@pytest.mark.spec("MAN-12")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("length_bytes", -1),
        ("length_bytes", True),
        ("length_bytes", "7"),
        ("plaintext_sha256", "00"),
        ("plaintext_sha256", 0),
        ("case", ""),
        ("case", 1),
        ("officer", None),
        ("claims", {}),
        ("claims", [1]),
        ("claims", [{"at": "yesterday", "basis": "camera"}]),
        ("claims", [{"at": str(Instant(1))}]),
        ("claims", [{"at": str(Instant(1)), "basis": "camera", "zz": 1}]),
        ("claims", [{"at": 1, "basis": "camera"}]),
        ("source", "x"),
        ("source", {"id": "x"}),
        ("source", {"id": "x", "scope": "y", "zz": 1}),
    ],
)
def test_invalid_record_fields_are_refused(name: str, value: object) -> None:
    """A known field of another shape is refused, never dropped."""
    raw = _encoding.encode(json.loads(RECORD.encode()) | {name: value})
    with pytest.raises(FormatError) as caught:
        RecordPart.decode(raw)

    assert ErrorKind.FIELD_INVALID == caught.value.kind


@pytest.mark.spec("MAN-12")
@pytest.mark.parametrize("name", ["length_bytes", "plaintext_sha256", "claims"])
def test_needed_record_fields(name: str) -> None:
    """A record part without length, digest or claims is refused."""
    value = json.loads(RECORD.encode())
    del value[name]
    with pytest.raises(FormatError) as caught:
        RecordPart.decode(_encoding.encode(value))

    assert ErrorKind.FIELD_MISSING == caught.value.kind


@pytest.mark.spec("MAN-12", "MAN-14")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("container", []),
        ("fields", "x"),
        ("file", "x"),
        ("file", {"bytes": "61"}),
        ("file", {"bytes": "6", "display": "a"}),
        ("file", {"bytes": "6A", "display": "a"}),
        ("file", {"bytes": "", "display": "a"}),
        ("file", {"bytes": 1, "display": "a"}),
        ("file", {"bytes": "61" * 4097, "display": "a"}),
        ("file", {"bytes": "61", "display": ""}),
    ],
)
def test_invalid_content_fields_are_refused(name: str, value: object) -> None:
    """A known field of another shape is refused, never dropped."""
    raw = _encoding.encode(json.loads(CONTENT.encode()) | {name: value})
    with pytest.raises(FormatError) as caught:
        ContentPart.decode(raw)

    assert ErrorKind.FIELD_INVALID == caught.value.kind


@pytest.mark.spec("MAN-14")
@pytest.mark.parametrize(
    ("raw", "display"),
    [
        (b"a.mp4", "a.mp4"),
        ("Übung.mp4".encode(), "Übung.mp4"),
        ("U\u0308bung.mp4".encode(), "Übung.mp4"),
        (b"\xff\xfe.mp4", "\ufffd\ufffd.mp4"),
        (b"two\nlines", "two\ufffdlines"),
        (b"nul\x00\x7f\xc2\x85", "nul\ufffd\ufffd\ufffd"),
        ("exe.\u202e4pm".encode(), "exe.\ufffd4pm"),
        ("zero\u200bwidth".encode(), "zero\ufffdwidth"),
        ("line\u2028sep".encode(), "line\ufffdsep"),
        ("\U0001f4f9".encode(), "\U0001f4f9"),
        (b"x" * 300, "x" * 255),
    ],
)
def test_display_names(raw: bytes, display: str) -> None:
    """What is shown is one safe line, whatever the bytes are; the bytes are kept beside it."""
    name = FileName.of(raw)

    assert (raw, display) == (name.raw, name.display)
    assert ContentPart(file=name) == ContentPart.decode(ContentPart(file=name).encode())


@pytest.mark.parametrize("raw", [b"", b"x" * 4097])
def test_names_that_no_file_has(raw: bytes) -> None:
    """An empty name, or one longer than any file system has, is refused."""
    with pytest.raises(InvalidInputError) as caught:
        clean_name(raw)

    assert ErrorKind.TEXT_FORM == caught.value.kind


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"b":1,"a":2}', b'{"a":1.5}'])
def test_facts_are_canonical(raw: bytes) -> None:
    """Facts exist in canonical form only."""
    with pytest.raises(BwcStoreError):
        Facts(raw)


@pytest.mark.parametrize("text", ["two\nlines", "U\u0308", ""])
def test_texts_are_one_line_of_nfc(text: str) -> None:
    """A text that is not one line of NFC text is refused before it is sealed."""
    part = RecordPart(length_bytes=0, plaintext_sha256=Digest(bytes(32)), title=text)
    with pytest.raises(InvalidInputError) as caught:
        part.encode()

    assert ErrorKind.TEXT_FORM == caught.value.kind
