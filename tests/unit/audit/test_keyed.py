"""What an audit with keys finds beyond one without."""

import pytest

from bwcstore import _layout
from bwcstore._encoding import tag
from bwcstore._merkle import leaf_hash
from bwcstore._values import Digest, ObjectId, ScopeId
from bwcstore.audit._report import Report
from bwcstore.errors import ErrorKind
from bwcstore.objects._manifest import Manifest, SegmentFacts, seal_record
from bwcstore.objects._parts import RecordPart
from bwcstore.objects._writer import Written
from tests.unit.audit.stores import CHUNK, STORE, Shop, bytes_of, large_store, small_store


def codes(report: Report) -> set[ErrorKind]:
    """The codes of everything that is not a note."""
    return {finding.code for finding in report.findings if finding.severity != "note"}


def _rewritten(shop: Shop, written: Written, manifest: Manifest) -> Written:
    """Store another manifest in place of the one that was written."""
    object_id = manifest.object_id
    del shop.contents[_layout.manifest(object_id, written.manifest.digest)]
    shop.contents[_layout.manifest(object_id, manifest.digest)] = manifest.encode()
    return Written(
        manifest=manifest,
        plaintext_sha256=written.plaintext_sha256,
        length_bytes=written.length_bytes,
        resumed_segments=0,
    )


@pytest.mark.spec("AUD-26", "AUD-27")
@pytest.mark.parametrize("key_id", ["record/store/2026", "tag", "content/{}", "record/{}"])
def test_missing_key(key_id: str) -> None:
    """A key that is missing is one finding, a warning; what it opens is not blamed."""
    shop = Shop()
    object_id = shop.ingest(bytes_of(10))
    shop.close()
    shop.world.keys.destroy([key_id.format(object_id)])

    report = shop.audit_keyed()

    assert report.ok
    assert [ErrorKind.KEY_ABSENT] == [finding.code for finding in report.findings]
    assert key_id.format(object_id) in report.findings[0].where


@pytest.mark.spec("AUD-26")
def test_payload_under_another_key() -> None:
    """A payload that its key does not open is named; without keys nothing is wrong."""
    shop = small_store()
    shop.world.keys.destroy(["record/store/2026"])
    shop.world.keys.put({"record/store/2026": bytes(32)})

    assert shop.audit().ok
    assert {ErrorKind.PAYLOAD_TAG} == codes(shop.audit_keyed())


@pytest.mark.spec("AUD-27")
def test_object_under_another_key() -> None:
    """A content key that is not the object's is seen at the header, before any chunk."""
    shop = Shop()
    object_id = shop.ingest(bytes_of(10))
    shop.close()
    shop.world.keys.destroy([f"content/{object_id}"])
    shop.world.keys.put({f"content/{object_id}": bytes(32)})

    assert ErrorKind.HEADER_TAG in codes(shop.audit_keyed())


@pytest.mark.spec("AUD-27")
def test_chunk_that_was_never_sealed() -> None:
    """A chunk that the whole open record vouches for, but the key does not, is named."""
    shop = Shop()
    object_id, written = shop.write(bytes_of(CHUNK))
    name = _layout.segment(object_id, 0)
    raw = bytearray(shop.contents[name])
    raw[100] ^= 1
    shop.contents[name] = bytes(raw)
    facts = written.manifest.segments[0]
    leaves = leaf_hash(bytes(raw[:CHUNK])) + facts.leaves[32:]
    forged = Manifest(
        store_id=STORE,
        object_id=object_id,
        chunk_bytes=CHUNK,
        header=written.manifest.header,
        segments=(SegmentFacts(leaves=leaves, length_bytes=facts.length_bytes),),
        record=written.manifest.record,
        content=written.manifest.content,
    )
    shop.admit(object_id, _rewritten(shop, written, forged))
    shop.close()

    keyed = shop.audit_keyed()

    assert shop.audit().ok
    assert {ErrorKind.CHUNK_TAG} == codes(keyed)
    assert 0 == keyed.errors[0].chunk


@pytest.mark.spec("AUD-27")
@pytest.mark.parametrize(
    ("length", "digest", "expected"),
    [
        (10, Digest(bytes(32)), {ErrorKind.PLAINTEXT_DIGEST, ErrorKind.DIGEST_MISMATCH}),
        (11, None, {ErrorKind.PLAINTEXT_LENGTH}),
    ],
)
def test_record_of_another_plaintext(
    length: int, digest: Digest | None, expected: set[ErrorKind]
) -> None:
    """What is recorded of the plaintext under seal is compared with the plaintext itself."""
    shop = Shop()
    object_id, written = shop.write(bytes_of(10))
    part = RecordPart(length_bytes=length, plaintext_sha256=digest or written.plaintext_sha256)
    forged = _with_record(shop, written, part)
    shop.admit(object_id, _rewritten(shop, written, forged))
    shop.close()

    keyed = shop.audit_keyed()

    assert shop.audit().ok
    assert expected == codes(keyed)


def _with_record(shop: Shop, written: Written, part: RecordPart) -> Manifest:
    old = written.manifest
    sealed = seal_record(
        part,
        key=shop.world.keys.get(f"record/{old.object_id}"),
        nonce=bytes(12),
        store_id=STORE,
        object_id=old.object_id,
    )
    return Manifest(
        store_id=STORE,
        object_id=old.object_id,
        chunk_bytes=old.chunk_bytes,
        header=old.header,
        segments=old.segments,
        record=sealed,
        content=old.content,
    )


@pytest.mark.spec("AUD-27")
def test_tag_of_another_file() -> None:
    """The file's tag in the open is the one of the digest under seal."""
    shop = Shop()
    object_id, written = shop.write(bytes_of(10))
    wrong = str(tag(shop.tag_key, "file", "0" * 64))
    shop.put(
        ScopeId.object(object_id),
        "object.ingested",
        {
            "manifest_sha256": str(written.manifest.digest),
            "header": written.manifest.header.hex(),
            "segment_count": 1,
            "ciphertext_root": str(written.manifest.ciphertext_root),
            "tags": {"file": [wrong]},
            "collected": [],
        },
    )
    shop.close()

    assert {ErrorKind.DIGEST_MISMATCH} == codes(shop.audit_keyed())


@pytest.mark.spec("AUD-24", "AUD-27")
def test_damage_is_named_once() -> None:
    """A chunk that is damaged is named as such, and not again as another plaintext."""
    shop = large_store()
    name = sorted(one for one in shop.contents if one.startswith("objects/"))[1]
    raw = bytearray(shop.contents[name])
    raw[5] ^= 1
    shop.contents[name] = bytes(raw)

    report = shop.audit_keyed()

    assert [ErrorKind.CHUNK_DIGEST] == [finding.code for finding in report.errors]


@pytest.mark.spec("AUD-28")
def test_one_object() -> None:
    """Only the bytes of the one object are read; the ledger is read whole."""
    shop = large_store()
    object_id = ObjectId(max(shop.contents).split("/")[1])

    report = shop.audit_keyed(object_id=object_id)
    unknown = shop.audit(object_id=ObjectId("019b7ca9-0000-7000-8000-000000000000"))

    assert (1, 4) == (report.coverage.objects_checked, report.coverage.entries)
    assert report.ok
    assert not report.complete
    assert [ErrorKind.OBJECT_UNKNOWN] == [finding.code for finding in unknown.errors]
