"""Buckets: how close ingest and verified reading come to moving the same bytes raw, and how many
requests one durable append takes.

The limit is measured in the same run, with the same client, service, part size and concurrency.
Where the service runs on the same machine, it takes its share of the processors from both.
"""

import base64
import hashlib
import itertools
import os
import random
import threading
import uuid
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

import bwcstore
from benchmarks import limits
from benchmarks.test_ingest import KEYS, STORE, describe
from bwcstore._system import SystemClock, SystemEntropy, SystemWorkers, system_environment
from bwcstore._values import ObjectId
from bwcstore.objects._manifest import Manifest
from bwcstore.objects._reader import ObjectReader
from bwcstore.objects._writer import ObjectWriter
from bwcstore.storage._keysource import KeyFile
from bwcstore.storage._s3 import S3Backend
from bwcstore.storage._s3_client import Answer, S3Client
from bwcstore.storage._s3_options import S3Options
from bwcstore.storage._s3_ranges import PIECES_AT_ONCE, S3Ranges
from tests.integration.s3_service import REGION, S3Service, UnavailableError, running_service

MIB: Final = 1024 * 1024
DEFAULT_BYTES: Final = 256 * MIB
ROUNDS: Final = 3
RANDOM_READS: Final = 400
RANDOM_BYTES: Final = 64 * 1024
APPENDS: Final = 20
RISE_BYTES_MAX: Final = 300 * MIB
NUMBERS: Final = itertools.count()
MEMORY: Final = """
import sys
from pathlib import Path
from benchmarks import test_s3 as s3
from tests.integration.s3_service import S3Service
def prepare(arguments):
    global source, backend, manifest
    source = Path(arguments[0])
    service = S3Service.of(s3.os.environ)
    backend = s3.open_backend(service, arguments[1], arguments[2])
    manifest = s3.ingest(backend, Path("/dev/null"))
    s3.read_all(backend, manifest)
    kept = arguments[3]
    manifest = s3.Manifest.decode(Path(kept).read_bytes()) if kept else None
def work():
    if manifest is None:
        s3.ingest(backend, source)
    else:
        s3.read_all(backend, manifest)
"""


def bench_bytes(benchmark: Any) -> int:
    """How much data to work on: `BWCSTORE_BENCH_S3_BYTES`, or 256 MiB; little when not timed."""
    if benchmark.disabled:
        return 20 * MIB
    return int(os.environ.get("BWCSTORE_BENCH_S3_BYTES", str(DEFAULT_BYTES)))


@pytest.fixture(name="service", scope="module")
def _service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[S3Service]:
    if request.config.getoption("benchmark_disable") and not os.environ.get("BWC_S3_ENDPOINT"):
        pytest.skip("no S3 service: set BWC_S3_ENDPOINT, or measure, which starts one")
    try:
        with running_service(tmp_path_factory.mktemp("s3") / "server") as found:
            yield found
    except UnavailableError as exc:
        pytest.skip(f"no real S3 server: {exc}")


@pytest.fixture(name="bucket")
def _bucket(service: S3Service) -> Iterator[str]:
    """A bucket without versions; nothing of it stays behind."""
    name = service.make_plain_bucket()
    yield name
    client = service.client()
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=name):
        for stored in page.get("Contents", ()):
            client.delete_object(Bucket=name, Key=stored["Key"])
    client.delete_bucket(Bucket=name)


@pytest.fixture(name="directory")
def _directory(tmp_path: Path) -> Iterator[Path]:
    yield from limits.bench_directory(tmp_path)


def reach(service: S3Service) -> S3Options:
    """The options of a store that wants nothing special."""
    return S3Options(
        endpoint_url=service.parallel,
        region=REGION,
        access_key_id=service.key_id,
        secret_access_key=service.secret,
    )


def open_backend(service: S3Service, bucket: str, prefix: str = "") -> S3Backend:
    """A prefix of a bucket, a fresh one unless told otherwise."""
    return S3Backend(
        f"s3://{bucket}/{prefix or uuid.uuid4()}",
        clock=SystemClock(),
        entropy=SystemEntropy(),
        options=reach(service),
    )


def ingest(backend: S3Backend, path: Path) -> Manifest:
    """Store one file as a fresh object."""
    object_id = ObjectId.parse(f"0190163d-8694-7000-8000-{os.getpid() * 1000 + next(NUMBERS):012d}")
    writer = ObjectWriter(backend=backend, environment=system_environment(), store_id=STORE)
    with path.open("rb", buffering=0) as source:
        return writer.write(source, object_id=object_id, keys=KEYS, describe=describe).manifest


def open_reader(backend: S3Backend, manifest: Manifest) -> ObjectReader:
    """A reader with real threads."""
    return ObjectReader(
        manifest, backend=backend, content_key=KEYS.content, workers=SystemWorkers()
    )


def read_all(backend: S3Backend, manifest: Manifest, step_bytes: int = 8 * MIB) -> int:
    """Read an object from start to end into memory that is used again."""
    room = memoryview(bytearray(step_bytes))
    with open_reader(backend, manifest) as reader:
        while reader.readinto(room):
            pass
        return reader.bytes_released


def upload_raw(backend: S3Backend, path: Path, name: str) -> None:
    """The same bytes, client, part size, concurrency and checksums, and nothing else."""
    client, options = backend.client, backend.client.options
    key = client.place.key(name)
    begun = client.call("create_multipart_upload", Key=key, ChecksumAlgorithm="SHA256")
    upload = begun.fields["UploadId"]
    under_way: deque[tuple[int, str, Future[Answer]]] = deque()
    arrived: list[dict[str, object]] = []

    def arrive() -> None:
        number, digest, answer = under_way.popleft()
        tag = answer.result().fields["ETag"]
        arrived.append({"PartNumber": number, "ETag": tag, "ChecksumSHA256": digest})

    with path.open("rb", buffering=0) as source:
        for number in itertools.count(1):
            part = source.read(options.part_bytes)
            if not part:
                break
            digest = base64.b64encode(hashlib.sha256(part).digest()).decode()
            while len(under_way) >= options.parts_at_once:
                arrive()
            answer = client.begin(
                "upload_part",
                length_bytes=len(part),
                Key=key,
                UploadId=upload,
                PartNumber=number,
                Body=part,
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=digest,
            )
            under_way.append((number, digest, answer))
    while under_way:
        arrive()
    client.call(
        "complete_multipart_upload", Key=key, UploadId=upload, MultipartUpload={"Parts": arrived}
    )


def download_raw(backend: S3Backend, name: str, length: int, piece_bytes: int) -> None:
    """The same bytes by the same plain connections, as many at once, and thrown away."""
    ranges = S3Ranges(backend.client)
    address = ranges.sign(backend.client.place.key(name), {}, None)
    assert address is not None
    offsets = iter(range(0, length, piece_bytes))
    lock = threading.Lock()

    def work() -> None:
        room = memoryview(bytearray(piece_bytes))
        while True:
            with lock:
                offset = next(offsets, None)
            if offset is None:
                return
            there = room[: min(piece_bytes, length - offset)]
            assert ranges.fill(address, there, offset_bytes=offset)

    threads = [threading.Thread(target=work) for _ in range(PIECES_AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ranges.close()


def _report(benchmark: Any, what: str, length: int, ours: float, limit: float) -> None:
    facts = {
        "mib_per_s": limits.mib_per_s(length, ours),
        "ceiling_mib_per_s": limits.mib_per_s(length, limit),
        "ratio": round(limit / ours, 3),
    }
    benchmark.extra_info.update(facts)
    print(f"\n{what}: {facts}")


def test_ingest(benchmark: Any, service: S3Service, bucket: str, directory: Path) -> None:
    """One large recording, beside a raw upload of it; by turns, so that both meet the same load."""
    length = bench_bytes(benchmark)
    source = limits.make_source(directory / "source", length)
    with closing(open_backend(service, bucket)) as backend:
        ingest(backend, Path(os.devnull))
        raw: list[float] = []

        def setup() -> None:
            name = f"raw/{next(NUMBERS)}"
            raw.append(limits.seconds(lambda: upload_raw(backend, source, name)))
            backend.delete(name)

        manifest = benchmark.pedantic(
            lambda: ingest(backend, source), setup=setup, rounds=1 if benchmark.disabled else ROUNDS
        )
        if benchmark.enabled:
            _report(benchmark, "ingest", length, benchmark.stats.stats.min, min(raw))

        assert length == read_all(backend, manifest)


@pytest.mark.parametrize("step_bytes", [MIB, 8 * MIB])
def test_read(
    benchmark: Any, service: S3Service, bucket: str, directory: Path, step_bytes: int
) -> None:
    """A whole recording onwards, verified, beside a raw download of as many bytes."""
    length = bench_bytes(benchmark)
    source = limits.make_source(directory / "source", length)
    with closing(open_backend(service, bucket)) as backend:
        manifest = ingest(backend, source)
        upload_raw(backend, source, "raw")
        raw: list[float] = []

        def setup() -> None:
            raw.extend(
                limits.seconds(lambda p=piece: download_raw(backend, "raw", length, p))
                for piece in (2 * MIB, 8 * MIB)
            )

        released = benchmark.pedantic(
            lambda: read_all(backend, manifest, step_bytes),
            setup=setup,
            rounds=1 if benchmark.disabled else ROUNDS,
        )
        if benchmark.enabled:
            what = f"verified read, {step_bytes // MIB} MiB at a time"
            _report(benchmark, what, length, benchmark.stats.stats.min, min(raw))

    assert length == released


def test_random_reads(benchmark: Any, service: S3Service, bucket: str, directory: Path) -> None:
    """64 KiB from anywhere; beside the client library, which is asked for the same chunks."""
    length = bench_bytes(benchmark)
    source = limits.make_source(directory / "source", length)
    choice = random.Random(1)
    count = 5 if benchmark.disabled else RANDOM_READS
    offsets = [choice.randrange(length - RANDOM_BYTES) for _ in range(count)]
    with closing(open_backend(service, bucket)) as backend:
        manifest = ingest(backend, source)
        upload_raw(backend, source, "raw")
        room = memoryview(bytearray(manifest.chunk_bytes))
        raw: list[float] = []

        def fetch_raw() -> None:
            key = backend.client.place.key("raw")
            for offset in offsets:
                start = offset // room.nbytes * room.nbytes
                backend.client.read_into(room, offset_bytes=start, Key=key)

        def work() -> int:
            with open_reader(backend, manifest) as reader:
                for offset in offsets:
                    reader.seek(offset)
                    reader.readinto(room[:RANDOM_BYTES])
                return reader.bytes_released

        released = benchmark.pedantic(
            work,
            setup=lambda: raw.append(limits.seconds(fetch_raw)),
            rounds=1 if benchmark.disabled else ROUNDS,
        )
        if benchmark.enabled:
            ours = benchmark.stats.stats.min
            facts = {
                "ms_per_read": round(1000 * ours / count, 2),
                "ceiling_ms_per_read": round(1000 * min(raw) / count, 2),
                "ratio": round(min(raw) / ours, 3),
            }
            benchmark.extra_info.update(facts)
            print(f"\nreads of 64 KiB here and there: {facts}")

    assert count * RANDOM_BYTES == released


@pytest.mark.parametrize("what", ["ingest", "read"])
def test_memory(
    benchmark: Any, service: S3Service, bucket: str, directory: Path, what: str
) -> None:
    """How far memory rises while one large recording is stored, or read."""
    length = bench_bytes(benchmark)
    source = limits.make_source(directory / "source", length)
    kept = ""
    if what == "read":
        with closing(open_backend(service, bucket, "kept")) as backend:
            kept = str(directory / "manifest")
            Path(kept).write_bytes(ingest(backend, source).encode())
    rise = benchmark.pedantic(
        lambda: limits.peak_rise_bytes(MEMORY, str(source), bucket, "kept", kept), rounds=1
    )
    benchmark.extra_info["peak_rise_mib"] = rise // MIB
    print(f"\npeak memory rise of {what}: {rise / MIB:.0f} MiB")

    assert rise < RISE_BYTES_MAX


@pytest.mark.parametrize("protocol", ["numbered", "claimed"])
def test_append_requests(
    benchmark: Any, service: S3Service, bucket: str, directory: Path, protocol: str
) -> None:
    """How many requests one durable append takes, and how long: wanted are one, or two.

    The record key is looked for anew every few seconds, which counts apart.
    """
    asked: Counter[str] = Counter()
    ask = S3Client._ask

    async def counted(self: S3Client, operation: str, arguments: Any) -> Any:
        place = "keys" if arguments.get("Key", "").startswith("keys/") else "log"
        asked[f"{place}: {operation}"] += 1
        return await ask(self, operation, arguments)

    claimed = protocol == "claimed"
    options = reach(service)
    if not claimed:
        options = attrs.evolve(options, endpoint_url=service.serial)
    KeyFile.generate(directory / "store.key", SystemEntropy())
    with (
        bwcstore.Store.create(
            f"s3://{service.make_locked_bucket()}/evidence",
            key=KeyFile(directory / "store.key"),
            actor="chief",
            vaults=[f"s3://{bucket}/keys"],
            claims=f"s3://{bucket}/claims" if claimed else None,
            s3=options,
        ) as store,
        store.session(actor="chief", reason="test") as session,
        pytest.MonkeyPatch.context() as monkeypatch,
    ):
        monkeypatch.setattr(S3Client, "_ask", counted)
        count = 1 if benchmark.disabled else APPENDS
        benchmark.pedantic(
            lambda: session.enrol(f"officer-{next(NUMBERS)}", roles=[bwcstore.Role.READER]),
            rounds=count,
        )
    per_append = {name: round(number / count, 2) for name, number in sorted(asked.items())}
    benchmark.extra_info.update(per_append)
    print(f"\nrequests of one {protocol} append: {per_append}")
