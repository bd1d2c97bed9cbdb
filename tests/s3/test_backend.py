"""The contract of storage, kept by real buckets: with versions and locks, without, and claimed."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from bwcstore._ports import Backend
from bwcstore.errors import AlreadyExistsError
from bwcstore.storage._claimed import ClaimedBackend
from bwcstore.storage._s3 import S3Backend
from bwcstore.testing.backend_suite import BackendSuite, pattern, upload
from bwcstore.testing.lock_suite import LockSuite
from tests.integration.s3_service import S3Service
from tests.s3.places import open_bucket

MEBIBYTE = 1 << 20
RACERS = 8


@pytest.fixture(scope="module")
def shared_locked(s3_server: S3Service) -> str:
    """One bucket with locks for all suites."""
    return s3_server.make_locked_bucket()


@pytest.fixture(scope="module")
def shared_plain(s3_server: S3Service) -> str:
    """One bucket without versions for all suites."""
    return s3_server.make_plain_bucket()


@pytest.mark.spec("BKT-2")
class TestLockedBucket(BackendSuite):
    """A bucket with versions and locks, where requests are taken one at a time."""

    @pytest.fixture
    def backend(self, s3_server: S3Service, shared_locked: str) -> Iterator[S3Backend]:
        """A fresh prefix of it."""
        backend = open_bucket(s3_server, shared_locked, s3_server.serial)
        yield backend
        backend.close()


class TestPlainBucket(BackendSuite):
    """A bucket without versions, where many requests are taken at once."""

    @pytest.fixture
    def backend(self, s3_server: S3Service, shared_plain: str) -> Iterator[S3Backend]:
        """A fresh prefix of it."""
        backend = open_bucket(s3_server, shared_plain, s3_server.parallel)
        yield backend
        backend.close()


@pytest.mark.spec("BKT-9", "BKT-12")
class TestLocks(LockSuite):
    """Versions, locks and legal holds of a bucket."""

    lock_seconds = 6

    @pytest.fixture
    def backend(self, s3_server: S3Service, shared_locked: str) -> Iterator[S3Backend]:
        """A fresh prefix of it."""
        backend = open_bucket(s3_server, shared_locked, s3_server.parallel)
        yield backend
        backend.close()

    @pytest.fixture
    def clock_passes(self) -> Callable[[float], object]:
        """The clock of a real service passes by waiting."""
        return time.sleep

    @pytest.fixture
    def cover(self, backend: S3Backend, s3_client: Any) -> Callable[[str, bytes | None], object]:
        """Put a newer version on top of a name, or a delete marker."""

        def put(name: str, data: bytes | None) -> None:
            where = {"Bucket": backend.place.bucket, "Key": backend.place.key(name)}
            if data is None:
                s3_client.delete_object(**where)
            else:
                s3_client.put_object(**where, Body=data)

        return put


@pytest.mark.parametrize("length", [5 * MEBIBYTE, 5 * MEBIBYTE + 1, 17 * MEBIBYTE + 3])
def test_uploads_in_parts(s3_server: S3Service, shared_plain: str, length: int) -> None:
    """What travels in several parts arrives whole, is create-only, and is read at any place."""
    backend = open_bucket(s3_server, shared_plain, s3_server.parallel)
    data = pattern(length)
    stat = upload(backend, "big", data, step=3 * MEBIBYTE).commit()
    source = backend.open("big")
    buffer = bytearray(MEBIBYTE)

    count = source.read_into(length - MEBIBYTE + 1, memoryview(buffer))

    assert length == stat.length_bytes
    assert MEBIBYTE - 1 == count
    assert data[-count:] == bytes(buffer[:count])
    assert data == backend.read("big")
    with pytest.raises(AlreadyExistsError):
        upload(backend, "big", data, step=MEBIBYTE).commit()
    backend.close()


@pytest.mark.spec("BKT-6")
def test_broken_uploads_are_aborted_once_they_are_old(
    s3_server: S3Service, shared_locked: str
) -> None:
    """What a dead process left is found by its age, and what lives here is never touched."""
    backend = open_bucket(s3_server, shared_locked, s3_server.parallel, upload_seconds_max=-60.0)
    living = upload(backend, "a/living", pattern(6 * MEBIBYTE), step=MEBIBYTE)
    dead = upload(backend, "a/dead", pattern(6 * MEBIBYTE), step=MEBIBYTE)
    backend.under_way.end(dead._upload_id)  # type: ignore[attr-defined]  # what a dead process no longer knows

    removed = [backend.discard_leftovers(prefix) for prefix in ("b/", "a/", "")]
    living.commit()

    assert [0, 1, 0] == removed
    assert ["a/living"] == [stat.name for stat in backend.list("")]
    backend.close()


def test_claims_make_a_racing_bucket_create_batches_once(
    s3_server: S3Service, shared_locked: str, shared_plain: str
) -> None:
    """Of creates of one batch that race on a bucket with versions exactly one succeeds."""
    evidence = open_bucket(s3_server, shared_locked, s3_server.parallel)
    claims = open_bucket(s3_server, shared_plain, s3_server.parallel)

    backend = ClaimedBackend(evidence, claims)
    won = _race(backend, "ledger/0/batch/000000000000")

    assert 1 == len(won)
    assert pattern(300, seed=won[0]) == backend.read("ledger/0/batch/000000000000")
    evidence.close()
    claims.close()


def _race(backend: Backend, name: str) -> list[int]:
    start = Barrier(RACERS)

    def run(number: int) -> bool:
        start.wait()
        try:
            backend.create(name, pattern(300, seed=number))
        except AlreadyExistsError:
            return False
        return True

    with ThreadPoolExecutor(RACERS) as pool:
        return [number for number, won in enumerate(pool.map(run, range(RACERS))) if won]
