"""Every way to tamper with a stored byte or name, and the code that names it."""

from collections.abc import Callable
from typing import Final

import attrs
import pytest

from bwcstore import _layout
from bwcstore.audit._findings import Severity
from bwcstore.errors import ErrorKind
from tests.unit.audit.stores import (
    STORE,
    Shop,
    batch,
    codes,
    flip,
    found_as,
    large_store,
    manifest,
    objects,
    segment,
    small_store,
    swap,
)

LAST: Final = 8  # the number of the last batch of `small_store`
INGEST_BATCH: Final = 3


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
    missing = found_as(report, ErrorKind.PAYLOAD_MISSING)
    assert {Severity.WARNING} == {finding.severity for finding in missing}
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


@pytest.mark.spec("AUD-9")
def test_one_change_is_not_reported_by_every_later_entry() -> None:
    """One changed letter gives five errors, however many entries follow."""
    shop = small_store()
    flip(shop, batch(2), b'"purposes":["investigation"]', b'"purposes":["investigatiom"]')

    report = shop.audit()

    assert [
        ErrorKind.CHECKPOINT_ROOT,
        ErrorKind.BATCH_LINK,
        ErrorKind.CHAIN_BROKEN,
        ErrorKind.SCOPE_BROKEN,
        ErrorKind.NOT_AUTHORIZED,
    ] == [finding.code for finding in report.errors]
