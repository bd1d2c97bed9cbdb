"""Whole stores in buckets: created, filled, opened again; and what is refused."""

from pathlib import Path

import pytest

import bwcstore
from bwcstore._system import SystemEntropy
from bwcstore._values import Locking, LockMode
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.storage._keysource import KeyFile
from bwcstore.testing.backend_suite import pattern
from tests.integration.s3_service import S3Service
from tests.s3.places import options


@pytest.fixture
def key(tmp_path: Path) -> KeyFile:
    """A root key."""
    KeyFile.generate(tmp_path / "store.key", SystemEntropy())
    return KeyFile(tmp_path / "store.key")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A recording of several segments."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(pattern(20 << 20))
    return path


@pytest.mark.parametrize("protocol", ["numbered", "claimed"])
def test_a_store_in_a_bucket(
    s3_server: S3Service, locked_bucket: str, plain_bucket: str, clip: Path, protocol: str
) -> None:
    """What one process ingests another finds, locked; the commit protocol is what fits."""
    claimed = protocol == "claimed"
    endpoint = s3_server.parallel if claimed else s3_server.serial
    url = f"s3://{locked_bucket}/evidence"
    vaults = [f"s3://{plain_bucket}/keys"]
    claims = f"s3://{plain_bucket}/claims" if claimed else None
    reach = options(s3_server, endpoint)
    KeyFile.generate(clip.with_suffix(".key"), SystemEntropy())
    key = KeyFile(clip.with_suffix(".key"))

    with bwcstore.Store.create(
        url, key=key, actor="chief", vaults=vaults, claims=claims, s3=reach, segment_chunks=8
    ) as store:
        parameters = store.parameters
        with store.session(actor="chief", reason="test") as session:
            made = session.ingest(clip)
    with bwcstore.Store.open(url, key=key, vaults=vaults, claims=claims, s3=reach) as store:
        (found,) = store.objects()

    assert (protocol, Locking()) == (parameters.protocol, parameters.locking)
    assert made.object_id == found.object_id
    assert found.locked_until is not None
    assert found.locked_until > found.ingested_at


@pytest.mark.spec("BKT-13")
def test_a_racing_bucket_needs_claims(
    s3_server: S3Service, locked_bucket: str, plain_bucket: str, key: KeyFile
) -> None:
    """Where several writers can create one name, a store without claims is not begun."""
    with pytest.raises(BwcStoreError) as caught:
        bwcstore.Store.create(
            f"s3://{locked_bucket}/evidence",
            key=key,
            actor="chief",
            vaults=[f"s3://{plain_bucket}/keys"],
            s3=options(s3_server, s3_server.parallel),
        )

    assert ErrorKind.STORAGE_UNFIT is caught.value.kind


@pytest.mark.spec("VLT-26")
def test_keys_do_not_lie_where_versions_are_kept(
    s3_server: S3Service, locked_bucket: str, key: KeyFile
) -> None:
    """A bucket that keeps what is deleted is no place for keys."""
    other = s3_server.make_locked_bucket()

    with pytest.raises(BwcStoreError) as caught:
        bwcstore.Store.create(
            f"s3://{locked_bucket}/evidence",
            key=key,
            actor="chief",
            vaults=[f"s3://{other}/keys"],
            s3=options(s3_server, s3_server.serial),
        )

    assert ErrorKind.VAULT_UNFIT is caught.value.kind


def test_a_bucket_without_locks_is_taken_only_on_request(
    s3_server: S3Service, plain_bucket: str, key: KeyFile
) -> None:
    """A store that nothing protects from early deletion is somebody's explicit wish."""
    reach = options(s3_server, s3_server.parallel)
    vaults = [f"s3://{plain_bucket}/keys"]

    with pytest.raises(BwcStoreError) as caught:
        bwcstore.Store.create(
            f"s3://{plain_bucket}/e", key=key, actor="chief", vaults=vaults, s3=reach
        )
    with bwcstore.Store.create(
        f"s3://{plain_bucket}/e",
        key=key,
        actor="chief",
        locking=Locking(mode=LockMode.NONE),
        vaults=vaults,
        s3=reach,
    ) as store:
        locking = store.parameters.locking

    assert ErrorKind.STORAGE_UNFIT is caught.value.kind
    assert Locking(mode=LockMode.NONE) == locking


@pytest.mark.parametrize("vault", [None, "inside"])
def test_keys_lie_apart(
    s3_server: S3Service, locked_bucket: str, key: KeyFile, vault: str | None
) -> None:
    """Keys are never beside the evidence of a bucket by default, nor inside it."""
    url = f"s3://{locked_bucket}/evidence"
    vaults = [] if vault is None else [f"{url}/keys"]

    with pytest.raises(BwcStoreError) as caught:
        bwcstore.Store.create(
            url,
            key=key,
            actor="chief",
            vaults=vaults,
            s3=options(s3_server, s3_server.serial),
        )

    assert ErrorKind.ARGUMENT_INVALID is caught.value.kind
