"""Claims that vanish from their bucket: nothing that was promised is forgotten in silence."""

from pathlib import Path
from typing import Any

import pytest

from bwcstore import Role, Store
from bwcstore.errors import ErrorKind, StorageError
from tests.integration.s3_service import S3Service
from tests.s3.ground import Ground


def _enrol(store: Store, login: str) -> str:
    with store.session(actor="chief", reason="claims") as session:
        return str(session.enrol(login, roles=[Role.READER]))


def _people(store: Store) -> set[str]:
    return {str(actor) for actor in store._services.log.state.store.actors}


def _claims(client: Any, ground: Ground) -> list[str]:
    found = client.list_objects_v2(Bucket=ground.plain, Prefix="claims/")
    return sorted(one["Key"] for one in found.get("Contents", []))


@pytest.mark.spec("CLM-12", "CLM-13")
@pytest.mark.parametrize("lost", ["last", "all"])
def test_what_was_promised_outlives_its_claim(
    s3_server: S3Service, s3_client: Any, tmp_path: Path, lost: str
) -> None:
    """An entry that no checkpoint covers is in the ledger though its claim is gone; whoever ran
    meanwhile and is behind appends nothing once all are gone.
    """
    ground = Ground.lay(s3_server, tmp_path, "claimed")
    ground.begin()
    with ground.open() as behind, ground.open() as first:
        promised = _enrol(first, "alice")
        claims = _claims(s3_client, ground)
        gone = claims[-1:] if lost == "last" else claims
        for key in gone:
            s3_client.delete_object(Bucket=ground.plain, Key=key)
        if lost == "all":
            with pytest.raises(StorageError) as caught:
                _enrol(behind, "bob")
            assert ErrorKind.CLAIM_MISSING is caught.value.kind
            assert [] == _claims(s3_client, ground)
        with ground.open() as next_one:
            later = _enrol(next_one, "carol")
            assert {promised, later} <= _people(next_one)
    with ground.open() as found:
        people = _people(found)
        doubt = found.read_only

    assert {promised, later} <= people
    assert None is doubt
    assert gone[-1] in _claims(s3_client, ground)
    ground.check()
