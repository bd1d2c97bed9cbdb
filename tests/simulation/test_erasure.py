"""Erasure, tried: what an attacker gets out of vault, evidence and root keys after a purge."""

import contextlib
import threading
from io import BytesIO
from itertools import count
from pathlib import Path
from random import Random
from typing import Final

import attrs
import pytest

from bwcstore._session._begin import make_vault
from bwcstore._store import Store
from bwcstore._values import ActId, ObjectId
from bwcstore.audit._run import audit_store
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.ledger._note import VerifierKey
from bwcstore.objects._manifest import content_key_id, record_key_id
from bwcstore.purge._certificate import VerifiedCertificate, verify_certificate
from bwcstore.storage._keysource import KeyFile
from bwcstore.storage._vault import DirectoryVault
from bwcstore.testing import (
    FailAt,
    Fault,
    FaultyBackend,
    MemoryBackend,
    SimEntropy,
    SimulatedCrash,
    World,
)
from tests.simulation.attacker import Files, Loot, Root
from tests.simulation.weather import Interlude
from tests.unit.session.purging import DAY, DUE_DAYS, approved, assert_fact, clip, kinds, town
from tests.unit.session.world import CHUNK, chief, reopen

PLAIN: Final = Random(0).randbytes(2 * CHUNK + 5)
WINDOW: Final = 16
TAPE: Final = "tape"
STRIDE: Final = 4
POINTS_MIN: Final = 5
RACES: Final = 60


@attrs.frozen(kw_only=True)
class Snapshot:
    """Everything that is stored."""

    evidence: Files
    vaults: tuple[Files, ...]


@attrs.define(kw_only=True)
class Purged:
    """A store with two vault replicas, from its first recording to its certificate.

    Attributes:
        world: time, evidence and keys.
        places: where the keys are.
        old: the file with the root key of the beginning.
        new: the file with the one after it.
        gone: the recording that is to be destroyed.
        young: one that is not.
        before: the evidence as it was before the purge.
        tape: a backup of the vault from then.
    """

    world: World
    places: tuple[MemoryBackend, MemoryBackend]
    old: KeyFile
    new: KeyFile
    gone: ObjectId
    young: ObjectId
    before: Files
    tape: Files

    @property
    def vaults(self) -> tuple[Files, ...]:
        """The files of both replicas, as they are now."""
        return tuple(dict(place.contents) for place in self.places)

    @property
    def vault(self) -> DirectoryVault:
        """The keys as the store has them open."""
        assert isinstance(self.world.vault, DirectoryVault)
        return self.world.vault

    @property
    def roots(self) -> tuple[Root, Root]:
        """Both root keys."""
        return Root.of_file(self.old.path), Root.of_file(self.new.path)

    def loot(self, *vaults: Files, roots: tuple[Root, ...] | None = None) -> Loot:
        """The evidence from before; the vault of now and both roots unless others are given."""
        return Loot(
            evidence=self.before,
            vaults=vaults or self.vaults,
            roots=self.roots if roots is None else roots,
        )

    def store(self) -> Store:
        """The store as the next process opens it."""
        return reopen(self.world)

    def change_root(self) -> None:
        """Put the new root key in the place of the old one."""
        self.vault.rewrap_root(self.new)

    def attest(self, *, root: str = "replaced", tape: str = "destroyed") -> VerifiedCertificate:
        """Attest what became of root key and backup; what the certificate says then."""
        store = self.store()
        with chief(store) as session:
            session.attest_erasure(0, root=root, backups={TAPE: tape})
        return self.certificate()

    def certificate(self) -> VerifiedCertificate:
        """What the certificate says."""
        store = self.store()
        key = VerifierKey.parse(store.verifier_key)
        return verify_certificate(store.certificate(self.gone), key=key)

    def run(self, plan: ActId) -> None:
        """Carry out the plan."""
        store = self.store()
        with chief(store) as session:
            session.run_purge(plan)
        store.close()

    def gives(self, key: bytes) -> bool:
        """Whether the vault's files, with both root keys, give a key."""
        return key in self.loot().keys(self.vault.store_id, also=[content_key_id(self.gone)])

    def snapshot(self) -> Snapshot:
        """Everything that is stored now."""
        return Snapshot(evidence=dict(self.world.storage.contents), vaults=self.vaults)

    def restore(self, snapshot: Snapshot) -> None:
        """Put back what was stored then."""
        stored = (snapshot.evidence, *snapshot.vaults)
        for place, files in zip((self.world.storage, *self.places), stored, strict=True):
            place.contents.clear()
            place.contents.update(files)
        self.open_vault()

    def open_vault(self, plan: FailAt | None = None) -> None:
        """Open the keys anew, with a fault."""
        self.world.vault = self.vault_with(plan or FailAt(None), seed=5)

    def vault_with(self, plan: FailAt, *, seed: int) -> DirectoryVault:
        """The keys as one more process opens them."""
        return DirectoryVault.open(
            [FaultyBackend(place, plan) for place in self.places],
            source=self.old,
            entropy=SimEntropy(seed),
            clock=self.world.clock,
        )


def _prepared(folder: Path) -> tuple[Purged, ActId]:
    """Everything up to an approved plan."""
    world = World()
    old = KeyFile.generate(folder / "old.key", SimEntropy(11))
    new = KeyFile.generate(folder / "new.key", SimEntropy(12))
    places = (MemoryBackend(), MemoryBackend())
    vault = make_vault(places, old, world.environment)
    world.vault = vault
    store = town(world, clips=0, store_id=vault.store_id)
    with chief(store) as session:
        gone = session.ingest(BytesIO(PLAIN)).object_id
        for fact in ("force", "investigation"):
            assert_fact(session, gone, fact, "none")
    world.clock.advance(DUE_DAYS * DAY)
    backup = MemoryBackend()
    with chief(store) as session:
        young = clip(session, CHUNK)
        vault.export_backup(backup)
        session.declare_backups({TAPE: "vault"})
        session.authorize("chief", purposes=["investigation"])
    plan = approved(store)
    store.close()
    made = Purged(
        world=world,
        places=places,
        old=old,
        new=new,
        gone=gone,
        young=young,
        before=dict(world.storage.contents),
        tape=dict(backup.contents),
    )
    return made, plan


@pytest.fixture
def erased(tmp_path: Path) -> Purged:
    """A store after a purge, of which nothing is attested yet."""
    made, plan = _prepared(tmp_path)
    made.run(plan)
    return made


def _is_in_clear(plain: bytes, files: Files) -> bool:
    """Whether any file has any 16 bytes of a recording."""
    parts = {plain[at : at + WINDOW] for at in range(0, len(plain) - WINDOW, WINDOW)}
    return any(
        data[at : at + WINDOW] in parts
        for data in files.values()
        for at in range(len(data) - WINDOW + 1)
    )


def test_the_attacker_is_able(tmp_path: Path) -> None:
    """Before a purge the very same attempts give the recording and its key."""
    made, _ = _prepared(tmp_path)
    loot = made.loot()

    assert PLAIN == loot.plaintext(made.vault.store_id, made.gone)
    assert made.vault.get(content_key_id(made.gone)) == loot.asks_vault(made.gone)
    assert not _is_in_clear(PLAIN, made.before)


@pytest.mark.spec("PRG-12", "VLT-15", "VLT-18")
def test_once_the_epoch_has_ended_the_old_root_key_opens_nothing(erased: Purged) -> None:
    """With the evidence from before and the vault of now: other keys, and never that one."""
    store_id, loot = erased.vault.store_id, erased.loot(roots=erased.roots[:1])
    keys = loot.keys(store_id, also=[content_key_id(erased.gone)])

    assert "keys.epoch_destroyed" in kinds(erased.store())
    assert None is loot.asks_vault(erased.gone)
    assert None is loot.plaintext(store_id, erased.gone)
    assert erased.vault.get(record_key_id(erased.gone)) in keys
    assert CHUNK == len(loot.plaintext(store_id, erased.young) or b"")
    assert "bytes-deleted" == erased.certificate().state


@pytest.mark.spec("PRG-21", "CRT-16", "VLT-19")
def test_after_the_attestation_both_root_keys_open_nothing(erased: Purged) -> None:
    """The certificate says `erased`, and that is so: of what is left nothing gives a byte."""
    erased.change_root()
    certificate = erased.attest()
    store_id, loot = erased.vault.store_id, erased.loot()

    assert "erased" == certificate.state
    assert None is loot.asks_vault(erased.gone)
    assert None is loot.plaintext(store_id, erased.gone)
    assert CHUNK == len(loot.plaintext(store_id, erased.young) or b"")
    old = erased.loot(roots=erased.roots[:1]).keys(store_id, also=[content_key_id(erased.gone)])
    assert {erased.roots[0].key} == old
    assert not _is_in_clear(PLAIN, erased.world.storage.contents)
    assert not any(_is_in_clear(PLAIN, files) for files in erased.vaults)


@pytest.mark.spec("PRG-12")
def test_evidence_that_is_set_back_is_not_read(erased: Purged) -> None:
    """The store itself, over the evidence from before and the vault of now, gives nothing."""
    before = MemoryBackend(dict(erased.before))
    store = Store.open_on(before, erased.vault, environment=erased.world.environment)
    with chief(store) as session, pytest.raises(BwcStoreError) as caught:
        session.read(erased.gone)

    assert ErrorKind.ROLLED_BACK == store.read_only
    assert ErrorKind.KEY_ABSENT == caught.value.kind


@pytest.mark.spec("CRT-16", "CRT-18", "PRG-21")
@pytest.mark.parametrize(
    ("root", "tape", "why"),
    [
        ("replaced", "kept", f"backup {TAPE}, which holds keys: kept"),
        ("kept", "destroyed", "the root key of that epoch was kept"),
        (None, None, "nothing was attested"),
    ],
)
def test_while_backup_and_old_root_key_are_left_erasure_is_not_claimed(
    erased: Purged, root: str | None, tape: str | None, why: str
) -> None:
    """With both the recording is had back, with one of them it is not; and the claim says so."""
    erased.change_root()
    certificate = erased.attest(root=root, tape=tape or "") if root else erased.certificate()
    store_id = erased.vault.store_id
    old, new = erased.roots

    assert ("bytes-deleted", True) == (certificate.state, why in certificate.claim)
    assert PLAIN == erased.loot(erased.tape, roots=(old,)).plaintext(store_id, erased.gone)
    assert None is erased.loot(erased.tape, roots=(new,)).plaintext(store_id, erased.gone)
    assert None is erased.loot(*erased.vaults, roots=(old,)).plaintext(store_id, erased.gone)


@pytest.mark.spec("PRG-12", "PRG-14", "VLT-15")
@pytest.mark.parametrize("offset", range(2))
def test_from_its_completion_on_no_crash_leaves_the_key(tmp_path: Path, offset: int) -> None:
    """Wherever the run dies after `purge.completed`: no file of the vault gives the key."""
    made, plan = _prepared(tmp_path)
    start, key = made.snapshot(), made.vault.get(content_key_id(made.gone))
    completed = 0
    for number in count(offset, STRIDE):
        made.restore(start)
        fail = FailAt(number, Fault.CRASH)
        with contextlib.suppress(SimulatedCrash):
            made.open_vault(fail)
            made.run(plan)
        made.open_vault()
        if "purge.completed" in kinds(made.store()):
            completed += 1
            assert not made.gives(key), fail.trace[-1]
        if not fail.fired:
            break

    assert completed > POINTS_MIN


# --- Races -------------------------------------------------------------------------------------


def _race(made: Purged, plan: ActId, *, pause: int, resume: int, crash: int | None) -> str | None:
    """A rotation holds keys in memory from its call `pause` on until the run's call `resume`.

    Returns:
        How the run failed.
    """
    run_goes, other_goes = threading.Semaphore(0), threading.Semaphore(0)

    def wait() -> None:
        run_goes.release()
        other_goes.acquire()

    def resumed() -> None:
        other_goes.release()
        run_goes.acquire()

    def rotate() -> None:
        with contextlib.suppress(BwcStoreError, SimulatedCrash):
            made.vault_with(Interlude(pause, wait, crash), seed=77).rotate()
        run_goes.release()

    other = threading.Thread(target=rotate)
    other.start()
    run_goes.acquire()
    made.open_vault(Interlude(resume, resumed))
    failure = None
    try:
        made.run(plan)
    except BwcStoreError as exc:
        failure = exc.kind.value
    other_goes.release()
    other.join()
    made.open_vault()
    return failure


@pytest.mark.spec("PRG-15", "VLT-17")
@pytest.mark.parametrize("seed", range(4))
def test_whoever_held_keys_in_memory_does_not_bring_one_back(tmp_path: Path, seed: int) -> None:
    """After a run that succeeds no file of the vault gives the key; nor after the run that goes
    on with one that failed: whatever another rotation meanwhile wrote, ended or not.
    """
    dice = Random(seed)
    made, plan = _prepared(tmp_path)
    start, key = made.snapshot(), made.vault.get(content_key_id(made.gone))
    brought_back = 0
    for _ in range(RACES):
        made.restore(start)
        pause = dice.randrange(8, 54)
        crash = dice.choice((None, dice.randrange(pause + 1, pause + 45)))
        # While the first steps of a run are at work it has not begun to destroy anything.
        resume = dice.choice((6, dice.randrange(28, 121)))
        failure = _race(made, plan, pause=pause, resume=resume, crash=crash)
        where = f"{pause}, {resume}, {crash}: {failure}"
        if failure is None:
            assert not made.gives(key), where
            continue
        brought_back += made.gives(key)
        made.run(plan)
        assert not made.gives(key), f"{where}, and again"
        assert kinds(made.store()).count("purge.completed") == 1, where

    assert brought_back or seed


@pytest.mark.spec("PRG-15")
def test_a_vault_that_is_set_back_loses_the_key_again(tmp_path: Path) -> None:
    """The next run, also of a plan of which nothing is left, destroys it and ends the epoch."""
    made, plan = _prepared(tmp_path)
    start = made.snapshot()
    key = made.vault.get(content_key_id(made.gone))
    made.run(plan)
    made.restore(attrs.evolve(start, evidence=dict(made.world.storage.contents)))
    report = audit_store(made.world.storage, vault=made.vault)

    assert [ErrorKind.NOT_DESTROYED] == [one.code for one in report.errors]
    assert made.gives(key)

    made.run(plan)
    size = made.store().size
    made.run(plan)

    assert not made.gives(key)
    assert size == made.store().size
    assert () == audit_store(made.world.storage, vault=made.vault).errors
