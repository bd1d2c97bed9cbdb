"""Objects, segments and chunks: what is wrong is named to the byte."""

import pytest

from bwcstore._values import ByteRange
from bwcstore.errors import ErrorKind
from tests.unit.audit.stores import (
    CHUNK,
    Shop,
    bytes_of,
    codes,
    found_as,
    large_store,
    manifest,
    objects,
    segment,
    swap,
)


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

    (length,) = found_as(report, ErrorKind.SEGMENT_LENGTH)
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
