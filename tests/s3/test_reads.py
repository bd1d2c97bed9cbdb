"""Reading at random places: what is asked for, of the version that was opened, over any way."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import pytest

from bwcstore.errors import ErrorKind, StorageError
from bwcstore.storage._s3 import S3Backend
from bwcstore.storage._s3_ranges import PIECE_BYTES
from bwcstore.testing.backend_suite import pattern
from tests.integration.s3_service import S3Service
from tests.s3 import fault_proxy as faults
from tests.s3.fault_proxy import FaultProxy
from tests.s3.places import open_bucket

LENGTH = 2 * PIECE_BYTES + 12345
DATA = pattern(LENGTH)
NAME = "objects/segment"


@pytest.fixture(name="backend")
def _backend(s3_server: S3Service, locked_bucket: str) -> Iterator[S3Backend]:
    """One large stored thing."""
    with closing(open_bucket(s3_server, locked_bucket, s3_server.parallel)) as backend:
        backend.create(NAME, DATA)
        yield backend


@pytest.mark.parametrize("offset", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, LENGTH - 1, LENGTH])
@pytest.mark.parametrize("length", [1, 64 * 1024, PIECE_BYTES, PIECE_BYTES + 1, LENGTH + 1])
def test_ranges(backend: S3Backend, offset: int, length: int) -> None:
    """Every range is what is stored there, short only at the end."""
    room = bytearray(length)
    with closing(backend.open(NAME)) as source:
        count = source.read_into(offset, memoryview(room))

    assert DATA[offset : offset + length] == bytes(room[:count])


def test_a_version_stays(backend: S3Backend, s3_server: S3Service) -> None:
    """What is open stays the version that it was, whatever is stored over it."""
    room = bytearray(100)
    with closing(backend.open(NAME)) as source, closing(s3_server.client()) as client:
        client.put_object(
            Bucket=backend.place.bucket, Key=backend.place.key(NAME), Body=bytes(LENGTH)
        )
        source.read_into(PIECE_BYTES, memoryview(room))

    assert DATA[PIECE_BYTES : PIECE_BYTES + 100] == bytes(room)


def test_threads(backend: S3Backend) -> None:
    """Several threads read one source at once, and each gets its own."""
    step = 300_000
    offsets = range(0, LENGTH, step)
    with closing(backend.open(NAME)) as source, ThreadPoolExecutor(6) as pool:
        rooms = [bytearray(step) for _ in offsets]
        works = [
            partial(source.read_into, offset, memoryview(room))
            for offset, room in zip(offsets, rooms, strict=True)
        ]
        counts = list(pool.map(lambda work: work(), works))

    assert b"".join(room[:n] for room, n in zip(rooms, counts, strict=True)) == DATA


def test_a_closed_source(backend: S3Backend) -> None:
    """A source that was closed is not read."""
    source = backend.open(NAME)
    source.close()
    with pytest.raises(StorageError) as caught:
        source.read_into(0, memoryview(bytearray(1)))

    assert ErrorKind.CLOSED is caught.value.kind


@pytest.mark.parametrize("broken", [1, 3])
def test_a_connection_that_breaks(s3_server: S3Service, plain_bucket: str, broken: int) -> None:
    """Pieces whose connection breaks while they stream are read again, by the client library."""
    with (
        FaultProxy(s3_server.parallel) as proxy,
        closing(open_bucket(s3_server, plain_bucket, proxy.endpoint)) as backend,
    ):
        backend.create(NAME, DATA)
        proxy.heal()
        proxy.rule(faults.truncate, method="GET", query="X-Amz-Signature", times=broken)
        room = bytearray(LENGTH)
        with closing(backend.open(NAME)) as source:
            count = source.read_into(0, memoryview(room))
        asked = ["X-Amz-Signature" in seen.query for seen in proxy.seen if seen.method == "GET"]

    assert DATA == bytes(room[:count])
    assert (3, broken) == (asked.count(True), asked.count(False))
