"""Write the frozen store of format 1.0: `python tests/vectors/make_store.py`.

A whole small store as this version writes it, made in a simulated world so that writing it again
must give the same bytes: write-once area, key vault, root key, a checkpoint and a receipt that
were kept elsewhere, and what every later version must read in it. Once a version was released,
its store is never written again.
"""

import contextlib
import hashlib
import io
import json
import shutil
import tempfile
from pathlib import Path
from typing import Final

from bwcstore._session._begin import Settings
from bwcstore._store import Store
from bwcstore._values import Instant, StoreId
from bwcstore.custody import Claim, Recording, Role, SourceId
from bwcstore.errors import AuthorizationError
from bwcstore.objects import Geometry
from bwcstore.storage import DirectoryVault, KeyFile
from bwcstore.testing import MemoryBackend, World

HERE: Final = Path(__file__).parent / "stores" / "v1.0"
STORE: Final = StoreId("0190163d-8694-4000-8000-000000000001")
CHUNK: Final = 1 << 16
ROOT_KEY: Final = "".join(f"{byte:02x}" for byte in range(32)) + "\n"
RECORDINGS: Final = {
    "three-segments": bytes(range(256)) * 1000,
    "short": b"ten bytes.",
    "empty": b"",
}


def _ingest(store: Store, expected: dict[str, object]) -> bytes:
    receipt = b""
    with store.session(actor="chief", reason="dock transfer\nof three recordings") as session:
        for name, data in RECORDINGS.items():
            made = session.ingest(
                io.BytesIO(data),
                source_id=SourceId(scope="camera 7", text=name),
                recording=Recording(
                    collected=(
                        Claim(
                            at=Instant.parse("2025-12-31T23:59:59.000000Z"), basis="camera-clock"
                        ),
                    ),
                    device="camera 7",
                    officer="0815",
                    case="26-1042",
                    label="traffic-stop",
                    trigger="detention",
                    title=f"Überprüfung: {name}",
                    fields={"weather": "snow"},
                ),
            )
            receipt = receipt or made.receipt
            expected[str(made.object_id)] = {
                "sha256": hashlib.sha256(data).hexdigest(),
                "length_bytes": len(data),
                "title": f"Überprüfung: {name}",
            }
        first = next(store.objects()).object_id
        session.enrol("clerk", roles=[Role.READER], name="C. Lerk")
        session.authorize("clerk", purposes=["investigation"], statement="for case 26-1042")
    with store.session(actor="clerk", reason="viewing", purpose="investigation") as session:
        with session.read(first) as reader:
            reader.read(100)
        with contextlib.suppress(AuthorizationError):
            session.ingest(io.BytesIO(b"x"))
    return receipt


def build() -> dict[str, bytes]:
    """Every file of the frozen store by its path below the folder."""
    world = World(seed=1)
    area, keys = MemoryBackend(), MemoryBackend()
    objects: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "root.key"
        path.touch(mode=0o600)
        path.write_text(ROOT_KEY, encoding="ascii")
        vault = DirectoryVault.create(
            [keys],
            store_id=STORE,
            source=KeyFile(path),
            entropy=world.environment.entropy,
            clock=world.environment.clock,
        )
    store = Store.create_on(
        area,
        vault,
        store_id=STORE,
        actor="chief",
        environment=world.environment,
        settings=Settings(
            origin="bwc.example.gov/frozen",
            geometry=Geometry(chunk_bytes=CHUNK, segment_chunks=2),
            signed_kinds=frozenset(),
        ),
    )
    receipt = _ingest(store, objects)
    with store.session(actor="chief", reason="yearly") as session:
        session.close_generation()
        session.rotate_keys()
    note = store.checkpoint()
    store.close()
    expected = {"entries": store.size, "objects": objects, "store": str(STORE)}
    return {
        **{f"area/{name}": data for name, data in area.contents.items()},
        **{f"vault/{name}": data for name, data in keys.contents.items()},
        "root.key": ROOT_KEY.encode(),
        "kept.note": note,
        "kept.receipt": receipt,
        "expected.json": (json.dumps(expected, indent=1, sort_keys=True) + "\n").encode(),
    }


def main() -> None:
    """Write the files, and remove what does not belong."""
    shutil.rmtree(HERE, ignore_errors=True)
    for name, data in build().items():
        path = HERE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main()
