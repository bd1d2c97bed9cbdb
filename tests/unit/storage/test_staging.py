"""What the local backend asks of the system, call by call, and what it says when one fails."""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bwcstore.errors import (
    AlreadyExistsError,
    NotFoundError,
    OutcomeUnknownError,
    StorageError,
)
from bwcstore.storage._local import LocalBackend
from bwcstore.testing.backend_suite import pattern, upload

LEAF = "ledger/0/batch/000000000000"


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


def open_descriptors() -> int:
    """How many descriptors this process holds."""
    return len(list(Path("/proc/self/fd").iterdir()))


class Kernel:
    """Stands between the library and the system: records calls and lets one of them fail.

    Attributes:
        calls: what was called, in order; a sync is told apart by what it syncs.
        fired: whether the failure has happened.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, fail_at: int | None = None) -> None:
        self.calls: list[str] = []
        self.fired = False
        self._fail_at = fail_at
        for module, names in (
            (os, ("open", "write", "fsync", "link", "unlink", "mkdir", "fstat")),
            (fcntl, ("flock",)),
        ):
            for name in names:
                monkeypatch.setattr(module, name, self._wrap(name, getattr(module, name)))

    def _wrap(self, name: str, call: Callable[..., object]) -> Callable[..., object]:
        is_directory = os.path.isdir

        def wrapped(*args: object, **more: object) -> object:
            label = name
            if name == "fsync":
                label += " directory" if is_directory(f"/proc/self/fd/{args[0]}") else " file"
            turn = len(self.calls) == self._fail_at
            self.calls.append(label)
            if turn:
                self.fired = True
                raise OSError(errno.EIO, "simulated")
            return call(*args, **more)

        return wrapped


@pytest.mark.spec("STO-5")
def test_the_order_of_a_create(local: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes, sync, name, sync of the directory; and nothing is synced twice."""
    local.create("a/before", b"")
    kernel = Kernel(monkeypatch)
    local.create("a/b", b"data")

    kept = [call for call in kernel.calls if call not in {"open", "fstat", "flock"}]
    assert ["write", "fsync file", "link", "unlink", "fsync directory"] == kept


@pytest.mark.spec("STO-6")
def test_new_directories_are_synced(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory's own entry is on the disk before anything in it gets a name."""
    LocalBackend(root).create("a/b/old", b"")
    backend = LocalBackend(root)
    backend.report()
    kernel = Kernel(monkeypatch)
    backend.create("a/b/c/new", b"")

    before_name = kernel.calls[: kernel.calls.index("link")]
    assert 3 == before_name.count("fsync directory")
    assert 1 == kernel.calls.count("fsync directory") - 3
    monkeypatch.undo()
    backend.close()


@pytest.mark.spec("STO-7")
def test_a_refusal_is_durable_too(local: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it says that a name is taken, the directory is synced."""
    local.create("a/b", b"")
    kernel = Kernel(monkeypatch)
    with pytest.raises(AlreadyExistsError):
        local.create("a/b", b"")

    assert "fsync directory" == kernel.calls[-1]


def create_small(backend: LocalBackend) -> None:
    """Create in a directory that does not exist."""
    backend.create(LEAF, b"data")


def create_large(backend: LocalBackend) -> None:
    """Upload, and abort if that fails."""
    under_way = upload(backend, LEAF, pattern(5000), step=4096)
    try:
        under_way.commit()
    finally:
        under_way.abort()


@pytest.mark.spec("STO-8", "STO-9")
@pytest.mark.parametrize("create", [create_small, create_large])
def test_every_failing_system_call(
    tmp_path: Path,
    create: Callable[[LocalBackend], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whichever call fails: success means stored, failure means free, doubt is called doubt."""
    outcomes = set()
    number = 0
    fired = True
    while fired:
        root = tmp_path / str(number)
        backend = LocalBackend.create_root(root)
        backend.report()
        descriptors = open_descriptors()
        with monkeypatch.context() as patch:
            kernel = Kernel(patch, fail_at=number)
            outcome: object = "stored"
            try:
                create(backend)
            except StorageError as exc:
                outcome = type(exc)
            fired = kernel.fired
            calls = kernel.calls
        leaked = open_descriptors() - descriptors
        found = [stat.name for stat in LocalBackend(root).list("")]
        outcomes.add((outcome, bool(found)))
        assert leaked <= 3, calls  # The directories stay open.
        if outcome is not OutcomeUnknownError:
            backend.discard_leftovers()
            if not found:
                create(backend)
            assert [LEAF] == [stat.name for stat in backend.list("")]
        backend.close()
        number += 1

    assert {
        ("stored", True),
        (StorageError, False),
        (OutcomeUnknownError, True),
    } == outcomes
    assert number > 15


@pytest.mark.spec("STO-8")
def test_an_answer_lost_by_the_filesystem(
    local: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When linking seems to fail but the name is this very file, it was stored."""
    link = os.link

    def lose(*args: object, **more: object) -> None:
        link(*args, **more)  # type: ignore[arg-type]  # passed through
        raise FileExistsError(errno.EEXIST, "the answer to a second try")

    local.report()
    monkeypatch.setattr(os, "link", lose)
    local.create("a/b", b"data")

    assert b"data" == local.read("a/b")
    assert 0 == local.discard_leftovers()


@pytest.mark.spec("STO-18")
def test_a_delete_that_cannot_be_synced_fails(
    local: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delete is not done before it is durable, not even when the name is gone already."""
    local.create("a/b", b"data")

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "simulated")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        for _ in range(2):
            with pytest.raises(StorageError):
                local.delete("a/b")
    local.delete("a/b")

    with pytest.raises(NotFoundError):
        local.stat("a/b")
