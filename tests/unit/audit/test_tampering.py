"""Every way to tamper with a stored byte or name, and the code that names it."""

from collections.abc import Callable
from typing import Final

import attrs
import pytest

from bwcstore import _layout
from bwcstore._values import ByteRange, ObjectId
from bwcstore.audit._findings import Finding, Severity
from bwcstore.audit._report import Report
from bwcstore.errors import ErrorKind
from tests.unit.audit.stores import CHUNK, STORE, Shop, bytes_of, large_store, small_store

LAST: Final = 8  # the number of the last batch of `small_store`
INGEST_BATCH: Final = 3


def codes(report: Report) -> set[ErrorKind]:
    """The codes of everything that is wrong."""
    return {finding.code for finding in report.errors}


def flip(shop: Shop, name: str, old: bytes, new: bytes) -> None:
    """Replace the first occurrence of `old`, which must exist."""
    raw = shop.contents[name]
    assert old in raw
    shop.contents[name] = raw.replace(old, new, 1)


def batch(number: int) -> str:
    """A batch's name."""
    return _layout.batch(0, number)


def objects(shop: Shop) -> list[ObjectId]:
    """The objects in the order of their ids."""
    found = {name.split("/")[1] for name in shop.contents if name.startswith("objects/")}
    return [ObjectId(text) for text in sorted(found)]


def manifest(shop: Shop, object_id: ObjectId) -> str:
    """The name of an object's manifest."""
    prefix = f"objects/{object_id}/manifest-"
    return next(name for name in shop.contents if name.startswith(prefix))


def segment(shop: Shop, object_number: int, number: int) -> str:
    """The name of a segment."""
    return _layout.segment(objects(shop)[object_number], number)


def swap(shop: Shop, one: str, other: str) -> None:
    """Let two names change places."""
    contents = shop.contents
    contents[one], contents[other] = contents[other], contents[one]


@pytest.mark.spec("AUD-1", "AUD-2", "AUD-20")
@pytest.mark.parametrize("make", [small_store, large_store])
def test_clean_store(make: Callable[[], Shop]) -> None:
    """A store that nobody touched has no finding but that nothing was kept to compare."""
    report = make().audit()

    assert [ErrorKind.ROLLBACK_NOT_EXCLUDED] == [finding.code for finding in report.findings]
    assert report.ok
    assert report.complete


@pytest.mark.spec("AUD-26", "AUD-27")
@pytest.mark.parametrize("make", [small_store, large_store])
def test_clean_store_with_keys(make: Callable[[], Shop]) -> None:
    """With keys and what the vault remembers there is no finding at all."""
    shop = make()

    report = shop.audit_keyed(expect=shop.receipts)

    assert () == report.findings
    assert report.keyed
    assert report.coverage.plain_bytes > 0


@attrs.frozen
class Case:
    """One way to tamper with `small_store`, and codes that it must be named by."""

    name: str
    tamper: Callable[[Shop], None]
    expected: frozenset[ErrorKind]


def case(name: str, *expected: ErrorKind) -> Callable[[Callable[[Shop], None]], Case]:
    """Make a case of a function."""
    return lambda tamper: Case(name, tamper, frozenset(expected))


def _remove(name: str) -> Callable[[Shop], None]:
    def tamper(shop: Shop) -> None:
        del shop.contents[name]

    return tamper


def _replace(name: str, old: bytes, new: bytes) -> Callable[[Shop], None]:
    return lambda shop: flip(shop, name, old, new)


def _cut(name: str, count: int) -> Callable[[Shop], None]:
    def tamper(shop: Shop) -> None:
        shop.contents[name] = shop.contents[name][:-count]

    return tamper


def _drop_leaf(shop: Shop) -> None:
    lines = shop.contents[batch(0)].split(b"\n")
    shop.contents[batch(0)] = b"\n".join(lines[:1] + lines[2:])


def _copy(one: str, other: str) -> Callable[[Shop], None]:
    def tamper(shop: Shop) -> None:
        shop.contents[other] = shop.contents[one]

    return tamper


def _swap(one: str, other: str) -> Callable[[Shop], None]:
    return lambda shop: swap(shop, one, other)


def _forge_checkpoint(shop: Shop) -> None:
    name = _layout.checkpoint(0, 10)
    text = shop.contents[name].decode().split("\n")
    text[1] = "9"
    shop.contents[name] = "\n".join(text).encode()


def _move_checkpoint(shop: Shop) -> None:
    shop.contents[_layout.checkpoint(0, 9)] = shop.contents.pop(_layout.checkpoint(0, 10))


def _move_payload(shop: Shop) -> None:
    lines = [shop.contents[batch(number)].split(b"\n") for number in (3, 4)]
    lines[0][2], lines[1][2] = lines[1][2], lines[0][2]
    for number, changed in zip((3, 4), lines, strict=True):
        shop.contents[batch(number)] = b"\n".join(changed)


def _damage_manifest(shop: Shop) -> None:
    flip(shop, manifest(shop, objects(shop)[0]), b'"chunks":1', b'"chunks":2')


def _remove_manifest(shop: Shop) -> None:
    del shop.contents[manifest(shop, objects(shop)[0])]


def _splice_object(shop: Shop) -> None:
    swap(shop, segment(shop, 0, 0), segment(shop, 1, 0))


def _forge_tile(shop: Shop) -> None:
    shop.contents[_layout.tile(0, 0, 0)] = bytes(256 * 32)


E: Final = ErrorKind
CASES: Final = (
    case("header: wrong index", E.INDEX_BROKEN, E.BATCH_LINK)(
        _replace(batch(3), b'"first_index":4', b'"first_index":5')
    ),
    case("header: another store", E.BATCH_LINK)(
        _replace(batch(3), f'"store":"{STORE}"'.encode(), f'"store":"6{str(STORE)[1:]}"'.encode())
    ),
    case("header: unreadable", E.BATCH_INVALID, E.BATCH_LINK)(
        _replace(batch(3), b'{"batch":', b'{"botch":')
    ),
    case("header: newer format", E.BATCH_INVALID)(
        _replace(batch(3), b'"format":"1.0"', b'"format":"2.0"')
    ),
    case("leaf: changed body", E.CHAIN_BROKEN, E.BATCH_LINK, E.CHECKPOINT_ROOT)(
        _replace(batch(2), b'"purposes":["investigation"]', b'"purposes":["entertainment"]')
    ),
    case("leaf: changed kind", E.CHAIN_BROKEN, E.ENTRY_INVALID)(
        _replace(batch(2), b'"kind":"authorization.granted"', b'"kind":"object.ingested"')
    ),
    case("leaf: of no form", E.NOT_JSON, E.CHAIN_BROKEN, E.CHECKPOINT_ROOT)(
        _replace(batch(3), b',"v":1}', b',"v":1]')
    ),
    case("leaf: not canonical", E.NOT_CANONICAL)(_replace(batch(3), b',"v":1}', b', "v":1}')),
    case("leaf: unknown field", E.FIELD_UNKNOWN)(
        _replace(batch(3), b'"collected":[]', b'"colected":[]')
    ),
    case("leaf: backdated", E.CHAIN_BROKEN, E.TIME_ORDER)(
        _replace(batch(3), b'"at":"2026', b'"at":"2025')
    ),
    case("leaf: renumbered", E.INDEX_BROKEN)(_replace(batch(5), b'"index":6', b'"index":7')),
    case("leaf: renumbered in its scope", E.SCOPE_BROKEN)(
        _replace(batch(6), b'"seq":2}', b'"seq":7}')
    ),
    case("leaf: first one removed", E.BATCH_LINK, E.GENESIS_INVALID, E.CHAIN_BROKEN)(_drop_leaf),
    case("last leaf: changed", E.CHECKPOINT_ROOT)(
        _replace(batch(LAST), b'"findings":0', b'"findings":1')
    ),
    case("payload: changed", E.PAYLOAD_DIGEST)(
        _replace(batch(3), b'{"payload":"', b'{"payload":"AAAA')
    ),
    case("payload: of another entry", E.PAYLOAD_DIGEST)(_move_payload),
    case("payload: twice", E.BATCH_INVALID)(
        _replace(batch(3), b'{"payload":"', b'{"payload":"AAAA"}\n{"payload":"')
    ),
    case("payload: of an entry that has none", E.BATCH_INVALID)(
        _replace(batch(LAST), b',"v":1}\n', b',"v":1}\n{"payload":"AAAA"}\n')
    ),
    case("batch: first one missing", E.BATCH_MISSING)(_remove(batch(0))),
    case("batch: one in the middle missing", E.BATCH_MISSING)(_remove(batch(4))),
    case("batch: last one missing", E.CHECKPOINT_BEYOND)(_remove(batch(LAST))),
    case("batch: cut short", E.BATCH_INVALID)(_cut(batch(4), 40)),
    case("batch: empty", E.BATCH_INVALID)(_cut(batch(4), 1541)),
    case("batch: stored twice", E.BATCH_LINK)(_copy(batch(LAST), batch(LAST + 1))),
    case("batch: two swapped", E.BATCH_LINK)(_swap(batch(4), batch(5))),
    case("checkpoint: changed", E.SIGNATURE_INVALID)(_forge_checkpoint),
    case("checkpoint: under another name", E.NOTE_INVALID)(_move_checkpoint),
    case("checkpoint: no note", E.NOTE_INVALID)(
        _replace(_layout.checkpoint(0, 10), b"\n\n", b"\n")
    ),
    case("checkpoint: signed by nobody known", E.KEY_UNKNOWN)(
        _replace(_layout.checkpoint(0, 10), "— example".encode(), "— exempel".encode())
    ),
    case("tile: of entries that are not there", E.CHECKPOINT_BEYOND)(_forge_tile),
    case("manifest: changed", E.MANIFEST_DIGEST)(_damage_manifest),
    case("manifest: missing", E.MANIFEST_MISSING)(_remove_manifest),
    case("object: segments of two swapped", E.SEGMENT_LENGTH, E.CHUNK_DIGEST)(_splice_object),
)


@pytest.mark.spec(
    "AUD-3", "AUD-4", "AUD-5", "AUD-6", "AUD-7", "AUD-8", "AUD-9", "AUD-11", "AUD-15", "AUD-21"
)
@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
def test_tampering_is_named(one: Case) -> None:
    """Each way to tamper is named by its code, and every finding has a clause and a place."""
    shop = small_store()

    one.tamper(shop)
    report = shop.audit()

    assert one.expected <= codes(report)
    assert all(finding.clause.startswith("AUD-") and finding.where for finding in report.findings)


def _of(report: Report, code: ErrorKind) -> list[Finding]:
    return [finding for finding in report.findings if finding.code is code]


@pytest.mark.spec("AUD-24")
def test_changed_chunk_is_named_to_the_byte() -> None:
    """A changed chunk is one finding: object, segment, chunk, byte range, expected and got."""
    shop = large_store()
    name = segment(shop, 0, 1)
    raw = bytearray(shop.contents[name])
    raw[CHUNK + 77] ^= 1
    shop.contents[name] = bytes(raw)

    (finding,) = shop.audit().errors

    assert (
        ErrorKind.CHUNK_DIGEST,
        name,
        objects(shop)[0].text,
        1,
        3,
        ByteRange(CHUNK, CHUNK),
    ) == (
        finding.code,
        finding.where,
        finding.object,
        finding.segment,
        finding.chunk,
        finding.byte_range,
    )
    assert finding.expected != finding.got


@pytest.mark.spec("AUD-24")
def test_swapped_chunks_are_two_findings() -> None:
    """Two chunks that changed places are both named."""
    shop = large_store()
    name = segment(shop, 0, 0)
    raw = shop.contents[name]
    shop.contents[name] = raw[CHUNK:] + raw[:CHUNK]

    report = shop.audit()

    assert [0, 1] == [finding.chunk for finding in report.errors]
    assert {ErrorKind.CHUNK_DIGEST} == codes(report)


@pytest.mark.spec("AUD-23")
@pytest.mark.parametrize("change", [-1, 1, -CHUNK, CHUNK])
def test_segment_of_another_length(change: int) -> None:
    """A segment that was cut or extended has the wrong length, whatever its chunks say."""
    shop = large_store()
    name = segment(shop, 0, 1)
    raw = shop.contents[name]
    shop.contents[name] = raw[:change] if change < 0 else raw + bytes(change)

    report = shop.audit()

    (length,) = _of(report, ErrorKind.SEGMENT_LENGTH)
    assert (str(2 * CHUNK), str(2 * CHUNK + change)) == (length.expected, length.got)
    assert (change < 0) == (ErrorKind.CHUNK_DIGEST in codes(report))


@pytest.mark.spec("AUD-23")
def test_missing_segment() -> None:
    """A segment that is not there is named."""
    shop = large_store()
    del shop.contents[segment(shop, 0, 1)]

    (finding,) = shop.audit().errors

    assert (ErrorKind.SEGMENT_MISSING, 1) == (finding.code, finding.segment)


@pytest.mark.spec("AUD-25")
def test_segment_too_many() -> None:
    """A segment that the object does not have is an error."""
    shop = large_store()
    shop.contents[segment(shop, 0, 3)] = b"more"

    (finding,) = shop.audit().errors

    assert (ErrorKind.SEGMENT_ORPHAN, 3) == (finding.code, finding.segment)


@pytest.mark.spec("AUD-23", "AUD-24")
def test_segments_swapped() -> None:
    """Segments that changed places have wrong lengths or wrong chunks, each named."""
    shop = large_store()
    swap(shop, segment(shop, 0, 0), segment(shop, 0, 1))

    report = shop.audit()

    assert [0, 1, 2, 3] == sorted(finding.chunk or 0 for finding in report.errors)


@pytest.mark.spec("AUD-21", "AUD-22")
@pytest.mark.parametrize("damaged", [False, True])
def test_lost_manifest_does_not_lose_the_video(damaged: bool) -> None:
    """Without the manifest the stored chunks are compared with the root in the ledger."""
    shop = large_store()
    del shop.contents[manifest(shop, objects(shop)[0])]
    if damaged:
        shop.contents[segment(shop, 0, 2)] += b"x"

    report = shop.audit()

    assert damaged == (ErrorKind.CIPHERTEXT_ROOT in codes(report))
    assert ErrorKind.MANIFEST_MISSING in codes(report)


@pytest.mark.spec("AUD-25")
def test_leftovers_are_notes_with_sizes() -> None:
    """What a broken ingest left is no error, but it is counted."""
    shop = Shop()
    shop.ingest(bytes_of(10))
    shop.write(bytes_of(20))
    shop.close()
    shop.contents["readme"] = b"?"

    report = shop.audit()

    found = {finding.code: finding for finding in report.findings}
    assert report.ok
    assert "1 segments, 52 bytes" == found[ErrorKind.SEGMENT_ORPHAN].got
    assert ErrorKind.MANIFEST_ORPHAN in found
    assert "readme" == found[ErrorKind.NAME_INVALID].got
    assert (2, 1) == (report.coverage.unreferenced_names, report.coverage.foreign_names)


@pytest.mark.spec("AUD-11")
def test_copy_without_payload_lines() -> None:
    """A copy without payload lines links, has the same roots, and is said to be one."""
    shop = small_store()
    for name in [name for name in shop.contents if "/batch/" in name]:
        lines = shop.contents[name].split(b"\n")
        kept = [line for line in lines if not line.startswith(b'{"payload"')]
        shop.contents[name] = b"\n".join(kept)

    report = shop.audit()

    assert report.ok
    missing = _of(report, ErrorKind.PAYLOAD_MISSING)
    assert {Severity.NOTE} == {finding.severity for finding in missing}
    assert 5 == len(missing)


@pytest.mark.spec("AUD-3")
def test_gap_is_one_finding() -> None:
    """Entries behind a gap are still checked, and what the gap explains is not reported again."""
    shop = small_store()
    del shop.contents[batch(1)]
    del shop.contents[batch(2)]

    report = shop.audit()

    assert [ErrorKind.BATCH_MISSING] == [finding.code for finding in report.errors]
    assert 8 == report.coverage.entries


@pytest.mark.spec("AUD-3")
def test_absurd_numbers_cost_nothing() -> None:
    """Names with absurd numbers are gaps, not loops."""
    shop = small_store()
    shop.contents[_layout.batch(999_999_999, 0)] = b""
    shop.contents[_layout.batch(0, 999_999_999_999)] = b""
    shop.contents[_layout.checkpoint(7, 999_999_999_999)] = b""

    report = shop.audit()

    assert {ErrorKind.BATCH_MISSING, ErrorKind.BATCH_INVALID, ErrorKind.NOTE_INVALID} <= codes(
        report
    )


@pytest.mark.spec("AUD-3")
def test_nothing_is_no_store() -> None:
    """An empty place is a finding, not an exception."""
    shop = Shop()
    shop.contents.clear()

    report = shop.audit()

    assert {ErrorKind.BATCH_MISSING} == codes(report)
    assert report.store is None
