"""The library at work under six roles, each with credentials of its own."""

import io
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import attrs
import pytest

from bwcstore import Store
from bwcstore._places import place_of
from bwcstore._session._begin import Settings
from bwcstore._system import SystemEntropy
from bwcstore._values import Instant, Locking, LockMode
from bwcstore.audit._findings import Severity
from bwcstore.cli._audit import keyless
from bwcstore.custody._authority import Role
from bwcstore.custody._records import Policy
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.storage._iam import StorageRole
from bwcstore.storage._keysource import KeyFile
from bwcstore.testing.backend_suite import pattern
from tests.integration.s3_service import S3Service
from tests.s3.places import begin_store, options
from tests.s3.staging import INGESTED, Town, acting, at, stage_on
from tests.simulation.agency_memory import AGENCY, ORDINARY, PACK

INGEST, READER, PURGER, AUDITOR, CUSTODIAN, KEEPER = StorageRole


@pytest.fixture(scope="module")
def town(s3_server: S3Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A store that its owner made; from then on everybody has their own credentials."""
    stage = stage_on(s3_server)
    key = KeyFile.generate(tmp_path_factory.mktemp("roles") / "root.key", SystemEntropy())
    unlocked = Locking(mode=LockMode.NONE)
    with (
        Store.create(
            stage.areas.evidence,
            key=key,
            actor="chief",
            vaults=stage.areas.vaults,
            claims=stage.areas.claims,
            s3=options(s3_server, s3_server.parallel),
            locking=unlocked,
            segment_chunks=8,
            signed_kinds=(),
            environment=at(INGESTED),
        ) as store,
        acting(store) as session,
    ):
        session.adopt_law(PACK, AGENCY)
        session.set_policy(Policy(clock_hours=24 * 365, brake_objects=99, large_objects=99))
        session.authorize("chief", purposes=["investigation"])
        for name in ("ann", "bob"):
            session.enrol(name, roles=[Role.RECORDS])
    stage.guard(unlocked)
    content = pattern(9 << 20)
    made = Town(stage=stage, key=key, content=content)
    with made.open(INGEST, INGESTED) as store, acting(store) as session:
        found = session.ingest(io.BytesIO(content)).object_id
        for fact, value in ORDINARY.items():
            session.assert_fact(fact, value, object_id=found)
    with stage.clients:
        yield attrs.evolve(made, recording=found)


def segments(town: Town) -> int:
    """How many versions of segments are stored."""
    client = town.stage.client(town.stage.owner)
    found = client.list_object_versions(Bucket=town.stage.evidence, Prefix="evidence/objects/")
    return sum("manifest-" not in one["Key"] for one in found.get("Versions", ()))


def read(town: Town, role: StorageRole) -> bytes:
    """The recording, read with the credentials of a role."""
    with (
        town.open(role) as store,
        acting(store) as session,
        session.read(town.recording) as found,
    ):
        return found.read()


def audited(town: Town) -> tuple[bool, list[str]]:
    """What a keyless audit finds: whether it saw everything, and its errors."""
    auditor = town.stage.users[AUDITOR]
    areas = town.stage.areas
    report = keyless(
        place_of(areas.evidence),
        vaults=[place_of(one) for one in areas.vaults],
        claims=areas.claims,
        s3=options(auditor, auditor.parallel),
    )
    errors = [one.code for one in report.findings if one.severity is Severity.ERROR]
    return report.complete, [str(code) for code in errors]


def test_the_reader_reads_and_says_so(town: Town) -> None:
    """All bytes, and an entry for them."""
    content = read(town, READER)
    with town.open(READER) as store:
        kinds = [entry.kind for entry in store._services.log.entries()]

    assert town.content == content
    assert ["object.accessed", "access.ended"] == kinds[-2:]


def test_the_auditor_audits_without_keys(town: Town) -> None:
    """Everything is looked at, with the head that the vault remembers, and nothing is found."""
    complete, findings = audited(town)

    assert complete
    assert [] == findings


def test_the_custodian_changes_the_keys(town: Town) -> None:
    """Every living key lies under a new epoch, and the recording is read with it."""
    with town.open(CUSTODIAN) as store:
        before = store.vault.epoch
        with acting(store) as session:
            session.rotate_keys()
        after = store.vault.epoch

    assert before < after
    assert town.content == read(town, READER)


@pytest.mark.parametrize(
    ("role", "verb"),
    [
        (INGEST, "read"),
        (CUSTODIAN, "read"),
        (READER, "ingest"),
        (PURGER, "ingest"),
        (CUSTODIAN, "ingest"),
        (KEEPER, "ingest"),
        (READER, "rotate"),
        (INGEST, "rotate"),
    ],
)
def test_what_is_not_a_roles_work_is_refused_by_its_code(
    town: Town, role: StorageRole, verb: str
) -> None:
    """The error says that the credentials do not allow it, and nothing is lost by the attempt."""

    def attempt(stack: ExitStack) -> None:
        session = stack.enter_context(acting(stack.enter_context(town.open(role))))
        if verb == "read":
            stack.enter_context(session.read(town.recording)).read()
        elif verb == "ingest":
            session.ingest(io.BytesIO(b"another"))
        else:
            session.rotate_keys()

    with pytest.raises(BwcStoreError) as caught, ExitStack() as stack:
        attempt(stack)

    assert ErrorKind.STORAGE_DENIED is caught.value.kind
    assert town.content == read(town, READER)


def test_the_auditor_opens_no_keys(town: Town) -> None:
    """The vault is refused to it."""
    with pytest.raises(BwcStoreError) as caught:
        town.open(AUDITOR)

    assert ErrorKind.STORAGE_DENIED is caught.value.kind


def test_only_the_purger_purges(town: Town) -> None:
    """A run by another role destroys no key and no byte; the purger's run ends it."""
    with town.open(READER) as store:
        with acting(store, "ann") as session:
            plan = session.plan_purge()
            act = session.propose_purge(plan)
        with acting(store, "bob") as session:
            session.approve_purge(act, plan_sha256=plan.digest)
    stored = segments(town)
    with pytest.raises(BwcStoreError) as caught, town.open(INGEST) as store:
        acting(store, "ann").run_purge(act)
    kept = segments(town)
    with town.open(PURGER) as store, acting(store, "ann") as session:
        session.run_purge(act)
    complete, findings = audited(town)

    assert ErrorKind.STORAGE_DENIED is caught.value.kind
    assert stored == kept > 0
    assert 0 == segments(town)
    assert complete
    assert [] == findings


def test_the_lock_keeper_keeps_the_locks(s3_server: S3Service, tmp_path: Path) -> None:
    """What the ingest role locked as it was stored is held for the ledger by the lock keeper alone,
    and the ingest role cannot.
    """
    stage = stage_on(s3_server)
    locking = Locking(record_days=2, max_days=3, unruled_days=1)
    key = KeyFile.generate(tmp_path / "root.key", SystemEntropy())
    begin_store(
        stage.areas.evidence,
        key=key,
        vaults=stage.areas.vaults,
        claims=stage.areas.claims,
        s3=options(s3_server, s3_server.parallel),
        settings=Settings(locking=locking, signed_kinds=frozenset(), protocol="claimed"),
        environment=at(INGESTED),
    )
    stage.guard(locking)
    town = Town(stage=stage, key=key, content=b"brief")
    with town.open(INGEST) as store, acting(store) as session:
        made = session.ingest(io.BytesIO(town.content)).object_id
        session.place_hold("litigation", objects=[made])
        failed = session.sync_locks().withheld
    with town.open(KEEPER) as store, acting(store) as session:
        left = session.sync_locks().withheld
        state = store.object(made)
    with stage.clients:
        found = stage.client(stage.users[AUDITOR]).head_object(
            Bucket=stage.evidence, Key=f"evidence/objects/{made}/00000000"
        )

    assert (1, 0) == (failed, left)
    assert "ON" == found["ObjectLockLegalHoldStatus"]
    assert state.locked_until == Instant.from_datetime(found["ObjectLockRetainUntilDate"])
