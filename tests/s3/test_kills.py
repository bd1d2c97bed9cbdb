"""Killed in the middle: the gateways, every daemon, and the clients; nothing promised is lost."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import attrs
import pytest

from bwcstore import SourceId, Store
from bwcstore._ports import Environment
from bwcstore._system import SerialWorkers, SystemClock, SystemEntropy
from bwcstore._values import Instant
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.ledger._receipt import read_receipt
from bwcstore.objects._manifest import content_key_id
from bwcstore.storage._s3 import S3Backend
from tests.integration.s3_service import Daemons, S3Service, UnavailableError, own_service
from tests.s3.desk import Desk, outcomes
from tests.s3.ground import CHUNK, PROTOCOLS, Ground, footage
from tests.s3.told import Process, end, lines, wait_ready

SECONDS_MAX = 90
FIRST = Instant(0)
SEGMENTS = 12
CODES = {kind.value for kind in ErrorKind}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Service]:
    """A service that nobody else uses."""
    try:
        with own_service(tmp_path_factory.mktemp("own") / "server") as found:
            yield found
    except UnavailableError as exc:
        pytest.skip(f"no real S3 server: {exc}")


@pytest.fixture
def daemons(service: S3Service) -> Daemons:
    """What runs it."""
    assert service.daemons is not None
    return service.daemons


def _kill_gateways(daemons: Daemons) -> None:
    daemons.kill_gateways()


def _kill_all(daemons: Daemons) -> None:
    daemons.kill_all()


def _take(process: Process, count: int) -> bytes:
    """The next lines that a child prints."""
    assert process.stdout is not None
    return b"".join(process.stdout.readline() for _ in range(count))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_killed_daemons_lose_nothing(
    service: S3Service, daemons: Daemons, tmp_path: Path, protocol: str
) -> None:
    """While recordings are taken in, the gateways are killed, then every daemon, then the client;
    whatever the client was told of is there, and the next one goes on.
    """
    begun = time.monotonic()
    ground = Ground.lay(service, tmp_path, protocol)
    ground.begin()
    child = ground.start("go_on", 1)
    wait_ready(child)
    out = _take(child, 3)
    for kill, more in ((_kill_gateways, 4), (_kill_all, 4)):
        kill(daemons)
        daemons.start()
        out += _take(child, more)
    told = lines(out + end(child))

    receipts = [line[1:] for line in told if line[:1] == b"r"]
    actors = {line[1:].decode() for line in told if line[:1] == b"a"}
    errors = {line[1:].decode() for line in told if line[:1] == b"e"}
    with ground.open() as store:
        objects = {state.object_id for state in store.objects()}
        enrolled = {str(found) for found in store._services.log.state.store.actors}
        doubt = store.read_only
        with store.session(actor="chief", reason="afterwards") as session:
            session.sync_locks()
    assert None is doubt
    assert errors <= CODES
    assert len(receipts) >= 3
    assert {read_receipt(one).object_id for one in receipts} <= objects
    # One more may have been stored whose answer did not arrive, for each that failed or was killed.
    assert len(objects) <= len(receipts) + len([one for one in told if one[:1] == b"e"]) + 1
    assert actors <= enrolled
    ground.check(receipts)
    assert time.monotonic() - begun < SECONDS_MAX


def _join(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join()


class _Killing(S3Backend):
    """A bucket whose service is killed as a deletion is about to be asked for."""

    moment: Callable[[int], None] = staticmethod(lambda _: None)
    deleted = 0

    def delete_version(self, name: str, version_id: str) -> None:
        """As usual, after whatever happens at this moment."""
        self.moment(self.deleted)
        self.deleted += 1
        super().delete_version(name, version_id)


@pytest.mark.spec("PRG-15")
def test_killed_daemons_do_not_stop_a_purge(
    service: S3Service,
    daemons: Daemons,
    tmp_path: Path,
) -> None:
    """A purge waits for the service to come back, or fails with a code and is finished by the
    next run: every version is gone, and the certificates say so. Killed as the first deletion is
    asked for, and again, with everything behind it, as the third is.
    """
    begun = time.monotonic()
    with closing(service.client()) as client:
        desk = Desk(Ground.lay(service, tmp_path, upload_seconds_max=-60.0), client)
        desk.begin(2)
        desk.unlock(*desk.made)
        ground = desk.ground
        backend = _Killing(
            ground.url, clock=SystemClock(), entropy=SystemEntropy(), options=ground.options
        )
        kills = {0: _kill_gateways, 2: _kill_all}
        starting: list[threading.Thread] = []

        def moment(reached: int) -> None:
            if (kill := kills.pop(reached, None)) is not None:
                _join(starting)
                kill(daemons)
                starting.append(threading.Thread(target=daemons.start))
                starting[-1].start()

        backend.moment = moment
        failed: ErrorKind | None = None
        with ground.open() as store:
            act = desk.approve(store)
            world = Environment(
                clock=SystemClock(), entropy=SystemEntropy(), workers=SerialWorkers()
            )
            broken = Store.open_on(backend, store.vault, environment=world)
            with closing(backend):
                try:
                    with desk.act(broken) as session:
                        session.run_purge(act)
                except BwcStoreError as exc:
                    failed = exc.kind
            _join(starting)
        with ground.open() as store:
            with desk.act(store) as session:
                session.run_purge(act)
            statuses = [state.status for state in store.objects()]
            listed = [outcomes(store, object_id) for object_id in desk.made]
            keys = {one.key_id for one in store.vault.inventory()}
        left = [desk.left(object_id) for object_id in desk.made]

    assert {} == kills
    assert failed is None or failed.value in CODES
    assert ["purged", "purged"] == statuses
    assert [[], []] == left
    assert [2, 2] == [len({name for name, _, _ in one}) for one in listed]
    assert not keys & {content_key_id(one) for one in desk.made}
    ground.check()
    assert time.monotonic() - begun < SECONDS_MAX


@pytest.mark.spec("LCK-1", "LCK-9", "ORD-7")
@pytest.mark.parametrize(("chunks", "outcome"), [(1, "ingested"), (20, "resumed")])
def test_a_killed_ingest_is_taken_up(
    service: S3Service, tmp_path: Path, chunks: int, outcome: str
) -> None:
    """Wherever the client is killed, the next one finishes: the recording is whole, each of its
    segments is locked, which the ledger says of what one run stored, and after a sync of all.
    """
    laid = Ground.lay(service, tmp_path, "claimed", upload_seconds_max=-60.0)
    # Small segments, because some are read ahead of those that are stored.
    ground = attrs.evolve(laid, segment_chunks=2)
    ground.begin()
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(footage(2 * SEGMENTS * CHUNK))
    child = ground.start("ingest_file", clip, chunks << 20)
    child.communicate(timeout=60)
    assert -signal.SIGKILL == child.returncode

    with ground.open() as store:
        none = [*store.objects()]
        with store.session(actor="chief", reason="once more") as session:
            made = session.ingest(clip, source_id=SourceId(scope="cam", text=clip.name))
        (found,) = store.objects()
        names = [f"objects/{found.object_id}/{number:08d}" for number in range(SEGMENTS)]
        first = [store._services.backend.versions(name) for name in names]
        with store.session(actor="chief", reason="nightly") as session:
            synced = session.sync_locks()
            session.discard_leftovers()
        locked = store.object(found.object_id).keeping.locked
        told = locked.until if locked is not None else found.locked_until
        after = [store._services.backend.versions(name) for name in names]
    with closing(ground.bucket("evidence")) as bucket:
        remaining = bucket.discard_leftovers()

    assert [] == none
    assert outcome == made.outcome
    assert ("resumed" == outcome) is (found.locked_until is None)
    for versions in first:
        assert [True] == [
            one.locked_until is not None and one.locked_until >= (found.locked_until or FIRST)
            for one in versions
        ]
    assert (0, ()) == (synced.withheld, synced.problems)
    assert told is not None
    assert all(
        one.locked_until is not None and one.locked_until >= told
        for versions in after
        for one in versions
    )
    assert SEGMENTS * [1] == [len(versions) for versions in after]
    assert 0 == remaining
    ground.check([made.receipt])


def test_acknowledged_writes_survive_a_crash(service: S3Service, daemons: Daemons) -> None:
    """The server may be a witness: what it acknowledged is there after every daemon was killed."""
    bucket = service.make_locked_bucket()
    names = [f"name-{n}" for n in range(20)]
    with closing(service.client()) as client:
        for name in names:
            client.put_object(Bucket=bucket, Key=name, Body=b"frames")

        daemons.kill_all()
        daemons.start()

        listed = client.list_object_versions(Bucket=bucket)["Versions"]

    assert sorted(names) == sorted(version["Key"] for version in listed)
