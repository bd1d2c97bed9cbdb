"""What is told of two places as one: faults and the keys of others."""

import attrs
import pytest

from bwcstore._ports import Properties
from bwcstore.errors import ErrorKind
from bwcstore.storage._claimed import ClaimedBackend
from bwcstore.testing import MemoryBackend, VersionedMemoryBackend


class Faulty(MemoryBackend):
    """A place that did not keep a lock."""

    @property
    def properties(self) -> Properties:
        """As it is, with the fault."""
        return attrs.evolve(super().properties, faults=frozenset({ErrorKind.LOCK_REFUSED}))


@pytest.mark.spec("BKT-15")
def test_a_fault_of_either_place_is_told() -> None:
    """Whether evidence or claims have it."""
    places = (Faulty(), MemoryBackend()), (MemoryBackend(), Faulty())
    found = [ClaimedBackend(*pair).properties.faults for pair in places]

    assert [{ErrorKind.LOCK_REFUSED}] * 2 == found
    assert frozenset() == ClaimedBackend(MemoryBackend(), MemoryBackend()).properties.faults


@pytest.mark.spec("BKT-1")
def test_the_keys_of_others_are_those_among_the_evidence() -> None:
    """Below the prefix that is asked for."""
    evidence = VersionedMemoryBackend()
    evidence.litter("objects/Upper")
    evidence.litter("Else")
    backend = ClaimedBackend(evidence, MemoryBackend())

    assert ["Else", "objects/Upper"] == [*backend.foreign("")]
    assert ["objects/Upper"] == [*backend.foreign("objects/")]
