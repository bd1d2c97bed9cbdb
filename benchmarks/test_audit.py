"""How fast an audit is, beside what the same bytes cost with nothing but the primitives.

Figures in `extra_info`: entries per second for the ledger, MiB per second for objects, and the
share of the ceiling that is reached.
"""

import hashlib
import io
import time
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bwcstore import _layout
from bwcstore._encoding import Json
from bwcstore._system import SystemWorkers
from bwcstore._values import (
    STORE_SCOPE,
    ZERO_DIGEST,
    ActorId,
    Instant,
    ObjectId,
    ScopeId,
    StoreId,
)
from bwcstore.audit._links import follow_links
from bwcstore.audit._run import audit_store
from bwcstore.audit._tree import GrowingTree
from bwcstore.ledger._batch import BatchHeader, encode_batch
from bwcstore.ledger._entry import Decided, Entry, ScopeHead, ScopeLink, build_entry
from bwcstore.ledger._note import VerifierKey
from bwcstore.objects._parts import ContentPart, RecordPart
from bwcstore.objects._segment import Geometry
from bwcstore.objects._writer import ObjectKeys, ObjectWriter
from bwcstore.storage._signer import StoredSigner
from bwcstore.testing import World

T = TypeVar("T")

ENTRIES: Final = 20_000
PER_BATCH: Final = 1_000
OBJECT_BYTES: Final = 256 * 1024 * 1024
STORE: Final = StoreId("55555555-5555-4555-8555-555555555555")
BOSS: Final = ActorId("00000000-0000-4000-8000-00000000b055")
ORIGIN: Final = "example.org/bwc"


class Ledger:
    """A ledger made without the log: fast, and of the same bytes."""

    def __init__(self) -> None:
        self.world = World()
        self.leaves: list[bytes] = []
        self._heads: dict[str, ScopeHead] = {}
        self._after = ZERO_DIGEST
        self._prev = ZERO_DIGEST
        self._batches = 0

    def entry(self, scope: ScopeId, kind: str, body: dict[str, Json]) -> Entry:
        """The next entry."""
        index = len(self.leaves)
        head, store = self._heads.get(scope.text), self._heads.get("store")
        at = Instant.parse("2026-01-02T03:04:05.000000Z").plus_seconds(index)
        entry = build_entry(
            index=index,
            after=self._after,
            at=at,
            by=BOSS,
            kind=kind,
            scope=ScopeLink(
                id=scope,
                seq=head.seq + 1 if head else 0,
                prev=head.hash if head else ZERO_DIGEST,
                prev_index=head.index if head else index,
            ),
            body=body,
            decided=Decided(
                at=at,
                store_seq=store.seq if store else 0,
                store_head=store.hash if store else ZERO_DIGEST,
            ),
        )
        self._heads[scope.text] = entry.head
        self._after = entry.hash
        self.leaves.append(entry.raw)
        return entry

    def commit(self, entries: list[Entry]) -> None:
        """The next batch."""
        header = BatchHeader(
            generation=0,
            batch=self._batches,
            first_index=entries[0].index,
            prev=self._prev,
            store=STORE,
            writer=bytes(8),
            nonce=bytes(16),
        )
        parts, batch = encode_batch(header, entries, [None] * len(entries))
        self.world.storage.create(_layout.batch(0, self._batches), parts)
        self._prev = batch.digest
        self._batches += 1


def _genesis(ledger: Ledger) -> list[Entry]:
    key = VerifierKey(name=ORIGIN, public_key=StoredSigner(bytes(32)).public_key)
    created: dict[str, Json] = {
        "format": "1.0",
        "store": str(STORE),
        "protocol": "numbered",
        "chunk_bytes": 1 << 20,
        "segment_chunks": 64,
        "origin": ORIGIN,
        "verifier_key": str(key),
        "signed_kinds": [],
        "storage": [],
    }
    enrolled: dict[str, Json] = {
        "actor": str(BOSS),
        "roles": ["responsible-authority"],
        "tag": "0" * 32,
    }
    return [
        ledger.entry(STORE_SCOPE, "store.created", created),
        ledger.entry(STORE_SCOPE, "actor.enrolled", enrolled),
    ]


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """A ledger of refusals: every entry is of an object's scope and of the usual length."""
    made = Ledger()
    entries = _genesis(made)
    refused: dict[str, Json] = {"verb": "read", "code": "not-authorized", "count": 1}
    while len(made.leaves) < ENTRIES:
        entries.append(made.entry(STORE_SCOPE, "access.refused", refused))
        if len(entries) == PER_BATCH:
            made.commit(entries)
            entries = []
    if entries:
        made.commit(entries)
    return made


def _seconds(work: Callable[[], T]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _note(benchmark: BenchmarkFixture, amount: int, unit: str) -> float:
    """Note how much was done in a second, at best; nothing where nothing was measured."""
    if benchmark.stats is None:
        return 0.0
    rate: float = amount / benchmark.stats.stats.min
    benchmark.extra_info[unit] = round(rate)
    return rate


def test_links(benchmark: BenchmarkFixture, ledger: Ledger) -> None:
    """The chain from leaf to leaf, without parsing."""
    _, broken = benchmark(follow_links, ledger.leaves, b"0" * 64)

    _note(benchmark, ENTRIES, "entries_per_s")
    assert [] == broken


def test_tree(benchmark: BenchmarkFixture, ledger: Ledger) -> None:
    """The Merkle tree over all entries, with every full tile."""
    hashes, _ = follow_links(ledger.leaves, None)

    def grow() -> bytes:
        tree = GrowingTree((), lambda *_: None)
        tree.extend(hashes)
        return tree.root()

    found = benchmark(grow)

    _note(benchmark, ENTRIES, "entries_per_s")
    assert 32 == len(found)


def test_ledger(benchmark: BenchmarkFixture, ledger: Ledger) -> None:
    """Everything about a ledger without objects: form, links, scopes, state, tree."""
    report = benchmark(audit_store, ledger.world.storage)

    _note(benchmark, ENTRIES, "entries_per_s")
    assert ENTRIES == report.coverage.entries
    assert report.ok


@pytest.fixture(scope="module")
def recorded() -> Ledger:
    """A store with one object of four segments."""
    made = Ledger()
    entries = _genesis(made)
    object_id = ObjectId("019b7ca9-0000-7000-8000-000000000000")
    keys = ObjectKeys(content=bytes(32), record=bytes(32))
    made.world.keys.put({f"content/{object_id}": bytes(32), f"record/{object_id}": bytes(32)})
    made.world.keys.put({"tag": bytes(32)})
    written = ObjectWriter(
        backend=made.world.storage,
        environment=made.world.environment,
        store_id=STORE,
        geometry=Geometry(),
    ).write(
        io.BytesIO(bytes(OBJECT_BYTES)),
        object_id=object_id,
        keys=keys,
        describe=lambda digest, length: (
            RecordPart(length_bytes=length, plaintext_sha256=digest),
            ContentPart(),
        ),
    )
    body: dict[str, Json] = {
        "manifest_sha256": str(written.manifest.digest),
        "header": written.manifest.header.hex(),
        "segment_count": len(written.manifest.segments),
        "ciphertext_root": str(written.manifest.ciphertext_root),
        "tags": {},
        "collected": [],
    }
    entries.append(made.entry(ScopeId.object(object_id), "object.ingested", body))
    made.commit(entries)
    return made


@pytest.fixture
def workers() -> Iterator[SystemWorkers]:
    """As many threads as there are processors."""
    made = SystemWorkers()
    yield made
    made.close()


def _hash_rate(workers: SystemWorkers) -> float:
    """Bytes per second that all processors together hash, from memory."""
    block = bytes(1 << 20)
    rounds = 128

    def work() -> None:
        for _ in range(rounds):
            hashlib.sha256(block).digest()

    def all_of_it() -> None:
        for pending in [workers.submit(work) for _ in range(workers.count)]:
            pending.result()

    return workers.count * rounds * len(block) / _seconds(all_of_it)


@pytest.mark.parametrize("keyed", ["", "keyed"], ids=["keyless", "keyed"])
def test_objects(
    benchmark: BenchmarkFixture, recorded: Ledger, workers: SystemWorkers, keyed: str
) -> None:
    """Every chunk of an object against its manifest; with keys its plaintext digest too."""
    vault = recorded.world.keys if keyed else None
    ceiling = _hash_rate(workers)

    def audit() -> None:
        report = audit_store(recorded.world.storage, vault=vault, workers=workers)
        # Without a file tag in the made-up entry a keyed audit finds exactly that.
        assert len(report.errors) == bool(keyed)

    benchmark(audit)

    rate = _note(benchmark, OBJECT_BYTES >> 20, "mib_per_s")
    benchmark.extra_info["of_hash_rate"] = round(rate * 2**20 / ceiling, 2)
