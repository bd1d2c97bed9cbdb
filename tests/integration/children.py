"""What the child processes of the integration tests do. Each line they print is what they know."""

import base64
import contextlib
import io
import sys
from collections.abc import Callable
from pathlib import Path

from bwcstore import Store
from bwcstore.audit._run import audit_store
from bwcstore.custody._authority import Role
from bwcstore.custody._recording import SourceId
from bwcstore.errors import BwcStoreError, ErrorKind, StorageError
from bwcstore.ledger._receipt import read_receipt
from bwcstore.storage._keysource import KeyFile
from bwcstore.storage._local import LocalBackend
from tests.integration.machine import CHUNK, open_store
from tests.unit.session.world import recording


def _say(what: bytes) -> None:
    sys.stdout.buffer.write(base64.b64encode(what) + b"\n")
    sys.stdout.buffer.flush()


def _ready() -> None:
    sys.stdout.buffer.write(b"ready\n")
    sys.stdout.buffer.flush()


def ingest_loop(root: str, run: str) -> None:
    """Ingest one small recording after the other; tell every receipt."""
    with open_store(Path(root)) as store, store.session(actor="chief", reason="loop") as session:
        _ready()
        for number in range(100_000):
            name = SourceId(scope=f"run-{run}", text=str(number))
            made = session.ingest(io.BytesIO(recording(3 * CHUNK)), source_id=name)
            _say(made.receipt)


def ingest_file(root: str, path: str, scope: str) -> None:
    """Ingest one large file with a journal."""
    with open_store(Path(root)) as store, store.session(actor="chief", reason="dock") as session:
        _ready()
        made = session.ingest(path, source_id=SourceId(scope=scope, text="clip"))
        _say(made.receipt)


def append_loop(root: str, run: str) -> None:
    """Enrol one after the other; tell every actor id."""
    with open_store(Path(root)) as store, store.session(actor="chief", reason="loop") as session:
        _ready()
        for number in range(100_000):
            actor = session.enrol(f"person-{run}-{number}", roles=[Role.READER])
            _say(str(actor).encode())


def append_some(root: str, run: str, count: str) -> None:
    """Enrol some; tell every actor id."""
    with open_store(Path(root)) as store, store.session(actor="chief", reason="some") as session:
        for number in range(int(count)):
            _say(str(session.enrol(f"person-{run}-{number}", roles=[Role.READER])).encode())


def ingest_same(root: str, count: str) -> None:
    """Ingest sources that another process ingests at the same time; tell every receipt."""
    with open_store(Path(root)) as store, store.session(actor="chief", reason="same") as session:
        for number in range(int(count)):
            name = SourceId(scope="shared", text=str(number))
            _say(session.ingest(io.BytesIO(recording(CHUNK)), source_id=name).receipt)


def fill(folder: str) -> None:
    """Ingest until storage is full; whatever was told is there, and reading still works."""
    root = Path(folder) / "disk/store"
    vault = Path(folder) / "store.vault"
    key = KeyFile(Path(folder) / "root.key")
    receipts = []
    store = Store.create(
        root, key=key, actor="chief", vaults=[vault], chunk_bytes=CHUNK, segment_chunks=2
    )
    kinds = set()
    with store.session(actor="chief", reason="full") as session:
        # Large ones first, then small ones, until no entry fits either.
        for length in (3 * CHUNK,) * 40 + (1,) * 600:
            try:
                receipts.append(session.ingest(io.BytesIO(recording(length))).receipt)
            except BwcStoreError as exc:
                kinds.add(exc.kind)
    # The last checkpoint does not fit either; no entry is lost by that.
    with contextlib.suppress(StorageError):
        store.close()
    assert kinds == {ErrorKind.STORAGE_FULL}, kinds
    assert receipts
    _reopen_and_check(root, vault, key, receipts)
    _ready()


def _reopen_and_check(root: Path, vault: Path, key: KeyFile, receipts: list[bytes]) -> None:
    store = Store.open(root, key=key, vaults=[vault])
    known = {state.object_id for state in store.objects()}
    assert {read_receipt(receipt).object_id for receipt in receipts} == known
    assert store.read_only is None
    report = audit_store(LocalBackend(root), vault=store.vault, expect=receipts)
    with contextlib.suppress(StorageError):
        store.close()
    assert report.errors == (), report.errors


def look(root: str) -> None:
    """Open a store on a read-only disk and try to read and to write."""
    with open_store(Path(root)) as store:
        kinds = []
        object_id = next(store.objects()).object_id
        clerk = store.session(actor="clerk", reason="look", purpose="investigation")
        chief = store.session(actor="chief", reason="write")
        for deed in (
            lambda: clerk.read(object_id),
            lambda: chief.ingest(io.BytesIO(b"more")),
        ):
            try:
                deed()
            except BwcStoreError as exc:
                kinds.append(exc.kind)
        assert kinds == [ErrorKind.STORAGE_READ_ONLY] * 2, kinds
    _ready()


CHILDREN: dict[str, Callable[..., None]] = {
    child.__name__: child
    for child in (
        ingest_loop, ingest_file, append_loop, append_some, ingest_same, fill, look,
    )
}  # fmt: skip

if __name__ == "__main__":
    CHILDREN[sys.argv[1]](*sys.argv[2:])
