"""The memory backend keeps the contract, alone and behind a wrapper without a fault."""

import pytest

from bwcstore._ports import ONLY_VERSION, Backend
from bwcstore._values import Instant
from bwcstore.errors import ErrorKind, StorageError
from bwcstore.testing._faults import FailAt, FaultyBackend
from bwcstore.testing._world import MemoryBackend
from bwcstore.testing.backend_suite import BackendSuite


class TestMemoryBackend(BackendSuite):
    """The simulated storage is held to the contract of the real one."""

    @pytest.fixture
    def backend(self) -> Backend:
        """An empty memory backend."""
        return MemoryBackend()


class TestFaultyBackend(BackendSuite):
    """A wrapper whose fault never comes changes nothing."""

    @pytest.fixture
    def backend(self) -> Backend:
        """An empty memory backend behind a wrapper."""
        return FaultyBackend(MemoryBackend(), FailAt(None))


@pytest.mark.spec("STO-24", "STO-25")
@pytest.mark.parametrize("until", [None, Instant.parse("2030-01-01T00:00:00.000000Z")])
def test_what_is_locked_says_so_and_stays(until: Instant | None) -> None:
    """A legal hold has no end; a lock has one; neither can be deleted."""
    backend = MemoryBackend()
    backend.create("a/b", b"kept")
    backend.locks["a/b"] = until
    (found,) = backend.versions("a/b")
    with pytest.raises(StorageError) as caught:
        backend.delete_version("a/b", ONLY_VERSION)

    assert (until, until is None) == (found.locked_until, found.legal_hold)
    assert ErrorKind.WITHHELD_BY_STORAGE == caught.value.kind
    assert b"kept" == backend.read("a/b")
