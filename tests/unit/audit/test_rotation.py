"""Budgets: what a run covers, and that runs together cover everything."""

from collections.abc import Iterator
from typing import Final

import pytest

from bwcstore._ports import ProgressEvent, Stat
from bwcstore._system import SystemWorkers
from bwcstore._values import ByteRange, ObjectId, StoreId
from bwcstore.audit._budget import Budget, Cursor
from bwcstore.audit._report import Report
from bwcstore.audit._run import audit_store
from bwcstore.errors import ErrorKind, FormatError, InvalidInputError, StorageError
from bwcstore.testing import FailAt, FaultyBackend
from tests.unit.audit.stores import CHUNK, STORE, Shop, bytes_of, large_store, small_store

SEGMENTS: Final = 5


def rotate(shop: Shop, budget: Budget, *, runs: int) -> list[Report]:
    """Several runs, each going on where the one before ended."""
    reports: list[Report] = []
    for _ in range(runs):
        cursor = reports[-1].cursor if reports else None
        reports.append(shop.audit(budget=budget, cursor=cursor))
    return reports


@pytest.mark.spec("AUD-28")
@pytest.mark.parametrize("budget", [Budget(length_bytes=1), Budget(percent=0.001)])
def test_smallest_budget_reads_one_segment(budget: Budget) -> None:
    """However little may be read, each run reads one segment, and the runs visit all of them."""
    reports = rotate(large_store(), budget, runs=SEGMENTS)

    assert [1] * SEGMENTS == [report.coverage.segments_checked for report in reports]
    read = [report.coverage.bytes_checked for report in reports]
    assert reports[0].coverage.bytes_total == sum(read)
    assert not any(report.complete for report in reports)


@pytest.mark.spec("AUD-28")
def test_rotation_begins_again() -> None:
    """After all objects were visited, the first is next, and the rotation is counted."""
    reports = rotate(large_store(), Budget(length_bytes=1), runs=SEGMENTS + 1)
    cursors = [report.cursor for report in reports]

    assert [0, 0, 0, 0, 1, 1] == [cursor.rotation for cursor in cursors if cursor]
    assert cursors[0] is not None
    assert cursors[5] is not None
    assert cursors[0].object_id == cursors[5].object_id
    assert cursors[0].segment == cursors[5].segment


@pytest.mark.spec("AUD-28")
def test_a_run_without_bound_is_complete_from_any_cursor() -> None:
    """From the middle of an object a run goes round to where it began, and misses nothing."""
    shop = large_store()
    middle = shop.audit(budget=Budget(length_bytes=1)).cursor

    report = shop.audit(cursor=middle)

    assert report.complete
    assert report.coverage.bytes_total == report.coverage.bytes_checked


@pytest.mark.spec("AUD-28")
def test_bytes_are_kept_to_the_segment() -> None:
    """A budget ends the run at the first segment at which it is used up."""
    report = large_store().audit(budget=Budget(length_bytes=2 * CHUNK + 1))

    assert 2 == report.coverage.segments_checked


@pytest.mark.spec("AUD-28")
def test_whole_budget_is_complete() -> None:
    """A hundred percent is everything."""
    report = large_store().audit(budget=Budget(percent=100.0))

    assert report.complete
    assert 2 == report.coverage.objects_checked


@pytest.mark.spec("AUD-28")
def test_seconds_end_the_ledger_too() -> None:
    """When the time runs out within the ledger, the report says that it is not complete."""
    ticks = iter(range(1000))

    report = small_store().audit(budget=Budget(seconds=3.0), monotonic=lambda: float(next(ticks)))

    assert (False, False) == (report.ledger_complete, report.complete)
    assert 3 == report.coverage.entries
    assert report.ok


@pytest.mark.spec("AUD-28")
def test_seconds_need_a_clock() -> None:
    """Seconds without anything that counts them are the caller's mistake."""
    with pytest.raises(InvalidInputError) as caught:
        small_store().audit(budget=Budget(seconds=3.0))

    assert ErrorKind.ARGUMENT_INVALID is caught.value.kind


@pytest.mark.parametrize("wrong", [0, -1])
def test_budgets_are_positive(wrong: int) -> None:
    """A budget of nothing is refused."""
    with pytest.raises(InvalidInputError) as caught:
        Budget(length_bytes=wrong)

    assert ErrorKind.ARGUMENT_INVALID is caught.value.kind


@pytest.mark.spec("AUD-28")
def test_cursor_of_another_store() -> None:
    """Another store's cursor is not followed, and that is said."""
    other = Cursor(
        store=StoreId("66666666-6666-4666-8666-666666666666"),
        object_id=ObjectId("ffffffff-0000-7000-8000-000000000000"),
    )

    report = large_store().audit(cursor=other)

    assert ErrorKind.ARGUMENT_INVALID in {finding.code for finding in report.findings}
    assert report.complete


def test_cursor_codec() -> None:
    """A cursor reads back as it was written."""
    cursor = Cursor(
        store=STORE,
        object_id=ObjectId("019b7ca9-0000-7000-8000-000000000000"),
        segment=3,
        rotation=7,
    )

    assert cursor == Cursor.decode(cursor.encode())


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b'{"kind":"audit-cursor","object":"x","rotation":0,"segment":0}']
)
def test_no_cursor(raw: bytes) -> None:
    """Anything else is refused."""
    with pytest.raises(FormatError):
        Cursor.decode(raw)


@pytest.mark.spec("AUD-28")
def test_progress_has_totals() -> None:
    """Progress goes up to the stored bytes of the ledger and of the objects."""
    events: list[ProgressEvent] = []

    shop = large_store()
    shop.audit(progress=events.append)

    last = {event.item: event for event in events}
    assert {"ledger", "objects"} == last.keys()
    assert all(event.done_bytes == event.total_bytes for event in last.values())


@pytest.mark.spec("AUD-29")
def test_every_failed_read_is_a_finding() -> None:
    """Whichever read fails, the audit goes on, and what could not be read is named."""
    shop = small_store()
    # The first three calls list the ledger: without them there is nothing at all to say.
    number = 3
    while True:
        plan = FailAt(number)
        report = audit_store(FaultyBackend(shop.world.storage, plan))
        if not plan.fired:
            break
        found = {finding.code for finding in report.errors}
        assert ErrorKind.STORAGE_IO in found, plan.trace[number]
        number += 1

    assert number > 15


@pytest.mark.spec("AUD-29")
@pytest.mark.parametrize("number", [0, 1, 2])
def test_storage_that_cannot_be_listed(number: int) -> None:
    """Where the ledger cannot be listed there is no audit."""
    backend = FaultyBackend(small_store().world.storage, FailAt(number))

    with pytest.raises(StorageError) as caught:
        audit_store(backend)

    assert ErrorKind.STORAGE_IO is caught.value.kind


@pytest.mark.spec("AUD-3")
@pytest.mark.parametrize("call", range(12))
def test_store_that_grows_meanwhile(call: int) -> None:
    """A store that is written to during an audit is not blamed for it, whenever it happens."""
    shop = small_store()
    backend = _Growing(shop, call)

    report = audit_store(backend)

    assert () == report.errors
    assert "ledger/0/batch/000000000009" in shop.contents


class _Growing(FaultyBackend):
    """Storage to which somebody else ingests between two calls."""

    def __init__(self, shop: Shop, call: int) -> None:
        super().__init__(shop.world.storage, FailAt(None))
        self._shop = shop
        self._left = call

    def list(self, prefix: str) -> Iterator[Stat]:
        """Count the call."""
        self._tick()
        return super().list(prefix)

    def read(self, name: str, byte_range: ByteRange | None = None) -> bytes:
        """Count the call."""
        self._tick()
        return super().read(name, byte_range)

    def _tick(self) -> None:
        if self._left == 0:
            self._shop.grow()
        self._left -= 1


@pytest.mark.spec("AUD-2")
@pytest.mark.parametrize("keyed", [False, True])
def test_threads_find_the_same(keyed: bool) -> None:
    """With threads an audit finds the same in the same order as without."""
    shop = Shop()
    for number in range(6):
        shop.ingest(bytes_of(number * CHUNK))
    shop.close()
    for name in sorted(shop.contents):
        if name.endswith("00000001"):
            shop.contents[name] = bytes(len(shop.contents[name]))
    vault = shop.world.keys if keyed else None
    workers = SystemWorkers(4)

    reports = [shop.audit(vault=vault, workers=pool) for pool in (None, workers, workers)]

    workers.close()
    assert reports[0].errors
    assert 1 == len({report.encode() for report in reports})
