"""Batch files: lines in their places, digests without payloads."""

import hashlib

import attrs
import pytest

from bwcstore.errors import BwcStoreError, ErrorKind, IntegrityError
from bwcstore.ledger._batch import Batch, check_complete, decode_batch, encode_batch
from bwcstore.testing._world import World
from tests.unit.ledger import books


def stored() -> bytes:
    """A batch of three entries, the first and last of them sealed."""
    world = World()
    log = books.create(world)
    log.append(
        books.write(
            books.accessed(1, sealed="first"), books.accessed(1), books.accessed(2, sealed="last")
        )
    )
    return world.storage.contents[books.batch_names(world)[1]]


RAW = stored()
LINES = RAW.split(b"\n")[:-1]
BATCH = decode_batch(RAW)


def lines(*numbers: int) -> bytes:
    """The file made of these lines of the stored one."""
    return b"".join(LINES[number] + b"\n" for number in numbers)


@pytest.mark.spec("LED-21", "LED-22")
def test_what_is_stored_is_read() -> None:
    """Header, entries and payloads are in their places, and encode to the same bytes."""
    parts, again = encode_batch(BATCH.header, BATCH.entries, BATCH.payloads)

    assert b"".join(parts) == RAW
    assert again == BATCH
    assert [payload is None for payload in BATCH.payloads] == [False, True, False]


@pytest.mark.spec("LED-25")
def test_the_digest_leaves_payloads_out() -> None:
    """The digest is that of the file without payload lines, which a copy may lack."""
    bare = lines(0, 1, 3, 4)

    assert hashlib.sha256(bare).digest() == BATCH.digest.raw
    assert decode_batch(bare).digest == BATCH.digest
    assert not decode_batch(bare).complete


@pytest.mark.spec("LED-14")
def test_a_missing_payload_is_noticed() -> None:
    """A batch whose payload line was left out is read, and says which entry lacks it."""
    check_complete(BATCH, what="batch")
    with pytest.raises(IntegrityError) as caught:
        check_complete(decode_batch(lines(0, 1, 2, 3, 4)), what="batch")

    assert caught.value.kind is ErrorKind.PAYLOAD_MISSING
    assert f"entry {BATCH.entries[2].index}" in caught.value.message


@pytest.mark.spec("LED-21", "LED-27")
@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", ErrorKind.BATCH_INVALID),
        (b"\n", ErrorKind.BATCH_INVALID),
        (lines(0), ErrorKind.BATCH_INVALID),
        (RAW[:-1], ErrorKind.BATCH_INVALID),
        (RAW + b"\n", ErrorKind.NOT_JSON),
        (RAW.replace(b"\n", b"\r\n"), ErrorKind.NOT_CANONICAL),
        (lines(1, 2, 3, 4, 5), ErrorKind.BATCH_INVALID),
        (lines(0, 2, 1), ErrorKind.BATCH_INVALID),
        (lines(0, 1, 2, 2, 3), ErrorKind.BATCH_INVALID),
        (lines(0, 1, 2, 3, 5), ErrorKind.BATCH_INVALID),
        (lines(0, 1, 5, 3, 4, 2), ErrorKind.PAYLOAD_DIGEST),
        (RAW.replace(LINES[0], LINES[0].replace(b'"1.0"', b'"2.0"')), ErrorKind.FORMAT_NEWER),
        (RAW.replace(LINES[0], LINES[0].replace(b'"1.0"', b'"one"')), ErrorKind.FIELD_INVALID),
        (RAW.replace(LINES[0], LINES[0].replace(b'"1.0"', b'"1.00"')), ErrorKind.FORMAT_UNKNOWN),
        (RAW.replace(b'{"batch":1,', b'{"batch":1,"bonus":1,'), ErrorKind.BATCH_INVALID),
        (RAW.replace(b'{"batch":1,', b'{"batch":1,"batch":1,'), ErrorKind.DUPLICATE_KEY),
        (RAW.replace(b'{"batch":1,', b'{"batch":01,'), ErrorKind.NOT_JSON),
        (b"x" * (16 * 1024 * 1024 + 1), ErrorKind.TOO_LARGE),
        (LINES[0] + b"\n" * 131_100, ErrorKind.TOO_LARGE),
        (b"{" * 2000 + b"\n{}\n", ErrorKind.TOO_LARGE),
    ],
)
def test_what_is_no_batch_is_refused(raw: bytes, kind: ErrorKind) -> None:
    """Lines that are missing, moved, repeated or malformed are refused."""
    found = ErrorKind.DEFECT
    try:
        decode_batch(raw)
    except BwcStoreError as exc:
        found = exc.kind
    expected = ErrorKind.BATCH_INVALID if kind is ErrorKind.FIELD_INVALID else kind

    assert expected is found


@pytest.mark.spec("LED-22")
def test_a_later_minor_version_is_read() -> None:
    """A header of 1.7 is read, and keeps its version."""
    header = attrs.evolve(BATCH.header, format="1.7")
    parts, _ = encode_batch(header, BATCH.entries, BATCH.payloads)

    assert decode_batch(b"".join(parts)).header == header


@pytest.mark.spec("LED-23")
def test_too_many_entries_are_refused() -> None:
    """More than 65,536 entries are refused."""
    line = BATCH.entries[1].raw + b"\n"
    short = line.replace(line[line.index(b',"body"') :], b"}\n")
    raw = LINES[0] + b"\n" + line + short * 65_536
    found: Batch | ErrorKind
    try:
        found = decode_batch(raw)
    except BwcStoreError as exc:
        found = exc.kind

    assert found in (ErrorKind.TOO_LARGE, ErrorKind.FIELD_MISSING)


def test_a_message_names_batch_and_line() -> None:
    """An error in a batch says where it is."""
    raw = RAW.replace(LINES[3], LINES[3].replace(b"stream", b"steam!"))
    with pytest.raises(BwcStoreError) as caught:
        decode_batch(raw, what="batch 0/1")

    assert caught.value.message.startswith("batch 0/1 line 4: ")
