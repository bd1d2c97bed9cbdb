"""What every reader does with what is not as it should be, and what no store gives away."""

import hashlib
import re
from pathlib import Path
from typing import Final

import pytest

from bwcstore._values import ObjectId
from bwcstore.audit._run import audit_store
from bwcstore.custody._recording import Recording, SourceId
from bwcstore.errors import BwcStoreError, ErrorKind, FormatError
from bwcstore.testing import MemoryBackend, World
from tests.unit.session.world import admit, chief, create, recording, reopen, stream

ROOT: Final = Path(__file__).parents[2]
LENGTH: Final = 200_001
WORDS: Final = ("Nowak", "26-118", "dashcam-17", "0001.mp4", "testing")
_LABEL: Final = re.compile(r"\"(bwcstore/v1[^\"\\]*)")


def filled() -> tuple[World, ObjectId]:
    """A world with one store: one recording, read once, and closed."""
    world = World()
    store = create(world)
    with chief(store) as session:
        made = session.ingest(
            stream(LENGTH),
            source_id=SourceId(scope="dashcam-17", text="0001.mp4"),
            recording=Recording(officer="Nowak", case="26-118", device="dashcam-17"),
        )
    with admit(store) as session:
        session.read(made.object_id).close()
    store.close()
    return world, made.object_id


def everything(storage: MemoryBackend) -> dict[str, bytes]:
    """Every stored name with its bytes."""
    return {one.name: storage.read(one.name) for one in storage.list("")}


def replace(storage: MemoryBackend, name: str, old: bytes, new: bytes) -> None:
    """Change what is stored under a name, as somebody with the disk could."""
    before = storage.read(name)
    assert old in before
    storage.delete(name)
    storage.create(name, before.replace(old, new, 1))


@pytest.mark.spec("CNV-1")
def test_a_reader_refuses_and_changes_nothing() -> None:
    """A store with a changed entry is not opened, and stays as it was found."""
    world, _ = filled()
    replace(world.storage, "ledger/0/batch/000000000001", b'"kind":"', b'"kinD":"')
    before = everything(world.storage)

    with pytest.raises(BwcStoreError):
        reopen(world.reopen())

    assert before == everything(world.storage)


@pytest.mark.spec("CNV-2")
def test_an_audit_reports_every_refusal() -> None:
    """Two independent changes are two errors, each with its code, its clause and its place."""
    world, object_id = filled()
    for name in (f"objects/{object_id}/00000000", f"objects/{object_id}/00000001"):
        replace(world.storage, name, world.storage.read(name)[-1:], b"!")

    errors = audit_store(world.storage).errors

    assert {ErrorKind.CHUNK_DIGEST} == {one.code for one in errors}
    assert {f"objects/{object_id}/00000000", f"objects/{object_id}/00000001"} == {
        one.where for one in errors
    }
    assert all(re.fullmatch("[A-Z]{3}-[0-9]+", one.clause) for one in errors)


@pytest.mark.spec("CNV-3")
def test_a_known_name_with_other_content_is_refused() -> None:
    """What lies under the next batch's name and is no batch is not taken for one."""
    world, _ = filled()
    count = sum(1 for _ in world.storage.list("ledger/0/batch/"))
    world.storage.create(f"ledger/0/batch/{count:012d}", b"hello\n")

    with pytest.raises(FormatError):
        reopen(world.reopen())


@pytest.mark.spec("CNV-4")
def test_foreign_names_are_ignored() -> None:
    """What people and file systems leave in a store makes nothing unreadable."""
    world, object_id = filled()
    for name in ("lost-found/1", "notes.txt", f"objects/{object_id}/nfs0001", "ledger/readme"):
        world.storage.create(name, b"not evidence")

    store = reopen(world.reopen())
    with admit(store, "reader-2") as session, session.read(object_id) as reader:
        found = reader.read()

    assert recording(LENGTH) == found
    assert () == audit_store(world.storage).errors


@pytest.mark.spec("THR-1")
def test_the_store_shows_no_words_lengths_or_digests() -> None:
    """Nothing that is stored holds names, reasons, the plain digest or the plain length."""
    world, _ = filled()
    stored = everything(world.storage)
    digest = hashlib.sha256(recording(LENGTH))
    secrets = [
        *(word.encode() for word in WORDS),
        digest.hexdigest().encode(),
        digest.digest(),
    ]
    leaves = [
        line
        for name, raw in stored.items()
        if name.startswith("ledger/")
        for line in raw.splitlines()
        if not line.startswith(b'{"payload"')
    ]

    assert [] == [
        (name, secret) for name, raw in stored.items() for secret in secrets if secret in raw
    ]
    assert [] == [line for line in leaves if re.search(rb"[^0-9a-f]%d[^0-9a-f]" % LENGTH, line)]


@pytest.mark.spec("THR-2")
def test_the_store_holds_no_key() -> None:
    """No key of the vault is stored in the store, as bytes or as text."""
    world, _ = filled()
    keys = [world.keys.get(one.key_id) for one in world.keys.inventory()]
    forms = [form for key in keys for form in (key, key.hex().encode())]

    assert len(keys) > 3
    assert [] == [
        name for name, raw in everything(world.storage).items() for form in forms if form in raw
    ]


@pytest.mark.spec("VER-1", "VER-2")
@pytest.mark.parametrize(
    ("word", "expected"),
    [("2.0", ErrorKind.FORMAT_NEWER), ("0.9", ErrorKind.FORMAT_UNKNOWN)],
)
def test_unknown_format_words_are_refused(word: str, expected: ErrorKind) -> None:
    """A batch of another major version is refused with the code that says so."""
    world, _ = filled()
    replace(
        world.storage,
        "ledger/0/batch/000000000002",
        b'"format":"1.0"',
        f'"format":"{word}"'.encode(),
    )

    with pytest.raises(FormatError) as caught:
        reopen(world.reopen())

    assert expected == caught.value.kind


@pytest.mark.spec("VER-3")
def test_nothing_is_added_to_a_store_of_another_version() -> None:
    """A store that cannot be read as a whole is not written to: it is not even opened."""
    world, _ = filled()
    replace(
        world.storage,
        "ledger/0/batch/000000000000",
        b'"format":"1.0"',
        b'"format":"2.0"',
    )
    before = everything(world.storage)

    with pytest.raises(FormatError):
        reopen(world.reopen())

    assert before == everything(world.storage)


@pytest.mark.spec("VER-4")
def test_labels_are_specified() -> None:
    """Every label that separates uses of keys, hashes and signatures is in the specification."""
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py"))
    chapters = "\n".join(path.read_text("utf-8") for path in (ROOT / "docs/spec").glob("*.md"))
    labels = {label.rstrip() for label in _LABEL.findall(code)}

    assert len(labels) > 4
    assert set() == {label for label in labels if label.split("{")[0].rstrip() not in chapters}
