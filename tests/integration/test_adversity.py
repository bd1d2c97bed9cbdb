"""Storage, keys and files as they are when things go wrong, on the real local backend."""

import io
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bwcstore import Store
from bwcstore._ports import ProgressEvent
from bwcstore._system import SystemEntropy
from bwcstore.custody._authority import Role
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.storage._keysource import KeyFile, Passphrase, PassphraseCost, PassphraseKdf
from tests.integration.machine import CHUNK, HERE, check, make_store, open_store
from tests.unit.session.world import recording

BATCH = "ledger/0/batch/000000000000"
CHEAP = PassphraseCost(pbkdf2_iterations=210_000)


def kind_of(deed: Callable[[], object]) -> ErrorKind:
    """The code of the error that it ends with."""
    with pytest.raises(BwcStoreError) as caught:
        deed()
    return caught.value.kind


def change(path: Path, edit: Callable[[bytes], bytes]) -> None:
    """Change a stored file as one may who holds the medium."""
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(edit(data))


def flipped(data: bytes) -> bytes:
    """One bit, in the first third, is another."""
    middle = len(data) // 3
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small store with one object and a reader."""
    place = make_store(tmp_path)
    with open_store(place) as store, store.session(actor="chief", reason="begin") as session:
        session.ingest(io.BytesIO(recording(3 * CHUNK)))
        session.enrol("clerk", roles=[Role.READER])
        session.authorize("clerk", purposes=["investigation"])
    return place


def read(root: Path) -> None:
    """Read the object to its end."""
    with open_store(root) as store:
        object_id = next(store.objects()).object_id
        with (
            store.session(actor="clerk", reason="look", purpose="investigation") as session,
            session.read(object_id) as reader,
        ):
            reader.read()


# --- Creation -------------------------------------------------------------------------------------


@pytest.mark.spec("ORD-1")
def test_a_creation_that_broke_off_is_finished(tmp_path: Path) -> None:
    """What a crash in the first batch leaves is told as incomplete, and is no obstacle."""
    root = make_store(tmp_path)
    for name in sorted(root.rglob("*"), reverse=True):
        if name.is_file():
            name.unlink()
    (root / "ledger/0/batch/.tmp-4194304-0").write_bytes(b"half a batch")
    # The crash came before the first checkpoint, so the vault remembers none.
    for note in (tmp_path / "store.vault/notes").rglob("*"):
        if note.is_file():
            note.unlink()
    before = kind_of(lambda: open_store(root))
    Store.create(root, key=KeyFile(tmp_path / "root.key"), actor="chief").close()
    with open_store(root) as store:
        size = store.size

    assert ErrorKind.STORE_INCOMPLETE == before
    assert 2 == size


def test_an_emptied_store_is_not_begun_again(root: Path) -> None:
    """The vault remembers its ledger: a second store of the same identity would be a fork."""
    for name in sorted(root.rglob("*"), reverse=True):
        if name.is_file():
            name.unlink()
    key = KeyFile(root.parent / "root.key")

    assert ErrorKind.STORE_EXISTS == kind_of(lambda: Store.create(root, key=key, actor="eve"))


def test_the_vault_of_another_store_begins_no_store(root: Path) -> None:
    """Keys belong to one store."""
    key = KeyFile(root.parent / "root.key")
    other = root.parent / "other"
    vaults = [root.parent / "store.vault"]
    found = kind_of(lambda: Store.create(other, key=key, actor="eve", vaults=vaults))

    assert ErrorKind.STORE_EXISTS == found


def test_strange_places_are_told_apart(tmp_path: Path) -> None:
    """A file, a directory with other things, an absent one, an existing store."""
    make_store(tmp_path)
    key = KeyFile(tmp_path / "root.key")
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/My Documents.txt").write_bytes(b"")
    found = [
        kind_of(lambda name=name: Store.open(tmp_path / name, key=key))  # type: ignore[misc]  # bound at once
        for name in ("file", "full", "nowhere")
    ]
    found += [
        kind_of(lambda name=name: Store.create(tmp_path / name, key=key, actor="chief"))  # type: ignore[misc]  # bound at once
        for name in ("full", "store")
    ]

    assert [ErrorKind.NOT_A_STORE] * 4 + [ErrorKind.STORE_EXISTS] == found


# --- Keys -----------------------------------------------------------------------------------------


def test_keys_that_do_not_fit_are_told_apart(tmp_path: Path, root: Path) -> None:
    """Another key, a key others may read, none, a passphrase, no vault, another's vault."""
    other = tmp_path / "other"
    other.mkdir()
    make_store(other)
    wrong = KeyFile(other / "root.key")
    found = [
        kind_of(lambda: Store.open(root, key=wrong)),
        kind_of(lambda: Store.open(root, key=KeyFile(tmp_path / "absent.key"))),
        kind_of(lambda: Store.open(root, key=Passphrase("correct horse battery"))),
        kind_of(lambda: Store.open(root, key=wrong, vaults=[tmp_path / "nowhere"])),
        kind_of(lambda: Store.open(root, key=wrong, vaults=[other / "store.vault"])),
    ]
    (tmp_path / "root.key").chmod(0o640)
    found.append(kind_of(lambda: open_store(root)))

    assert [
        ErrorKind.KEY_WRONG,
        ErrorKind.KEY_FILE_MISSING,
        ErrorKind.KEY_WRONG,
        ErrorKind.VAULT_MISSING,
        ErrorKind.KEY_WRONG,
        ErrorKind.KEY_FILE_MODE,
    ] == found


def test_a_wrong_passphrase_is_recognised(tmp_path: Path) -> None:
    """At once, and by its own code."""
    root = tmp_path / "store"
    right = Passphrase("correct horse battery", kdf=PassphraseKdf.PBKDF2, cost=CHEAP)
    Store.create(root, key=right, actor="chief").close()

    assert ErrorKind.KEY_WRONG == kind_of(
        lambda: Store.open(root, key=Passphrase("incorrect horse battery"))
    )


# --- Stored bytes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (b'"format":"1.0"', b'"format":"2.0"', ErrorKind.FORMAT_NEWER),
        (b'"batch":0,', b'"batch":0,"batch":0,', ErrorKind.DUPLICATE_KEY),
        (b'"batch":0,', b'"batch": 0,', ErrorKind.NOT_CANONICAL),
        (b'"batch":0,', b'"batch":' + b"9" * 400 + b",", ErrorKind.NUMBER_RANGE),
        (b'"batch":0,', b'"batch":' + b"[" * 40 + b"]" * 40 + b",", ErrorKind.TOO_DEEP),
        (b'{"batch"', b'"batch"', ErrorKind.NOT_JSON),
    ],
)
def test_a_batch_that_is_none_is_refused(
    root: Path, old: bytes, new: bytes, kind: ErrorKind
) -> None:
    """By the precise code, whatever was done to it."""
    change(root / BATCH, lambda data: data.replace(old, new, 1))

    assert kind == kind_of(lambda: open_store(root))


def test_a_changed_entry_breaks_the_chain(root: Path) -> None:
    """An entry that says something else is not the one that the next continues."""
    edit = b'"chunk_bytes":65536', b'"chunk_bytes":131072'
    change(root / BATCH, lambda data: data.replace(*edit))

    assert kind_of(lambda: open_store(root)) in (ErrorKind.CHAIN_BROKEN, ErrorKind.SCOPE_BROKEN)


def test_a_missing_batch_makes_read_only(root: Path) -> None:
    """Batches beyond a gap are evidence; nothing is written over the gap."""
    (root / "ledger/0/batch/000000000001").unlink()
    with open_store(root) as store:
        assert ErrorKind.BATCH_MISSING == store.read_only


def test_damaged_objects_are_told_apart(root: Path) -> None:
    """A chunk, then a segment, then the manifest."""
    folder = next((root / "objects").iterdir())
    segments = sorted(name for name in folder.iterdir() if "manifest" not in name.name)
    (manifest,) = folder.glob("manifest-*")
    change(segments[0], flipped)
    found = [kind_of(lambda: read(root))]
    change(segments[0], lambda data: data[:-1])
    found.append(kind_of(lambda: read(root)))
    segments[0].unlink()
    found.append(kind_of(lambda: read(root)))
    change(manifest, flipped)
    found.append(kind_of(lambda: read(root)))
    manifest.unlink()
    found.append(kind_of(lambda: read(root)))

    assert [
        ErrorKind.CHUNK_TAG,
        ErrorKind.SEGMENT_LENGTH,
        ErrorKind.SEGMENT_MISSING,
        ErrorKind.MANIFEST_DIGEST,
        ErrorKind.MANIFEST_MISSING,
    ] == found


def test_a_damaged_checkpoint_says_nothing(root: Path) -> None:
    """Whatever the store did not sign cannot stop it; the audit reports it."""
    for name in (root / "checkpoint/0").iterdir():
        change(name, flipped)
    with open_store(root) as store, store.session(actor="chief", reason="look") as session:
        assert not session.audit().ok


@pytest.mark.parametrize("folder", ["header", "keys", "epochs"])
def test_a_damaged_vault_opens_nothing(root: Path, folder: str) -> None:
    """A damaged only replica is an error of the vault, never a wrong key taken for right."""
    for name in (root.with_name("store.vault") / folder).rglob("*"):
        if name.is_file():
            change(name, flipped)
    found = kind_of(lambda: read(root))

    assert found in (
        ErrorKind.VAULT_INVALID,
        ErrorKind.VAULT_MISSING,
        ErrorKind.KEY_WRONG,
        ErrorKind.NOT_CANONICAL,
        ErrorKind.NOT_JSON,
        ErrorKind.FIELD_INVALID,
        ErrorKind.FIELD_UNKNOWN,
        ErrorKind.FIELD_MISSING,
    )


# --- Sources --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        b"-rf",
        b"--help",
        b"line\nbreak",
        b"tab\tand\x1b[31mcolour",
        "Ünïcödé 🎥 \u202etxt".encode(),
        b"not\xff\xfeutf-8",
        b" ",
        b"%s{0}$(id)",
        b"x" * 255,
    ],
)
def test_any_file_name_is_kept_as_it_is(root: Path, name: bytes) -> None:
    """A name is bytes; what is shown of it is safe to print."""
    path = Path(os.fsdecode(os.fsencode(root.parent) + b"/" + name))
    path.write_bytes(recording(10))
    with open_store(root) as store, store.session(actor="chief", reason="names") as session:
        made = session.ingest(path)
        found = session.describe(made.object_id)

    assert found.content is not None
    assert found.content.file is not None
    assert name == found.content.file.raw


def test_what_is_no_file_is_no_source(root: Path) -> None:
    """Directories, devices, pipes and sockets become nothing."""
    folder = root.parent
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(folder / "door"))
    with open_store(root) as store, store.session(actor="chief", reason="odd") as session:
        before = store.size
        found = [
            kind_of(lambda source=source: session.ingest(source))  # type: ignore[misc]  # bound at once
            for source in (folder, "/dev/zero", folder / "pipe", folder / "door")
        ]
        after = store.size

    assert [ErrorKind.SOURCE_NOT_REGULAR] * 4 == found
    assert before == after


@pytest.mark.parametrize("how", ["grow", "shrink", "replace", "touch"])
def test_a_source_that_changes_meanwhile_becomes_nothing(root: Path, how: str) -> None:
    """Half of one recording and half of another is no evidence."""
    path = root.parent / "clip"
    path.write_bytes(recording(200 * CHUNK))

    def meddle(event: ProgressEvent) -> None:
        if event.done_bytes < 100 * CHUNK:
            return
        if how == "grow":
            with path.open("ab") as file:
                file.write(b"more")
        elif how == "shrink":
            os.truncate(path, 150 * CHUNK)
        elif how == "replace":
            path.unlink(missing_ok=True)
            path.write_bytes(recording(200 * CHUNK))
        else:
            os.utime(path, ns=(1, 1))

    with open_store(root) as store, store.session(actor="chief", reason="odd") as session:
        found = kind_of(lambda: session.ingest(path, progress=meddle))
        count = len(list(store.objects()))

    assert found in (ErrorKind.SOURCE_CHANGED, ErrorKind.SOURCE_SHORT, ErrorKind.SOURCE_LONG)
    assert 1 == count


# --- Full and read-only storage -------------------------------------------------------------------


def _in_namespace(script: str, *arguments: object) -> "subprocess.CompletedProcess[bytes]":
    """Run a shell script in a mount namespace of its own."""
    return subprocess.run(
        ["unshare", "-m", "sh", "-ec", script, "sh", *map(str, arguments)],
        cwd=HERE,
        env={**os.environ, "PYTHONPATH": f"{HERE / 'src'}{os.pathsep}{HERE}"},
        capture_output=True,
        timeout=120,
        check=False,
    )


def _may_mount() -> bool:
    try:
        return 0 == _in_namespace("mount -t tmpfs none /mnt").returncode
    except OSError:
        return False


@pytest.mark.skipif(not _may_mount(), reason="needs a mount namespace")
def test_a_full_disk_loses_nothing_that_was_told(tmp_path: Path) -> None:
    """Until storage is full, receipts; then one clear refusal; whatever was told is there."""
    (tmp_path / "disk").mkdir()
    KeyFile.generate(tmp_path / "root.key", SystemEntropy())
    done = _in_namespace(
        'mount -t tmpfs -o size=3m none "$1/disk";'
        ' exec "$2" -m tests.integration.children fill "$1"',
        tmp_path,
        sys.executable,
    )

    assert 0 == done.returncode, done.stderr.decode()[-3000:]
    assert b"ready\n" == done.stdout


@pytest.mark.skipif(not _may_mount(), reason="needs a mount namespace")
def test_a_read_only_disk_is_read(root: Path) -> None:
    """The store opens and says what is the matter; nobody reads without an entry."""
    done = _in_namespace(
        'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1";'
        ' exec "$2" -m tests.integration.children look "$1"',
        root,
        sys.executable,
    )

    assert 0 == done.returncode, done.stderr.decode()[-3000:]
    assert b"ready\n" == done.stdout
    check(root, [])
