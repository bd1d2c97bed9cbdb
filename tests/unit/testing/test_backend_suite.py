"""The memory backend keeps the contract, alone and behind a wrapper without a fault."""

import pytest

from bwcstore._ports import Backend
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
