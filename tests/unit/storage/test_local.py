"""The local backend: the contract, and what only a disk can show."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bwcstore._ports import Backend, Capability
from bwcstore.errors import (
    AlreadyExistsError,
    ErrorKind,
    StorageError,
)
from bwcstore.storage._local import DirectIO, LocalBackend
from bwcstore.storage._staging import Publication
from bwcstore.testing.backend_suite import BackendSuite

CONTRACT = pytest.mark.spec(
    "STO-1",
    "STO-2",
    "STO-4",
    "STO-5",
    "STO-10",
    "STO-11",
    "STO-12",
    "STO-13",
    "STO-14",
    "STO-15",
    "STO-16",
    "STO-17",
    "STO-18",
    "STO-24",
    "STO-25",
    "STO-21",
    "STO-22",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of an empty store."""
    LocalBackend.create_root(tmp_path / "store").close()
    return tmp_path / "store"


@pytest.fixture
def local(root: Path) -> Iterator[LocalBackend]:
    """A backend on an empty root."""
    backend = LocalBackend(root)
    yield backend
    backend.close()


@CONTRACT
class TestDirect(BackendSuite):
    """The contract, with direct I/O where there is any."""

    @pytest.fixture
    def backend(self, local: LocalBackend) -> Backend:
        """A backend as anybody opens it."""
        return local


@CONTRACT
class TestBuffered(BackendSuite):
    """The contract without direct I/O."""

    @pytest.fixture
    def backend(self, root: Path) -> Iterator[Backend]:
        """A backend that always goes through the page cache."""
        backend = LocalBackend(root, direct_io=DirectIO.NEVER)
        yield backend
        backend.close()


@CONTRACT
class TestRenaming(BackendSuite):
    """The contract without hard links."""

    @pytest.fixture
    def backend(self, root: Path) -> Iterator[Backend]:
        """A backend that publishes by exclusive renaming."""
        backend = LocalBackend(root, publication=Publication.RENAME)
        yield backend
        backend.close()


def open_descriptors() -> int:
    """How many descriptors this process holds."""
    return len(list(Path("/proc/self/fd").iterdir()))


def run(script: str, *args: object) -> "subprocess.Popen[str]":
    """Start a Python process that uses the library."""
    source = Path(__file__).parents[3] / "src"
    head = "import sys\nfrom pathlib import Path\nfrom bwcstore.storage._local import *\n"
    return subprocess.Popen(
        [sys.executable, "-c", head + script, *map(str, args)],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(source)},
    )


@pytest.mark.spec("STO-4")
def test_one_of_two_processes_wins(root: Path) -> None:
    """Processes that race for names share them out, and the winner's bytes stay."""
    script = """
backend = LocalBackend(Path(sys.argv[1]))
won = []
print("ready", flush=True)
sys.stdin.readline()
for number in range(60):
    try:
        backend.create(f"race/{number}", sys.argv[2].encode() * 1000)
        won.append(number)
    except AlreadyExistsError:
        pass
print(*won)
"""
    racers = {name: run(script, root, name) for name in "ab"}
    for process in racers.values():
        assert process.stdout is not None
        process.stdout.readline()
    for process in racers.values():
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    won = {name: process.communicate()[0].split() for name, process in racers.items()}

    backend = LocalBackend(root)
    assert sorted(map(str, range(60))) == sorted(won["a"] + won["b"])
    for name, numbers in won.items():
        for number in numbers:
            assert name.encode() * 1000 == backend.read(f"race/{number}")
    assert 0 == backend.discard_leftovers()
    backend.close()


@pytest.mark.spec("STO-9", "STO-20")
def test_a_full_disk(root: Path) -> None:
    """When there is no room, it says so, and the name stays free."""
    script = """
import resource
from bwcstore.errors import StorageError
backend = LocalBackend(Path(sys.argv[1]), direct_io=DirectIO(sys.argv[2]))
backend.report()
resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000))
try:
    backend.create("small", bytes(20000))
except StorageError as exc:
    print(exc.kind)
upload = backend.create_large("large")
try:
    for _ in range(4):
        upload.write(memoryview(bytes(4096)))
except StorageError as exc:
    print(exc.kind)
try:
    upload.commit()
except StorageError as exc:
    print(exc.kind)
upload.abort()
print(backend.discard_leftovers(), len(list(backend.list(""))))
"""
    for direct in DirectIO:
        out, _ = run(script, root, direct.value).communicate()

        assert ["storage-full", "storage-full", "closed", "0", "0"] == out.split()


@pytest.mark.spec("STO-20", "STO-21")
@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a kernel filesystem")
def test_where_nobody_may_write() -> None:
    """Where nothing can be created, not even by root, the backend says why, and can read."""
    backend = LocalBackend(Path("/sys/kernel"))

    with pytest.raises(StorageError) as caught:
        backend.create("a", b"")
    assert caught.value.kind in {ErrorKind.STORAGE_DENIED, ErrorKind.STORAGE_READ_ONLY}
    assert Capability.CREATE_ONLY not in backend.properties.capabilities
    assert backend.properties.warnings[0].startswith("Nothing can be created here")
    backend.close()


@pytest.mark.spec("STO-23")
def test_files_cannot_be_written(local: LocalBackend, root: Path) -> None:
    """Stored files are mode 0444 and directories 0700, less the umask."""
    before = os.umask(0o022)
    local.create("a/b", b"")
    local.create_large("a/c").commit()
    os.umask(before)

    modes = {path.name: path.stat().st_mode & 0o7777 for path in (root, *root.rglob("*"))}
    assert {"store": 0o700, "a": 0o700, "b": 0o444, "c": 0o444} == modes


@pytest.mark.spec("STO-3")
def test_symbolic_links_lead_nowhere(local: LocalBackend, root: Path, tmp_path: Path) -> None:
    """A link in the root neither leads out of it nor shows up, whatever it points to."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (root / "directory").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret")
    (root / "dangling").symlink_to(outside / "made")

    def fails(call: Callable[[], object]) -> ErrorKind:
        with pytest.raises((StorageError, AlreadyExistsError)) as caught:
            call()
        return caught.value.kind

    unfit = ErrorKind.STORAGE_UNFIT
    assert unfit == fails(lambda: local.read("directory/secret"))
    assert unfit == fails(lambda: local.stat("directory/secret"))
    assert unfit == fails(lambda: local.create("directory/new", b""))
    assert unfit == fails(lambda: local.create_large("directory/new"))
    assert unfit == fails(lambda: local.delete("directory/secret"))
    assert unfit == fails(lambda: local.read("file"))
    assert unfit == fails(lambda: local.stat("file"))
    assert unfit == fails(lambda: local.delete("file"))
    assert ErrorKind.NAME_TAKEN == fails(lambda: local.create("file", b""))
    assert ErrorKind.NAME_TAKEN == fails(lambda: local.create("dangling", b""))
    assert ErrorKind.NAME_TAKEN == fails(local.create_large("dangling").commit)
    assert [] == list(local.list(""))
    assert ["secret"] == [path.name for path in outside.iterdir()]
    assert b"secret" == (outside / "secret").read_bytes()


@pytest.mark.spec("STO-16")
def test_foreign_files_do_not_show(local: LocalBackend, root: Path) -> None:
    """What cannot be a name, and what is no file, is passed over, and told to who asks for it."""
    local.create("a", b"")
    local.create("b/c", b"")
    (root / "b" / "Odd \udcff").write_bytes(b"")
    upload = local.create_large("b/d")
    (root / "Thumbs.db").write_bytes(b"")
    (root / ".hidden").write_bytes(b"")
    (root / "lost+found").mkdir()
    (root / "lost+found" / "b").write_bytes(b"")
    os.mkfifo(root / "fifo")

    odd = "b/Odd \udcff"
    assert ["a", "b/c"] == [stat.name for stat in local.list("")]
    assert [".hidden", "Thumbs.db", "fifo", "lost+found/", odd] == [*local.foreign("")]
    assert ([odd], []) == ([*local.foreign("b/")], [*local.foreign("c/")])
    upload.abort()
    with pytest.raises(StorageError) as caught:
        local.read("fifo")
    assert ErrorKind.STORAGE_UNFIT == caught.value.kind


@pytest.mark.spec("STO-17")
def test_a_killed_upload_leaves_only_what_is_discarded(local: LocalBackend, root: Path) -> None:
    """A leftover is invisible, is spared while its process lives, and can then be removed."""
    script = """
upload = LocalBackend(Path(sys.argv[1])).create_large("a/b")
upload.write(memoryview(bytes(1 << 20)))
print("ready", flush=True)
sys.stdin.readline()
"""
    process = run(script, root)
    assert process.stdout is not None
    process.stdout.readline()

    assert 0 == local.discard_leftovers()
    assert [] == list(local.list(""))
    assert 1 == len(list((root / "a").iterdir()))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert [] == list(local.list(""))
    assert 0 == local.discard_leftovers("b/")
    assert 1 == local.discard_leftovers("a/")
    assert [] == list((root / "a").iterdir())
    assert 0 == local.discard_leftovers()
    local.create("a/b", b"free")


def test_a_missing_root(tmp_path: Path) -> None:
    """What is no directory is no store."""
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(StorageError) as caught:
            LocalBackend(path)

        assert ErrorKind.NOT_A_STORE == caught.value.kind


def test_making_a_root(tmp_path: Path) -> None:
    """A root may be made anew and be empty already, but nothing is taken over."""
    for _ in range(2):
        backend = LocalBackend.create_root(tmp_path / "store")
        backend.close()
    (tmp_path / "store" / "file").write_bytes(b"")

    with pytest.raises(AlreadyExistsError) as caught:
        LocalBackend.create_root(tmp_path / "store")
    assert ErrorKind.STORE_EXISTS == caught.value.kind
    with pytest.raises(StorageError):
        LocalBackend.create_root(tmp_path / "no" / "parent")


def test_opening_and_reading_write_nothing(local: LocalBackend, root: Path) -> None:
    """Who only reads leaves no trace, so that a read-only medium will do."""
    local.create("a/b", b"data")
    before = [(path, path.lstat().st_ctime_ns) for path in sorted((root, *root.rglob("*")))]
    reader = LocalBackend(root)
    reader.read("a/b")
    reader.open("a/b").close()
    reader.stat("a/b")
    list(reader.list(""))
    reader.close()

    after = [(path, path.lstat().st_ctime_ns) for path in sorted((root, *root.rglob("*")))]
    assert before == after


def test_a_directory_that_vanished_is_made_again(local: LocalBackend, root: Path) -> None:
    """A directory known from before may be gone; a create does not fail for it."""
    local.create("a/b/c", b"1")
    local.delete("a/b/c")
    (root / "a" / "b").rmdir()
    local.create("a/b/c", b"2")
    local.delete("a/b/c")
    (root / "a" / "b").rmdir()
    (root / "a").rmdir()
    local.create("a/b/c", b"3")

    assert b"3" == local.read("a/b/c")


def test_descriptors_are_bounded_and_released(root: Path) -> None:
    """However many directories are used, few descriptors are held, and none after closing."""
    before = open_descriptors()
    backend = LocalBackend(root)
    for number in range(300):
        backend.create(f"objects/{number}/a", b"")
    held = open_descriptors() - before
    assert 300 == len(list(backend.list("")))
    backend.close()
    backend.close()

    assert 100 < held < 150
    assert before == open_descriptors()


def test_properties(local: LocalBackend, root: Path) -> None:
    """The backend tells where it is and what its filesystem can do."""
    assert str(root) == local.properties.location
    assert Capability.CREATE_ONLY in local.properties.capabilities
    assert local.report() is local.report()
    assert local.report().free_bytes > 0
    assert 0 == local.discard_leftovers()
