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
from bwcstore.testing._vault import MemoryVault
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
    "SimClock",
    "SimEntropy",
    "SimulatedCrash",
    "Told",
    "Witness",
    "World",
    "check_invariants",
    "find_broken",
]
