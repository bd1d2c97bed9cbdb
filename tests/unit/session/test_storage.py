"""What is said in the ledger of the storage itself, and the warning that follows from it."""

from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from bwcstore._layout import CANARIES
from bwcstore._ports import Capability
from bwcstore._session._begin import Settings
from bwcstore._store import Store
from bwcstore._system import SystemEntropy
from bwcstore._values import Locking, LockMode
from bwcstore.audit._findings import Severity
from bwcstore.audit._run import audit_store
from bwcstore.custody._authority import Role
from bwcstore.custody._proving import is_unproven
from bwcstore.custody._records import StoreState
from bwcstore.errors import (
    AuthorizationError,
    BwcStoreError,
    ErrorKind,
    InvalidInputError,
    StorageError,
)
from bwcstore.storage._keysource import KeyFile
from bwcstore.storage._probe_result import Check, Outcome, ProbeResult, Protocol, Verdict
from bwcstore.testing import VersionedMemoryBackend, World
from tests.unit.session.world import SETTINGS, chief, create, reopen

UNPROVEN = ErrorKind.UNPROVEN_WORM
HERE: Final = "memory with versions"


def result(verdict: Verdict, detail: str = "", location: str = HERE) -> ProbeResult:
    """What a probe might have found."""
    held = Outcome.HELD if verdict is Verdict.PROVEN else Outcome.FAILED
    return ProbeResult(
        location=location,
        checks=(Check(name="delete-locked-put", outcome=held, detail=detail),),
        verdict=verdict,
        protocol=Protocol.NUMBERED,
        clock_offset_seconds=-0.25,
    )


def bucketed(mode: LockMode | None) -> tuple[World, Store]:
    """A store whose storage can lock, and whether it was asked to."""
    world = World()
    world.backend = VersionedMemoryBackend(clock=world.clock)
    locking = None if mode is None else Locking(mode=mode)
    settings = Settings(
        geometry=SETTINGS.geometry, signed_kinds=SETTINGS.signed_kinds, locking=locking
    )
    return world, create(world, settings)


def unproven_findings(world: World) -> list[Severity]:
    """What an audit without keys says of the storage."""
    report = audit_store(world.backend)
    return [one.severity for one in report.findings if one.code is UNPROVEN]


@pytest.mark.spec("PRB-9")
def test_a_probe_is_recorded() -> None:
    """Verdict and outcomes are open; where it was and why are sealed."""
    world, store = bucketed(LockMode.COMPLIANCE)
    with store, chief(store) as session:
        session.record_probe(result(Verdict.UNPROVEN, "a\nlocked version\u0000 went"))
        probed = store.probed["evidence"]
        (line,) = (one for one in session.log() if one.entry.kind == "storage.probed")
        sealed = line.payload

    assert ("unproven", "numbered", world.clock.now()) == (
        probed.verdict,
        probed.protocol,
        probed.at,
    )
    assert [{"check": "delete-locked-put", "outcome": "failed"}] == line.entry.body["checks"]
    assert sealed is not None
    assert {"delete-locked-put": "failed"} == probed.unheld
    assert [
        HERE,
        "clock offset -0.2 s",
        "delete-locked-put: a?locked version? went",
    ] == sealed["detail"]


@pytest.mark.spec("PRB-13")
@pytest.mark.parametrize(
    ("place", "location"),
    [("evidence", "s3://other/store"), ("evidence", ""), ("claims", HERE)],
)
def test_the_probe_of_another_place_is_not_recorded(place: str, location: str) -> None:
    """What another bucket does says nothing of this store; nothing is written of it."""
    _, store = bucketed(LockMode.COMPLIANCE)
    with store, chief(store) as session:
        before = store.size
        with pytest.raises(InvalidInputError) as caught:
            session.record_probe(result(Verdict.PROVEN, location=location), place=place)
        after = store.size

    assert ErrorKind.ARGUMENT_INVALID is caught.value.kind
    assert (before, {}) == (after, store.probed)


@pytest.mark.spec("PRB-13")
def test_each_place_of_a_store_takes_its_own_probe(tmp_path: Path) -> None:
    """Of a store on disks: the evidence, and every replica of its keys, each for what it is."""
    key = KeyFile.generate(tmp_path / "key", SystemEntropy())
    vaults = (tmp_path / "one", tmp_path / "two")
    with (
        closing(Store.create(tmp_path / "store", key=key, actor="chief", vaults=vaults)) as store,
        chief(store) as session,
    ):
        (evidence,), (one, two) = store.probe(), store.probe("vault")
        session.record_probe(evidence)
        session.record_probe(one, place="vault")
        session.record_probe(two, place="vault")
        with pytest.raises(InvalidInputError):
            session.record_probe(one)
        with pytest.raises(InvalidInputError):
            session.record_probe(evidence, place="vault")
        recorded = {*store.probed}

    assert {"evidence", "vault"} == recorded


@pytest.mark.spec("PRB-10", "AUD-42")
@pytest.mark.parametrize("mode", [LockMode.COMPLIANCE, LockMode.GOVERNANCE])
def test_a_store_with_locks_is_unproven_until_its_storage_is_proven(mode: LockMode) -> None:
    """Only the last probe of the evidence counts; open store and audit say the same."""
    world, store = bucketed(mode)
    seen = []
    with store, chief(store) as session:
        seen.append((store.warnings, unproven_findings(world)))
        session.record_probe(result(Verdict.PROVEN), place="vault")
        seen.append((store.warnings, unproven_findings(world)))
        session.record_probe(result(Verdict.PROVEN))
        seen.append((store.warnings, unproven_findings(world)))
        session.record_probe(result(Verdict.UNPROVEN))
        seen.append((store.warnings, unproven_findings(world)))
        session.record_probe(result(Verdict.NOT_APPLICABLE))
        seen.append((store.warnings, unproven_findings(world)))

    said = [UNPROVEN in warnings for warnings, _ in seen]

    assert [True, True, False, True, True] == said
    assert [[Severity.WARNING] if one else [] for one in said] == [found for _, found in seen]


@pytest.mark.spec("PRB-10", "AUD-42")
@pytest.mark.parametrize(("mode", "said"), [(LockMode.NONE, True), (None, False)])
def test_a_bucket_that_was_never_asked_to_lock(mode: LockMode | None, said: bool) -> None:
    """A store in a bucket without locks is unproven for ever; one without terms has no say."""
    world, store = bucketed(mode)
    with store, chief(store) as session:
        session.record_probe(result(Verdict.PROVEN))
        warned = UNPROVEN in store.warnings
        found = unproven_findings(world)

    assert (said, said) == (warned, bool(found))


@pytest.mark.spec("PRB-6", "PRB-10")
def test_a_disk_is_no_warning() -> None:
    """A store on a disk promises nothing that could be unproven."""
    world = World()
    with create(world) as store:
        warned = UNPROVEN in store.warnings

    assert not warned
    assert [] == unproven_findings(world)


@pytest.mark.spec("PRB-10")
def test_a_proven_store_on_storage_that_cannot_lock_is_unproven() -> None:
    """What was proven of one place says nothing of where a copy lies."""
    _, store = bucketed(LockMode.COMPLIANCE)
    with store, chief(store) as session:
        session.record_probe(result(Verdict.PROVEN))
        state = store._services.log.state.store

    assert not is_unproven(state, frozenset({Capability.LOCK}))
    assert is_unproven(state, frozenset({Capability.CREATE_ONLY}))
    assert not is_unproven(StoreState(), frozenset())


def test_recording_needs_a_role() -> None:
    """Who may not is refused, and the refusal is logged."""
    _, store = bucketed(LockMode.COMPLIANCE)
    with store:
        with chief(store) as session:
            session.enrol("clerk", roles=[Role.AUDITOR])
            session.enrol("keeper", roles=[Role.RECORDS])
        with store.session(actor="keeper", reason="testing") as session:
            session.record_probe(result(Verdict.PROVEN))
            with pytest.raises(AuthorizationError):
                session.attest_storage("vault", words=["no-backups"])
        with (
            store.session(actor="clerk", reason="testing") as session,
            pytest.raises(AuthorizationError),
        ):
            session.record_probe(result(Verdict.UNPROVEN))
        verdict = store.probed["evidence"].verdict
        kinds = [entry.kind for entry in store._services.log.entries()]

    assert "proven" == verdict
    assert 2 == kinds.count("access.refused")


@pytest.mark.spec("PRB-12")
def test_what_nobody_can_see_is_attested() -> None:
    """Codes are open, in order, each once; the statement is sealed."""
    _, store = bucketed(LockMode.COMPLIANCE)
    with store, chief(store) as session:
        session.attest_storage(
            "vault", words=["no-snapshots", "no-backups", "no-snapshots"], statement="Asked Ops."
        )
        (line,) = (one for one in session.log() if one.entry.kind == "storage.attested")

    assert {"place": "vault", "words": ["no-backups", "no-snapshots"]} == line.entry.body
    assert line.payload is not None
    assert ["Asked Ops."] == line.payload["statement"]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("cellar", ["no-backups"]),
        ("vault", []),
        ("vault", ["No backups"]),
        ("vault", [f"word-{number}" for number in range(17)]),
    ],
)
def test_odd_attestations_are_refused(place: str, words: list[str]) -> None:
    """Before anything is written."""
    _, store = bucketed(LockMode.COMPLIANCE)
    with store, chief(store) as session:
        size = store.size
        with pytest.raises(BwcStoreError) as caught:
            session.attest_storage(place, words=words)
        after = store.size

    assert (ErrorKind.ARGUMENT_INVALID, size) == (caught.value.kind, after)


@pytest.mark.spec("PRB-1")
def test_a_store_tries_its_own_places_out() -> None:
    """And is none the worse for it: no entry, and nothing that an audit would find."""
    world = World()
    with create(world) as store:
        size = store.size
        (found,) = store.probe()
        with pytest.raises(StorageError) as caught:
            store.probe("claims")
        after = store.size
    world.storage.create(f"{CANARIES}{'0' * 32}", b"canary")
    report = audit_store(world.storage)
    with reopen(world) as store, chief(store) as session:
        leftovers = session.leftovers()

    assert (Verdict.NOT_APPLICABLE, size) == (found.verdict, after)
    assert ErrorKind.STORAGE_UNFIT is caught.value.kind
    assert (True, 0) == (report.ok, report.coverage.foreign_names)
    assert () == leftovers
