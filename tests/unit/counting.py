"""Backends that note how many bytes each reading gave."""

from typing import Any

from bwcstore._ports import Backend
from bwcstore._values import ByteRange
from bwcstore.storage._local import LocalBackend
from bwcstore.testing import MemoryBackend, RacyBackend, VersionedMemoryBackend


class Counting(Backend):
    """Notes name and length of whatever is read at once.

    Attributes:
        readings: what was read so far, in order.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.readings: list[tuple[str, int]] = []

    def lengths(self, name: str) -> list[int]:
        """How many bytes each reading of a name gave."""
        return [length for one, length in self.readings if one == name]

    def longest(self) -> dict[str, int]:
        """The most that a reading of each name gave."""
        found: dict[str, int] = {}
        for name, length in self.readings:
            found[name] = max(length, found.get(name, 0))
        return found

    def read(self, name: str, byte_range: ByteRange | None = None) -> bytes:
        """See `Backend.read`."""
        found = super().read(name, byte_range)  # type: ignore[safe-super]
        self.readings.append((name, len(found)))
        return found

    def read_version(
        self, name: str, version_id: str, byte_range: ByteRange | None = None
    ) -> bytes:
        """See `Backend.read_version`."""
        found = super().read_version(name, version_id, byte_range)
        self.readings.append((name, len(found)))
        return found


class CountingBucket(Counting, VersionedMemoryBackend):
    """Storage with versions that notes what is read."""


class CountingMemory(Counting, MemoryBackend):
    """Storage in memory that notes what is read."""


class CountingRace(Counting, RacyBackend):
    """Storage that lets several writers create one name, and notes what is read."""


class CountingFolder(Counting, LocalBackend):
    """A folder that notes what is read."""
