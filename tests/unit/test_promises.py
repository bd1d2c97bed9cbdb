"""Promises of the specification that only a whole store can keep."""

import hashlib
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from bwcstore import _layout
from bwcstore._encoding import Json
from bwcstore._ports import Stat
from bwcstore._session._ingest import Ingested
from bwcstore._store import Store
from bwcstore._values import ObjectId
from bwcstore.audit._run import audit_store
from bwcstore.custody._authority import Role
from bwcstore.custody._recording import SourceId
from bwcstore.errors import AlreadyExistsError, ErrorKind
from bwcstore.ledger import VerifierKey, verify_receipt
from bwcstore.ledger._kinds import KINDS
from bwcstore.testing import FailAt, Fault, MemoryBackend, World
from tests.unit.session.world import CHUNK, admit, chief, create, recording, reopen, stream

SOURCE: Final = SourceId(scope="camera-7", text="clip-1")
LENGTH: Final = 3 * CHUNK
_NAMES: Final = (
    _layout.parse_segment,
    _layout.parse_manifest,
    _layout.parse_batch,
    _layout.parse_checkpoint,
    _layout.parse_annex,
)


def filled(storage: MemoryBackend | None = None) -> tuple[World, bytes]:
    """A world with a store of one recording, closed, and the receipt."""
    world = World(storage=storage)
    store = create(world)
    with chief(store) as session:
        receipt = session.ingest(stream(LENGTH), source_id=SOURCE).receipt
    store.close()
    return world, receipt


def names(world: World) -> list[str]:
    """Every stored name."""
    return [one.name for one in world.storage.list("")]


@pytest.mark.spec("LED-1")
def test_state_needs_no_sealed_field() -> None:
    """A copy from which every sealed payload was left out is as good to a keyless audit."""
    world, _ = filled()
    before = audit_store(world.storage)
    for name, raw in world.storage.contents.items():
        if _layout.parse_batch(name):
            lines = raw.splitlines(keepends=True)
            world.storage.contents[name] = b"".join(
                line for line in lines if not line.startswith(b'{"payload"')
            )

    after = audit_store(world.storage)

    assert before.coverage.payloads > 0
    assert 0 == after.coverage.payloads
    assert () == after.errors
    assert before.coverage.objects_checked == after.coverage.objects_checked == 1


@pytest.mark.spec("LED-2")
def test_open_fields_take_no_free_text() -> None:
    """No open field accepts a person's name, except the two that are public by design."""
    words: tuple[Json, ...] = ("Anna Nowak", ["Anna Nowak"], {"name": "Anna Nowak"})
    accepting = {
        f"{kind.name}.{name}"
        for kind in KINDS.values()
        for name, field in kind.open.items()
        if any(field.check(value) for value in words)
    }

    assert {"store.created.origin", "store.created.verifier_key"} == accepting


@pytest.mark.spec("LED-3")
def test_tiles_are_hashes_only() -> None:
    """A full tile is the hashes of its 256 entries and nothing else."""
    world = World()
    store = create(world)
    with chief(store) as session:
        for number in range(256):
            session.enrol(f"reader-{number}", roles=[Role.READER])
    store.checkpoint()
    leaves = [
        line
        for name in names(world)
        if _layout.parse_batch(name)
        for line in world.storage.read(name).splitlines()[1:]
        if not line.startswith(b'{"payload"')
    ]

    tile = world.storage.read(_layout.tile(0, 0, 0))

    assert b"".join(hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves[:256]) == tile


@pytest.mark.spec("LED-6")
def test_actors_have_other_names_in_every_store() -> None:
    """The same login is another random identifier in another store."""
    identifiers = []
    for seed in (1, 2):
        with chief(create(World(seed=seed))) as session:
            identifiers.append(str(session.enrol("nowak", roles=[Role.READER])))

    assert 2 == len(set(identifiers))
    assert all(one[14] == "4" for one in identifiers)


@pytest.mark.spec("LED-19")
def test_payloads_are_sealed_under_the_key_of_their_scope() -> None:
    """Objects' payloads have the object's record key, all others the key of their year."""
    world, _ = filled()
    year = str(world.clock.now())[:4]
    sealed = {
        (entry.scope.id.object_id, entry.sealed.key_id)
        for entry in reopen(world.reopen())._services.log.entries()
        if entry.sealed is not None
    }

    assert len(sealed) > 1
    assert {
        (one, f"record/{one}" if one else f"record/store/{year}") for one, _ in sealed
    } == sealed


@pytest.mark.spec("NAM-10")
def test_nothing_is_stored_under_other_names() -> None:
    """Every name that a store uses is one of the format."""
    world, _ = filled()

    assert [] == [name for name in names(world) if not any(parse(name) for parse in _NAMES)]


@pytest.mark.spec("ORD-2")
def test_the_first_batch_enrols_somebody() -> None:
    """Batch 0 holds the genesis entry and the first actor."""
    world = World()
    create(world).close()
    raw = world.storage.read(_layout.batch(0, 0)).decode()

    assert ["store.created", "actor.enrolled"] == re.findall(r'"kind":"([a-z.]+)"', raw)


@pytest.mark.spec("ORD-6")
def test_what_was_discarded_does_not_come_back(tmp_path: Path) -> None:
    """After its leftovers were discarded, a broken ingest begins again as another object."""
    source = tmp_path / "clip.mp4"
    source.write_bytes(recording(LENGTH))
    discarded: list[ObjectId] = []
    for number in itertools.count():
        world = World()
        create(world).close()
        broken = world.reopen(FailAt(number, Fault.CRASH))
        broken.attempt(lambda broken: chief(reopen(broken)).ingest(source, source_id=SOURCE))
        assert broken.plan.fired, "no call of an ingest left anything behind"
        healed = reopen(broken.reopen())
        world.clock.advance(7 * 86_400)
        with chief(healed) as session:
            discarded = [one.object_id for one in session.discard_leftovers().leftovers]
            if discarded:
                ingested = session.ingest(source, source_id=SOURCE)
                break

    assert "ingested" == ingested.outcome
    assert ingested.object_id not in discarded


@pytest.mark.spec("ORD-10")
def test_a_taken_target_is_refused(tmp_path: Path) -> None:
    """An export writes over nothing."""
    world, _ = filled()
    store = reopen(world.reopen())
    found = next(iter(store.objects())).object_id
    target = tmp_path / "copy.mp4"
    target.write_bytes(b"mine")

    with admit(store) as session, pytest.raises(AlreadyExistsError):
        session.export(found, target)

    assert b"mine" == target.read_bytes()
    assert ["copy.mp4"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.spec("ORD-15", "RCT-1")
@pytest.mark.parametrize("fault", [Fault.BEFORE, Fault.LOST])
def test_a_receipt_is_never_given_in_doubt(fault: Fault) -> None:
    """Whichever call fails: with a receipt the object is there; without, trying again settles."""
    for number in itertools.count():
        world = World()
        create(world).close()
        broken = world.reopen(FailAt(number, fault))
        outcome = broken.attempt(
            lambda broken: chief(reopen(broken)).ingest(stream(LENGTH), source_id=SOURCE)
        )
        healed = reopen(broken.reopen())
        found = [one.object_id for one in healed.objects()]
        with chief(healed) as session:
            again = session.ingest(stream(LENGTH), source_id=SOURCE)
        if isinstance(outcome, Ingested):
            assert ([outcome.object_id], outcome.receipt) == (found, again.receipt)
        assert [again.object_id] == [one.object_id for one in healed.objects()]
        if not broken.plan.fired:
            break

    assert number > 10


@pytest.mark.spec("RCT-5")
def test_a_receipt_shows_that_the_end_is_gone() -> None:
    """A ledger whose last entries were cut off does not honour the receipt."""
    world, receipt = filled()
    for name in names(world):
        if (_layout.parse_batch(name) or (0, 0))[1] > 0 or _layout.parse_checkpoint(name):
            world.storage.delete(name)

    findings = audit_store(world.storage, expect=[receipt]).errors

    assert ErrorKind.RECEIPT_NOT_HONOURED in {one.code for one in findings}


@pytest.mark.spec("RCT-6")
def test_a_receipt_says_what_was_received() -> None:
    """The receipt holds the plain digest and the source, so its holder can compare both."""
    world, receipt = filled()
    key = VerifierKey.parse(reopen(world.reopen()).verifier_key)

    found = verify_receipt(receipt, key)

    assert hashlib.sha256(recording(LENGTH)).hexdigest() == str(found.plaintext_sha256)
    assert found.source is not None
    assert (SOURCE.scope, SOURCE.text) == (found.source.scope, found.source.id)


class Forgetful(MemoryBackend):
    """Storage whose listings are late: they show nothing yet."""

    def list(self, prefix: str) -> Iterator[Stat]:
        return iter(())


@pytest.mark.spec("STO-19")
def test_nothing_is_decided_by_a_listing() -> None:
    """A store works on storage whose listings show nothing."""
    world = World()
    world = World(storage=Forgetful(clock=world.clock))
    store = create(world)
    with chief(store) as session:
        first = session.ingest(stream(LENGTH), source_id=SOURCE)
    store.close()
    again = Store.open_on(world.backend, world.vault, environment=world.environment)
    with chief(again) as session:
        second = session.ingest(stream(LENGTH), source_id=SOURCE)

    assert (first.receipt, "present") == (second.receipt, second.outcome)
