"""Stores of every released format: opened, read, audited and continued by this version."""

import hashlib
import io
import json
import shutil
from pathlib import Path
from typing import Any, Final

import pytest

from bwcstore import KeyFile, ObjectId, Store
from bwcstore.audit import audit_store
from bwcstore.ledger import VerifierKey, verify_receipt
from bwcstore.storage import LocalBackend

STORES: Final = sorted((Path(__file__).parent / "stores").iterdir())


@pytest.fixture(params=STORES, ids=lambda path: path.name)
def frozen(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of one frozen store that may be written to."""
    copy = tmp_path / "frozen"
    shutil.copytree(request.param, copy)
    (copy / "root.key").chmod(0o600)
    return copy


def expected(frozen: Path) -> dict[str, Any]:
    """What every version must find in it."""
    found: dict[str, Any] = json.loads((frozen / "expected.json").read_text(encoding="utf-8"))
    return found


def opened(frozen: Path) -> Store:
    """The store, open."""
    return Store.open(frozen / "area", key=KeyFile(frozen / "root.key"), vaults=[frozen / "vault"])


def objects_of(frozen: Path) -> dict[str, Any]:
    """The expected objects by id."""
    found: dict[str, Any] = expected(frozen)["objects"]
    return found


def test_every_recording_is_read(frozen: Path) -> None:
    """Byte for byte, with what is sealed beside it."""
    with opened(frozen) as store:
        with store.session(actor="chief", reason="reading old evidence") as session:
            titles = {
                key: session.describe(ObjectId(key)).record.title for key in objects_of(frozen)
            }
        digests = {}
        with store.session(actor="clerk", reason="old case", purpose="investigation") as session:
            for key in objects_of(frozen):
                with session.read(ObjectId(key)) as reader:
                    digests[key] = hashlib.sha256(reader.read() or b"").hexdigest()

    assert {key: value["title"] for key, value in objects_of(frozen).items()} == titles
    assert {key: value["sha256"] for key, value in objects_of(frozen).items()} == digests


def test_it_verifies_and_honours_what_was_kept(frozen: Path) -> None:
    """Without keys and with them; the old checkpoint and receipt are extended."""
    kept = [(frozen / "kept.note").read_bytes(), (frozen / "kept.receipt").read_bytes()]
    keyless = audit_store(LocalBackend(frozen / "area"), expect=kept)
    with (
        opened(frozen) as store,
        store.session(actor="chief", reason="old evidence is checked") as session,
    ):
        keyed = session.audit(expect=kept)
        receipt = verify_receipt(kept[1], VerifierKey.parse(store.verifier_key))

    assert ((), ()) == (keyless.errors, keyed.errors)
    assert (expected(frozen)["entries"], 2) == (keyless.coverage.entries, keyless.extends_count)
    assert str(receipt.object_id) in objects_of(frozen)


def test_it_is_continued(frozen: Path) -> None:
    """New evidence goes into the old store, and the whole still verifies."""
    with (
        opened(frozen) as store,
        store.session(actor="chief", reason="still in use") as session,
    ):
        session.ingest(io.BytesIO(b"new evidence"))

    report = audit_store(LocalBackend(frozen / "area"))
    assert () == report.errors
    assert len(objects_of(frozen)) + 1 == report.coverage.objects
