"""What was kept outside the store: checkpoints and receipts against rollback, forks and lies."""

from typing import Final

import pytest

from bwcstore import _layout
from bwcstore._values import STORE_SCOPE, Digest
from bwcstore.audit._findings import Severity
from bwcstore.audit._report import Report
from bwcstore.errors import ErrorKind
from bwcstore.ledger._checkpoint import Checkpoint, sign_checkpoint
from bwcstore.ledger._note import VerifierKey
from bwcstore.storage._signer import StoredSigner
from tests.unit.audit.stores import BOSS, ORIGIN, READER, Shop, bytes_of, small_store

SIZE: Final = 10


def codes(report: Report) -> list[ErrorKind]:
    """The codes of everything that is wrong, in the order of the report."""
    return [finding.code for finding in report.errors]


def head(shop: Shop) -> bytes:
    """The last checkpoint."""
    return shop.contents[_layout.checkpoint(0, SIZE)]


def roll_back(shop: Shop) -> None:
    """Take the last batch away and everything that tells of it."""
    del shop.contents[_layout.batch(0, 8)]
    del shop.contents[_layout.checkpoint(0, SIZE)]


@pytest.mark.spec("AUD-20")
def test_rollback_alone_cannot_be_excluded() -> None:
    """A store that was rolled back as a whole is consistent; the audit says what it cannot say."""
    shop = small_store()
    roll_back(shop)

    report = shop.audit()

    assert report.ok
    assert ErrorKind.ROLLBACK_NOT_EXCLUDED in {one.code for one in report.findings}


@pytest.mark.spec("AUD-18")
@pytest.mark.parametrize("option", ["expect", "remembered"])
def test_rollback_against_a_checkpoint(option: str) -> None:
    """A ledger that ends before a checkpoint that was kept was rolled back."""
    shop = small_store()
    note = head(shop)
    roll_back(shop)

    report = shop.audit(**{option: (note,)})

    assert [ErrorKind.ROLLED_BACK] == codes(report)
    assert {"expect": "expected/0", "remembered": "remembered/0"}[option] == report.errors[0].where


@pytest.mark.spec("AUD-18")
def test_rollback_against_the_vault() -> None:
    """With a vault its own memory is asked."""
    shop = small_store()
    roll_back(shop)

    assert ErrorKind.ROLLED_BACK in codes(shop.audit_keyed())


@pytest.mark.spec("AUD-18")
def test_extended_checkpoint() -> None:
    """A ledger that grew extends what was kept before."""
    shop = Shop()
    note = shop.log.checkpoint()
    shop.ingest(bytes_of(10))
    shop.close()

    report = shop.audit(expect=(note,))

    assert (True, 1) == (report.ok, report.extends_count)
    assert ErrorKind.ROLLBACK_NOT_EXCLUDED not in {one.code for one in report.findings}


@pytest.mark.spec("AUD-18", "CHK-23")
@pytest.mark.parametrize(
    ("option", "expected"),
    [("remembered", ErrorKind.FORKED), ("expect", ErrorKind.KEY_UNKNOWN)],
)
def test_checkpoint_by_another_key(option: str, expected: ErrorKind) -> None:
    """What a vault remembers and the store's key did not sign is another store's: forked."""
    shop = small_store()
    other = Checkpoint(origin=ORIGIN, generation=0, size=5, root=Digest(bytes(32)))
    note = sign_checkpoint(other, StoredSigner(bytes(32)))

    assert [expected] == codes(shop.audit(**{option: (note,)}))


@pytest.mark.spec("AUD-15", "AUD-18")
def test_fork_and_equivocation() -> None:
    """A store whose key signed another history is named forked, and its signer named too."""
    shop = small_store()
    other = Checkpoint(origin=ORIGIN, generation=0, size=5, root=Digest(bytes(32)))

    report = shop.audit(expect=(sign_checkpoint(other, shop.signer),))

    assert {ErrorKind.FORKED, ErrorKind.CHECKPOINT_EQUIVOCATION} == set(codes(report))


@pytest.mark.spec("AUD-15")
def test_stored_checkpoint_with_another_root() -> None:
    """A stored checkpoint that the store's key signed over another root is named."""
    shop = small_store()
    for size in (4, 5):
        other = Checkpoint(origin=ORIGIN, generation=0, size=size, root=Digest(bytes(32)))
        shop.contents[_layout.checkpoint(0, size)] = sign_checkpoint(other, shop.signer)

    report = shop.audit()

    assert [ErrorKind.CHECKPOINT_ROOT] == codes(report)
    assert _layout.checkpoint(0, 4) == report.errors[0].where


@pytest.mark.spec("AUD-15")
def test_checkpoint_beyond_the_end() -> None:
    """A stored checkpoint over more entries than there are is named."""
    shop = small_store()
    beyond = Checkpoint(origin=ORIGIN, generation=0, size=11, root=Digest(bytes(32)))
    shop.contents[_layout.checkpoint(0, 11)] = sign_checkpoint(beyond, shop.signer)

    assert [ErrorKind.CHECKPOINT_BEYOND] == codes(shop.audit())


@pytest.mark.spec("AUD-16")
def test_entries_without_checkpoint_are_noted() -> None:
    """Entries that no checkpoint covers are counted: the last of them is protected by nothing."""
    shop = Shop()
    shop.log.checkpoint()
    shop.enrol(READER)

    report = shop.audit()

    (note,) = [one for one in report.findings if one.code is ErrorKind.CHECKPOINT_BEHIND]
    assert (Severity.NOTE, "3", "2") == (note.severity, note.expected, note.got)


@pytest.mark.spec("AUD-15")
def test_key_of_the_caller() -> None:
    """The caller's key counts, not the store's own word."""
    shop = small_store()
    stranger = VerifierKey(name=ORIGIN, public_key=StoredSigner(bytes(32)).public_key)

    wrong = shop.audit(verifier_key=str(stranger))
    right = shop.audit(verifier_key=shop.verifier_key)

    assert {ErrorKind.KEY_UNKNOWN} == set(codes(wrong))
    assert right.ok


@pytest.mark.spec("AUD-19")
def test_receipts_are_honoured() -> None:
    """A store honours the receipts that it gave."""
    shop = small_store()

    report = shop.audit(expect=shop.receipts)

    assert (True, 2) == (report.ok, report.extends_count)


@pytest.mark.spec("AUD-19")
def test_receipt_of_an_object_that_is_gone() -> None:
    """A receipt against a ledger that was cut off before its entry is not honoured."""
    shop = Shop()
    shop.ingest(bytes_of(10))
    shop.close()
    del shop.contents[_layout.batch(0, 1)]
    del shop.contents[_layout.checkpoint(0, 3)]

    report = shop.audit(expect=shop.receipts)

    assert [ErrorKind.RECEIPT_NOT_HONOURED] == codes(report)


@pytest.mark.spec("AUD-19")
def test_receipt_of_a_rewritten_history() -> None:
    """A receipt names the entry itself: another history with the same key does not honour it."""
    one = Shop()
    one.ingest(bytes_of(10))
    other = Shop()
    other.enrol()
    other.close()

    report = other.audit(expect=one.receipts)

    assert [ErrorKind.RECEIPT_NOT_HONOURED] == codes(report)


@pytest.mark.spec("AUD-18", "AUD-19")
@pytest.mark.parametrize(
    "raw", [b"", b"{}\n\nx", b"no note", b'{"a":1}\n\n\xe2\x80\x94 a AAAAAAAA\n']
)
def test_garbage_is_a_finding(raw: bytes) -> None:
    """What was kept and is nothing is a finding of its own."""
    report = small_store().audit(expect=(raw,))

    assert 1 == len(report.errors)
    assert "expected/0" == report.errors[0].where


@pytest.mark.spec("AUD-19")
def test_receipt_that_was_changed() -> None:
    """A receipt that the store's key did not sign as it is, is no receipt."""
    shop = small_store()
    forged = shop.receipts[0].replace(b'"length_bytes":100', b'"length_bytes":900')

    assert [ErrorKind.RECEIPT_INVALID] == codes(shop.audit(expect=(forged,)))


@pytest.mark.spec("AUD-3", "AUD-18")
def test_kept_checkpoint_behind_a_gap() -> None:
    """Where entries are missing, what was kept could not be compared, and that is said."""
    shop = small_store()
    note = head(shop)
    del shop.contents[_layout.batch(0, 4)]

    report = shop.audit(expect=(note,))

    assert [ErrorKind.BATCH_MISSING] == codes(report)
    assert ErrorKind.ROLLBACK_NOT_EXCLUDED in {one.code for one in report.findings}


@pytest.mark.spec("AUD-17")
def test_tiles_and_bundles() -> None:
    """Full tiles and bundles are what the entries give, and are named when they are not."""
    shop = Shop()
    for _ in range(6):
        shop.append(*[shop.refusal() for _ in range(100)])
    shop.close()
    tiles = [name for name in shop.contents if "/tile/" in name]
    clean = shop.audit()
    for name in tiles:
        shop.contents[name] = bytes(1) + shop.contents[name][1:]

    report = shop.audit()

    assert clean.ok
    assert 4 == len(tiles)
    assert sorted(tiles) == sorted(finding.where for finding in report.errors)
    assert {ErrorKind.TILE_DIFFERS, ErrorKind.BUNDLE_DIFFERS} == set(codes(report))


@pytest.mark.spec("AUD-14", "AUD-18")
def test_generations() -> None:
    """A store of several generations is in order, and each is needed."""
    shop = Shop()
    shop.ingest(bytes_of(10))
    note = shop.log.checkpoint()
    shop.log.roll(BOSS)
    shop.enrol(READER)
    shop.close()

    clean = shop.audit(expect=(note, *shop.receipts))
    for name in [name for name in shop.contents if name.startswith("ledger/0/")]:
        del shop.contents[name]
    broken = shop.audit()

    assert (True, 2, 2) == (clean.ok, clean.coverage.generations, clean.extends_count)
    assert ErrorKind.BATCH_MISSING in codes(broken)


@pytest.mark.spec("AUD-14")
def test_generation_that_closes_over_other_heads() -> None:
    """The end of a generation commits the heads of all scopes; others are named."""
    shop = Shop()
    shop.put(STORE_SCOPE, "keys.rotation_started", {"epoch": 0})
    shop.log.roll(BOSS)
    shop.enrol(READER)
    shop.close()
    name = next(one for one, raw in shop.contents.items() if b"generation.closed" in raw)
    shop.contents[name] = shop.contents[name].replace(b'"heads_count":1', b'"heads_count":2')

    report = shop.audit()

    assert ErrorKind.STATE_INVALID in codes(report)
