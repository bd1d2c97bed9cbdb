"""How fast the ledger takes entries, checks them and reads them, beside what limits it.

Each benchmark prints our rate, the limit measured in the same run on the same disk, and their
ratio; all three are in `extra_info`.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Final

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.limits import bench_directory
from bwcstore import _merkle
from bwcstore._ports import Environment
from bwcstore._system import SystemWorkers, system_environment
from bwcstore._values import STORE_SCOPE, ZERO_DIGEST, ActorId, Instant, ObjectId, ScopeId, StoreId
from bwcstore.ledger._chain import follow_links
from bwcstore.ledger._draft import Committed, Decision, Draft
from bwcstore.ledger._entry import decode_entry
from bwcstore.ledger._log import Log
from bwcstore.ledger._note import VerifierKey
from bwcstore.ledger._queue import Call, Queue
from bwcstore.ledger._scope import Heads
from bwcstore.storage._local import LocalBackend
from bwcstore.storage._signer import StoredSigner

STORE: Final = StoreId("55555555-5555-4555-8555-555555555555")
ACTOR: Final = ActorId("00000000-0000-4000-8000-00000000b055")
ORIGIN: Final = "example.org/bwc"
SIGNER: Final = StoredSigner(bytes(range(32)))
MANY: Final = 10_000
LEAF_BYTES: Final = 900


def genesis(_: Heads, __: Instant) -> Decision:
    """Begin the store."""
    body = {
        "format": "1.0",
        "store": STORE.text,
        "protocol": "numbered",
        "chunk_bytes": 1048576,
        "segment_chunks": 64,
        "origin": ORIGIN,
        "verifier_key": str(VerifierKey(name=ORIGIN, public_key=SIGNER.public_key)),
        "signed_kinds": [],
        "storage": [],
    }
    draft = Draft(scope=STORE_SCOPE, kind="store.created", by=ACTOR, body=body)  # type: ignore[arg-type]
    return Decision(drafts=(draft,))


def accessed(number: int, reason: str | None = None) -> Draft:
    """An access to one object."""
    scope = ScopeId.object(ObjectId(f"0190163d-8694-7000-8000-{number:012x}"))
    return Draft(
        scope=scope,
        kind="object.accessed",
        by=ACTOR,
        body={"mode": "stream", "purpose": "records", "authorization": ACTOR.text},
        private={"reason": [reason]} if reason else None,
        record_key_id=f"record/{scope.text[7:]}" if reason else None,
    )


def record_key(key_id: str) -> bytes:
    """A key that follows from its id."""
    return key_id.encode()[-32:].rjust(32, b".")


class Bench:
    """A ledger on the disk that is measured, and the bare disk beside it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "store").mkdir()
        (directory / "raw").mkdir()
        self.backend = LocalBackend(directory / "store")
        self.environment: Environment = system_environment()
        self.log = self.open(create=True)
        self._made = 0

    def open(self, *, create: bool = False) -> Log[Heads]:
        """The ledger: a new one, or read again."""
        if create:
            return Log.create(
                self.backend,
                self.environment,
                store_id=STORE,
                state=Heads(),
                genesis=genesis,
                record_key=record_key,
                signer=SIGNER,
            )
        return Log.open(
            self.backend,
            self.environment,
            state=Heads(),
            record_key=record_key,
            signer=SIGNER,
        )

    def raw_create(self) -> None:
        """What one durable append cannot do without: write, fsync, link, unlink, fsync."""
        self._made += 1
        folder = self.directory / "raw"
        temporary, final = folder / f"t{self._made}", folder / f"f{self._made}"
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        os.write(descriptor, b"x" * LEAF_BYTES)
        os.fsync(descriptor)
        os.close(descriptor)
        final.hardlink_to(temporary)
        temporary.unlink()
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)

    def raw_creates(self, count: int) -> None:
        """So many of them, one after the other."""
        for _ in range(count):
            self.raw_create()

    def close(self) -> None:
        """End threads and descriptors."""
        self.log.close()
        self.backend.close()
        if isinstance(self.environment.workers, SystemWorkers):
            self.environment.workers.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A ledger on the disk that `BWCSTORE_BENCH_DIR` chooses."""
    for directory in bench_directory(tmp_path):
        found = Bench(directory)
        yield found
        found.close()


def rate(count: int, work: Callable[[], object]) -> float:
    """How many of `count` things that `work` does are done in a second."""
    begun = time.perf_counter()
    work()
    return count / (time.perf_counter() - begun)


def report(benchmark: BenchmarkFixture, ours: float, limit: float, **more: float) -> None:
    """Print our rate, the limit and the ratio, and keep them."""
    benchmark.extra_info.update(ours=ours, limit=limit, ratio=ours / limit, **more)
    shown = "".join(f"  {name} {value:.2f}" for name, value in more.items())
    print(f"\nours {ours:,.0f}/s  limit {limit:,.0f}/s  ratio {ours / limit:.2f}{shown}")


def timed(benchmark: BenchmarkFixture, work: Callable[[], object], rounds: int = 3) -> float:
    """Seconds of the best round; one round when nothing is timed."""
    best: list[float] = []

    def measured() -> None:
        begun = time.perf_counter()
        work()
        best.append(time.perf_counter() - begun)

    benchmark.pedantic(measured, rounds=1 if benchmark.disabled else rounds)  # type: ignore[no-untyped-call]
    return min(best)


def small(benchmark: BenchmarkFixture, count: int) -> int:
    """`count`, or next to nothing when nothing is timed."""
    return min(count, 20) if benchmark.disabled else count


def test_one_durable_append(benchmark: BenchmarkFixture, bench: Bench) -> None:
    """One caller, one open entry at a time; limit: a bare durable create-if-absent."""
    count = small(benchmark, 300)
    draft = Decision(drafts=(accessed(1),))
    limit = rate(count, lambda: bench.raw_creates(count))
    spent = timed(benchmark, lambda: [bench.log.append(lambda _, __: draft) for _ in range(count)])
    report(benchmark, count / spent, limit)


def in_threads(threads: int, each: int, work: Callable[[int], object]) -> None:
    """Do `work` `each` times in every thread."""

    def run(number: int) -> None:
        for _ in range(each):
            work(number)

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


@pytest.mark.parametrize("threads", [1, 2, 4, 8, 16, 64])
def test_group_commit(benchmark: BenchmarkFixture, bench: Bench, threads: int) -> None:
    """Many callers, one entry each; limits: N bare creates, and the same queue with a commit
    that only creates a file.
    """
    each = max(2, small(benchmark, 1600) // threads)
    count = each * threads
    nothing = Committed(entries=(), generation=0, batch=0, batch_digest=ZERO_DIGEST)

    def serve(calls: list[Call[Heads]]) -> list[Call[Heads]]:
        bench.raw_create()
        for call in calls:
            call.succeed(nothing)
        return []

    hollow: Queue[Heads] = Queue(serve)
    drafts = [Decision(drafts=(accessed(number),)) for number in range(threads)]
    raw, empty, ours = [], [], []

    def one_round() -> None:
        # Each round measures all three: a disk that slows down slows down all of them.
        bare = small(benchmark, 200)
        raw.append(rate(bare, lambda: bench.raw_creates(bare)))
        empty.append(
            rate(
                count,
                lambda: in_threads(
                    threads, each, lambda number: hollow.submit(Call(lambda _, __: drafts[number]))
                ),
            )
        )
        ours.append(
            rate(
                count,
                lambda: in_threads(
                    threads, each, lambda number: bench.log.append(lambda _, __: drafts[number])
                ),
            )
        )

    benchmark.pedantic(one_round, rounds=1 if benchmark.disabled else 5)  # type: ignore[no-untyped-call]
    report(
        benchmark,
        median(ours),
        threads * median(raw),
        hollow=median(empty),
        of_hollow=median(own / bound for own, bound in zip(ours, empty, strict=True)),
    )


@pytest.mark.parametrize("kind", ["open", "sealed"])
def test_many_entries_in_one_call(benchmark: BenchmarkFixture, bench: Bench, kind: str) -> None:
    """One call with 10,000 entries of different objects; limit: encoding one leaf, hashing it
    and its tree node, and nothing else.
    """
    count = small(benchmark, MANY)
    reason = "case review by the records unit" if kind == "sealed" else None
    drafts = Decision(drafts=tuple(accessed(number, reason) for number in range(count)))
    entry = bench.log.append(lambda _, __: Decision(drafts=(accessed(1),))).entries[0]
    node = bytes(32)

    def minimum() -> None:
        for _ in range(count):
            _merkle.leaf_hash(entry.raw)
            _merkle.node_hash(node, node)
            entry.raw.decode().encode()

    limit = rate(count, minimum)
    spent = timed(benchmark, lambda: bench.log.append(lambda _, __: drafts))
    report(benchmark, count / spent, limit)


def filled(bench: Bench, count: int) -> None:
    """Write `count` entries in batches of at most 10,000, a third of them sealed."""
    for first in range(0, count, MANY):
        drafts = tuple(
            accessed(number, None if number % 3 else "case review")
            for number in range(first, min(first + MANY, count))
        )
        bench.log.append(lambda _, __, drafts=drafts: Decision(drafts=drafts))  # type: ignore[misc]


def test_links_without_parsing(benchmark: BenchmarkFixture, bench: Bench) -> None:
    """Checking the chain at fixed places; limit: hashing every leaf."""
    filled(bench, small(benchmark, 20_000))
    leaves = [entry.raw for entry in bench.log.entries(1)]
    start = bench.log.entry(1).after
    limit = rate(len(leaves), lambda: [_merkle.leaf_hash(leaf) for leaf in leaves])
    spent = timed(benchmark, lambda: follow_links(leaves, start))
    report(benchmark, len(leaves) / spent, limit)


def test_opening(benchmark: BenchmarkFixture, bench: Bench) -> None:
    """Reading a ledger with every link checked and folded; limit: decoding its leaves."""
    filled(bench, small(benchmark, 20_000))
    leaves = [entry.raw for entry in bench.log.entries()]
    limit = rate(len(leaves), lambda: [decode_entry(leaf) for leaf in leaves])
    spent = timed(benchmark, bench.open)
    report(benchmark, len(leaves) / spent, limit)
