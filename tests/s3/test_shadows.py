"""On the real service: what lies over locked evidence and records is read past, told, removed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

import bwcstore
from bwcstore import _layout
from bwcstore._system import SystemEntropy
from bwcstore.audit._run import audit_store
from bwcstore.errors import ErrorKind, NotFoundError, StorageError
from bwcstore.storage._claimed import ClaimedBackend
from bwcstore.storage._keysource import KeyFile
from bwcstore.storage._s3 import S3Backend
from bwcstore.testing.backend_suite import pattern
from tests.integration.s3_service import S3Service
from tests.s3.places import open_bucket, options
from tests.unit.session.covering import kind_of

PREFIX: Final = "evidence"


OWN_KEY: Final = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}


def cover(client: Any, bucket: str, key: str) -> None:
    """Newer versions with other bytes, and delete markers."""
    for _ in range(2):
        client.put_object(Bucket=bucket, Key=key, Body=b"garbage\n")
        client.delete_object(Bucket=bucket, Key=key)


def wall_up(client: Any, bucket: str, key: str) -> None:
    """Newer versions that nobody else can read, or look at."""
    for _ in range(2):
        client.put_object(Bucket=bucket, Key=key, Body=b"garbage\n", **OWN_KEY)


def by_kind(backend: S3Backend) -> dict[str, str]:
    """One name of every kind that a small store has."""
    found: dict[str, str] = {}
    batches = []
    for stat in backend.list(""):
        batch = "/batch/" in stat.name
        kind = "first batch" if batch else kind_of(stat.name)
        found.setdefault(kind, stat.name)
        batches += [stat.name] if batch else []
    return found | {"last batch": batches[-1]}


@pytest.mark.spec("SHD-2", "SHD-8", "SHD-11")
@pytest.mark.parametrize(
    ("protocol", "cover"), [("numbered", cover), ("claimed", cover), ("numbered", wall_up)]
)
def test_covered_evidence_and_records(
    s3_server: S3Service,
    s3_client: Any,
    tmp_path: Path,
    protocol: str,
    cover: Callable[[Any, str, str], None],
) -> None:
    """Segment, manifest, checkpoint, first and last batch: read, opened, found, uncovered."""
    locked_bucket, plain_bucket = s3_server.make_locked_bucket(), s3_server.make_plain_bucket()
    claimed = protocol == "claimed"
    reach = options(s3_server, s3_server.parallel if claimed else s3_server.serial)
    KeyFile.generate(tmp_path / "store.key", SystemEntropy())
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(pattern(1 << 20))
    claims = f"s3://{plain_bucket}/claims" if claimed else None
    place: dict[str, Any] = {
        "key": KeyFile(tmp_path / "store.key"),
        "vaults": [f"s3://{plain_bucket}/keys"],
        "claims": claims,
        "s3": reach,
    }
    url = f"s3://{locked_bucket}/{PREFIX}"
    with (
        bwcstore.Store.create(url, actor="chief", segment_chunks=1, **place) as store,
        store.session(actor="chief", reason="test") as session,
    ):
        made = session.ingest(clip)
        session.authorize("chief", purposes=["records"])
    with bwcstore.Store.open(url, **place) as store:
        evidence = store._services.backend
        raw = evidence._evidence if isinstance(evidence, ClaimedBackend) else evidence
        assert isinstance(raw, S3Backend)
        names = by_kind(raw)
        for name in names.values():
            cover(s3_client, locked_bucket, f"{PREFIX}/{name}")
    with bwcstore.Store.open(url, **place) as store:
        backend = store._services.backend
        before = audit_store(backend)
        with store.session(actor="chief", reason="test", purpose="records") as session:
            with session.read(made.object_id) as found:
                data = found.read()
            report = session.repair_shadows()
        after = audit_store(backend)
        left = [len([*raw_versions(backend, name)]) for name in plain_names(names)]

    assert {"segment", "manifest", "checkpoint", "first batch", "last batch"} == set(names)
    assert clip.read_bytes() == data
    assert {ErrorKind.SHADOWED} == {one.code for one in before.errors}
    assert sorted(plain_names(names)) == sorted(one.where for one in before.errors)
    assert ((), ()) == (report.lost, report.problems)
    assert sorted(plain_names(names)) == sorted(one.name for one in report.repaired)
    assert () == after.errors
    assert [1] * len(names) == left


def plain_names(names: dict[str, str]) -> list[str]:
    """The names as the ledger has them."""
    return [
        found[0] if (found := _layout.parse_candidate(name)) else name for name in names.values()
    ]


def raw_versions(backend: Any, name: str) -> tuple[Any, ...]:
    """Every version and marker of a name."""
    versions: tuple[Any, ...] = backend.versions(name)
    return versions


@pytest.mark.spec("STO-24", "BKT-18")
def test_locks_of_what_is_given_to_nobody(
    s3_server: S3Service, s3_client: Any, locked_bucket: str
) -> None:
    """What is encrypted under a key of somebody's own is read past by name, tells its locks, and
    is deleted as soon as they let it go.
    """
    backend = open_bucket(s3_server, locked_bucket, s3_server.serial)
    backend.create("one", b"true")
    key = backend.place.key("one")
    put = s3_client.put_object(
        Bucket=locked_bucket, Key=key, Body=b"x", ObjectLockLegalHoldStatus="ON", **OWN_KEY
    )
    held, true = backend.versions("one")
    with pytest.raises(StorageError) as kept:
        backend.delete_version("one", held.version_id)
    backend.lift_legal_hold("one", held.version_id)
    free = backend.versions("one")[0]
    read, length = backend.read("one"), backend.stat("one").length_bytes
    with pytest.raises((StorageError, NotFoundError)):
        backend.read_version("one", held.version_id)
    backend.delete_version("one", true.version_id)
    with pytest.raises(StorageError) as denied:
        backend.read("one")
    backend.delete("one")
    left = backend.versions("one")
    backend.close()

    assert put["VersionId"] == held.version_id
    assert (True, False, False) == (held.legal_hold, true.legal_hold, free.legal_hold)
    assert ErrorKind.WITHHELD_BY_STORAGE is kept.value.kind
    assert (b"true", 4) == (read, length)
    assert ErrorKind.STORAGE_DENIED is denied.value.kind
    assert () == left


@pytest.mark.spec("SHD-13")
def test_a_locked_cover_stays(
    s3_server: S3Service, s3_client: Any, locked_bucket: str, plain_bucket: str, tmp_path: Path
) -> None:
    """What somebody put over evidence under a lock of its own is told, and read past."""
    reach = options(s3_server, s3_server.serial)
    KeyFile.generate(tmp_path / "store.key", SystemEntropy())
    with bwcstore.Store.create(
        f"s3://{locked_bucket}/{PREFIX}",
        key=KeyFile(tmp_path / "store.key"),
        actor="chief",
        vaults=[f"s3://{plain_bucket}/keys"],
        s3=reach,
    ) as store:
        backend = store._services.backend
        name = _layout.batch(0, 0)
        s3_client.put_object(
            Bucket=locked_bucket,
            Key=f"{PREFIX}/{name}",
            Body=b"garbage\n",
            ObjectLockLegalHoldStatus="ON",
        )
        with store.session(actor="chief", reason="test") as session:
            report = session.repair_shadows()
        count = len(backend.versions(name))
        s3_client.put_object_legal_hold(
            Bucket=locked_bucket, Key=f"{PREFIX}/{name}", LegalHold={"Status": "OFF"}
        )

    assert () == report.repaired
    assert 1 == len(report.problems)
    assert 2 == count
