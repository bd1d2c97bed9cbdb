"""A simulated world and the contracts of the ports, for this library's tests and its users'."""

from bwcstore.testing._faults import (
    Calls,
    FailAt,
    Fault,
    FaultyBackend,
    FaultyVault,
    SimulatedCrash,
)
from bwcstore.testing._invariants import Told, Witness, check_invariants, find_broken
from bwcstore.testing._racy import RacyBackend
from bwcstore.testing._vault import MemoryVault
from bwcstore.testing._versioned import VersionedMemoryBackend
from bwcstore.testing._world import (
    InlineWorkers,
    MemoryBackend,
    SimClock,
    SimEntropy,
    World,
)

__all__ = [
    "Calls",
    "FailAt",
    "Fault",
    "FaultyBackend",
    "FaultyVault",
    "InlineWorkers",
    "MemoryBackend",
    "MemoryVault",
    "RacyBackend",
    "SimClock",
    "SimEntropy",
    "SimulatedCrash",
    "Told",
    "VersionedMemoryBackend",
    "Witness",
    "World",
    "check_invariants",
    "find_broken",
]
