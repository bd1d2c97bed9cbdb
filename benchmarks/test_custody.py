"""How fast a store decides on access and destroys under an adopted law, beside what limits it.

Every store here is on a real disk with two vault replicas, kept under a shipped pack and the
sample agency of the examples, whose schedule lets recordings be destroyed. Only the clock is
simulated, so that what is ingested comes to be due.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Final

import attrs
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.limits import bench_directory
from bwcstore import (
    ActId,
    Claim,
    Instant,
    Item,
    KeyFile,
    ObjectId,
    Policy,
    Recording,
    Role,
    Session,
    Store,
    SystemEntropy,
    generate_actor_key,
    system_environment,
)
from bwcstore.statute import Facts, Law, deadlines, load_agency, load_pack, retention
from bwcstore.testing import SimClock

AGENCY: Final = Path(__file__).parents[1] / "examples/sample-agency.toml"
BEGUN: Final = Instant.parse("2026-03-02T15:00:00.000000Z")
DAY_SECONDS: Final = 86_400
DAYS: Final = 120
OBJECTS: Final = 1_000
SMALL_BYTES: Final = 4_096
ENTRY_BYTES: Final = 900
GROUP: Final = 64
FILERS: Final = 8
FACTS: Final = {
    "source_kind": "worn",
    "criminal_investigation": "none",
    "force_result": "none",
    "discharge": "none",
    "event_documented": "neither",
    "deadly_force": False,
    "death_by_force": False,
    "force_reported": False,
}


class Bench:
    """A store under a law on the disk that is measured, and the bare disk beside it."""

    def __init__(self, directory: Path) -> None:
        self.clock = SimClock(BEGUN)
        self._entropy = SystemEntropy()
        self._signers = {
            name: generate_actor_key(directory / f"{name}.pem", entropy=self._entropy)
            for name in ("first", "second")
        }
        self._raw = directory / "raw"
        self._raw.mkdir()
        self._made = 0
        self.store = Store.create(
            directory / "store",
            key=KeyFile.generate(directory / "store.key", self._entropy),
            actor="first",
            actor_key=self._signers["first"].public_key,
            vaults=(directory / "vault-a", directory / "vault-b"),
            environment=attrs.evolve(system_environment(), clock=self.clock),
        )
        with self.session() as session:
            session.adopt_law("us-mn", AGENCY)
            session.set_policy(
                Policy(
                    clock_hours=DAYS * 48, large_objects=OBJECTS * 10, brake_objects=OBJECTS * 10
                )
            )
            session.enrol(
                "second",
                roles=[Role.RECORDS, Role.READER],
                public_key=self._signers["second"].public_key,
            )

    def session(self, actor: str = "first", *, purpose: str = "records") -> Session:
        """Act as one of the two."""
        signer = self._signers[actor]
        return self.store.session(actor=actor, reason="measuring", purpose=purpose, signer=signer)

    def fill(self, count: int) -> list[ObjectId]:
        """Ingest so many small recordings and say of each what the law asks."""
        with self.session() as session:
            items = (
                Item(source=BytesIO(os.urandom(SMALL_BYTES)), recording=_docked(number))
                for number in range(count)
            )
            made = [
                done.object_id for done in session.ingest_many(items) if hasattr(done, "receipt")
            ]
            with ThreadPoolExecutor(FILERS) as pool:
                said = pool.map(lambda one: session.assert_facts(FACTS, object_id=one), made)
                assert len(made) == len([*said])
        return made

    def approved(self) -> ActId:
        """Let everything come to be due; plan, propose and approve its destruction."""
        self.clock.advance(DAYS * DAY_SECONDS)
        with self.session("second") as session:
            plan = session.plan_purge()
            act = session.propose_purge(plan)
        with self.session() as session:
            session.approve_purge(act, plan_sha256=plan.digest)
        return act

    def raw_append(self, entries: int = 1) -> None:
        """What a durable append cannot do without: write, fsync, link, unlink, fsync."""
        self._made += 1
        temporary, final = self._raw / f"t{self._made}", self._raw / f"f{self._made}"
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        os.write(descriptor, b"x" * (ENTRY_BYTES * entries))
        os.fsync(descriptor)
        os.close(descriptor)
        final.hardlink_to(temporary)
        temporary.unlink()
        _fsync(self._raw)

    def raw_files(self, places: Sequence[str], count: int) -> list[Path]:
        """As many files as a purge deletes, laid out as they are: a directory each, or one."""
        made: list[Path] = []
        for place in places:
            for number in range(count):
                folder = self._raw / place.format(number)
                folder.mkdir(parents=True, exist_ok=True)
                path = folder / f"{number}"
                path.write_bytes(b"x" * SMALL_BYTES)
                made.append(path)
        os.sync()
        return made

    def close(self) -> None:
        """Close the store."""
        self.store.close()


def _docked(number: int) -> Recording:
    """A recording that was made at a time of its own."""
    return Recording(collected=(Claim(at=BEGUN.plus_seconds(-60 * number), basis="dock"),))


def _fsync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A store on the disk that `BWCSTORE_BENCH_DIR` chooses."""
    for directory in bench_directory(tmp_path):
        found = Bench(directory)
        yield found
        found.close()


def spent(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def small(benchmark: BenchmarkFixture, count: int) -> int:
    """`count`, or next to nothing when nothing is timed."""
    return min(count, 4) if benchmark.disabled else count


def report(benchmark: BenchmarkFixture, what: str, ours: float, limit: float, count: int) -> None:
    """Print seconds by thing, the limit and how many times the limit that is, and keep them."""
    benchmark.extra_info.update(ours_s=ours, limit_s=limit, times=ours / limit, count=count)
    each, least = ours / count * 1e6, limit / count * 1e6
    print(
        f"\n{what}: {count / ours:,.0f}/s, {each:,.0f} us; "
        f"limit {least:,.0f} us; {ours / limit:.2f} times the limit"
    )


def _law_and_facts(bench: Bench) -> tuple[Law, Facts]:
    """The law of today, and what is known of each recording."""
    pack = load_pack("us-mn")
    today = date.fromisoformat(str(bench.clock.now())[:10])
    law = pack.law(load_agency(AGENCY, pack=pack), on=today)
    return law, pack.read_facts({**FACTS, "collected_at": datetime.fromisoformat(str(BEGUN))})


def test_one_access(benchmark: BenchmarkFixture, bench: Bench) -> None:
    """Deciding on an access by authorization and law and logging it, until the first byte may
    leave; limit: a bare durable create-if-absent.
    """
    made = bench.fill(small(benchmark, 50))
    with bench.session() as session:
        session.authorize("second", purposes=["investigation"])
    count = small(benchmark, 300)
    taken: list[float] = []
    raw: list[float] = []
    with bench.session("second", purpose="investigation") as session:

        def work() -> None:
            # One after the other: a disk that slows down slows down both.
            for number in range(count):
                begun = time.perf_counter()
                reader = session.read(made[number % len(made)])
                taken.append(time.perf_counter() - begun)
                reader.close()
                raw.append(spent(bench.raw_append))

        benchmark.pedantic(work, rounds=1 if benchmark.disabled else 3)  # type: ignore[no-untyped-call]
    report(benchmark, "one access", median(taken) * count, median(raw) * count, count)


def test_purge(benchmark: BenchmarkFixture, bench: Bench) -> None:
    """Destroying 1,000 small recordings, from the first decision to the end of the key epoch;
    limit: deleting as many files (a segment each, a key in each of two replicas) with fsync of
    their directories, and as many entries in as many batches.
    """
    count = small(benchmark, OBJECTS)
    bench.fill(count)
    act = bench.approved()
    begun = bench.raw_files(("segments/{}", "vault-a", "vault-b"), count)

    def minimum() -> None:
        for path in begun:
            path.unlink()
            _fsync(path.parent)
        for first in range(0, count, GROUP):
            entries = min(GROUP, count - first)
            # `purge.started` and `purge.completed`.
            bench.raw_append(entries)
            bench.raw_append(entries)

    limit = spent(minimum)
    taken: list[float] = []
    with bench.session("second") as session:
        done = []

        def work() -> None:
            taken.append(spent(lambda: done.append(session.run_purge(act))))

        benchmark.pedantic(work, rounds=1)  # type: ignore[no-untyped-call]
    report(benchmark, "purge", min(taken), limit, count)

    assert count == len(done[0].completed)


def test_plan(benchmark: BenchmarkFixture, bench: Bench) -> None:
    """Judging every recording for a plan, one at a time; limit: the law's own judgement of the
    same facts.
    """
    count = small(benchmark, OBJECTS)
    bench.fill(count)
    bench.clock.advance(DAYS * DAY_SECONDS)
    law, facts = _law_and_facts(bench)
    limit = spent(lambda: [retention(facts, law=law, as_of=law.on) for _ in range(count)])
    taken: list[float] = []
    with bench.session("second") as session:
        benchmark.pedantic(  # type: ignore[no-untyped-call]
            lambda: taken.append(spent(session.plan_purge)),
            rounds=1 if benchmark.disabled else 3,
        )
    report(benchmark, "plan", min(taken), limit, count)


def test_duties(benchmark: BenchmarkFixture, bench: Bench) -> None:
    """What is owed for every recording; limit: asking the law once for each for its deadlines."""
    count = small(benchmark, OBJECTS)
    bench.fill(count)
    law, facts = _law_and_facts(bench)
    limit = spent(lambda: [deadlines(facts, law=law, as_of=law.on) for _ in range(count)])
    taken: list[float] = []
    benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: taken.append(spent(bench.store.duties)),
        rounds=1 if benchmark.disabled else 3,
    )
    report(benchmark, "duties", min(taken), limit, count)
