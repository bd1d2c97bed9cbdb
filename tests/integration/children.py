"""What the child processes of the integration tests do. Each line they print is what they know."""

import base64
import io
import sys
from collections.abc import Callable
from pathlib import Path

from bwcstore.custody._authority import Role
from bwcstore.custody._recording import SourceId
from bwcstore.errors import BwcStoreError
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


def ingest_until_full(root: str) -> None:
    """Ingest until storage refuses; tell every receipt, then the code of the refusal."""
    with open_store(Path(root)) as store, store.session(actor="chief", reason="full") as session:
        for number in range(100_000):
            name = SourceId(scope="full", text=str(number))
            try:
                made = session.ingest(io.BytesIO(recording(3 * CHUNK)), source_id=name)
            except BwcStoreError as exc:
                _say(exc.kind.value.encode())
                return
            _say(made.receipt)


CHILDREN: dict[str, Callable[..., None]] = {
    child.__name__: child
    for child in (
        ingest_loop, ingest_file, append_loop, append_some, ingest_same, ingest_until_full,
    )
}  # fmt: skip

if __name__ == "__main__":
    CHILDREN[sys.argv[1]](*sys.argv[2:])
