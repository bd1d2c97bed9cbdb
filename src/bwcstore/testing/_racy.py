"""Storage whose creates race: all creators of one name are told that they were the one.

What versioned buckets of some object stores do. Whoever opens the window says what happens in it,
so that a race has one course and not many.
"""

from collections.abc import Callable, Iterator, Sequence

from bwcstore._layout import check_name
from bwcstore._ports import Capability, Properties, Stat, StoredVersion
from bwcstore._values import ByteRange
from bwcstore.errors import ErrorKind, NotFoundError
from bwcstore.testing._world import MemoryBackend


class RacyBackend(MemoryBackend):
    """Storage in memory that keeps versions, and looks whether a name is free before it stores.

    Attributes:
        between: done once, between the look and the storing of the next create; gets its name.
        covered: the versions of each name that newer ones cover, the oldest first.
    """

    def __init__(self, contents: dict[str, bytes] | None = None) -> None:
        super().__init__(contents)
        self.between: Callable[[str], None] | None = None
        self.covered: dict[str, list[bytes]] = {}

    @property
    def properties(self) -> Properties:
        """A simulated place that does not promise to create only."""
        return Properties(location="racy memory", capabilities=frozenset({Capability.VERSIONS}))

    def create(self, name: str, data: bytes | Sequence[bytes]) -> Stat:
        """Store `data` if the name was free a moment ago; else as `Backend.create`."""
        check_name(name)
        between = None if name in self.contents else self.between
        if between is not None:
            self.between = None
            between(name)
            if name in self.contents:
                self.covered.setdefault(name, []).append(self.contents.pop(name))
        return super().create(name, data)

    def versions(self, name: str) -> tuple[StoredVersion, ...]:
        """See `Backend.versions`. Ids count from the oldest."""
        return tuple(
            StoredVersion(name=name, version_id=str(number), length_bytes=len(data))
            for number, data in reversed(list(enumerate(self._all(name))))
        )

    def all_versions(self, prefix: str) -> Iterator[StoredVersion]:
        """See `Backend.all_versions`."""
        for stat in self.list(prefix):
            yield from self.versions(stat.name)

    def read_version(
        self, name: str, version_id: str, byte_range: ByteRange | None = None
    ) -> bytes:
        """See `Backend.read_version`."""
        found = {str(number): data for number, data in enumerate(self._all(name))}
        if version_id not in found:
            raise NotFoundError(ErrorKind.NAME_ABSENT, f"{name} has no version {version_id:.80}")
        data = found[version_id]
        if byte_range is None:
            return data
        return data[byte_range.offset_bytes : byte_range.end_bytes]

    def delete(self, name: str) -> None:
        """Destroy every version, as one may who holds the medium."""
        super().delete(name)
        self.covered.pop(name, None)

    def delete_version(self, name: str, version_id: str) -> None:
        """See `Backend.delete_version`."""
        left = [data for one, data in enumerate(self._all(name)) if str(one) != version_id]
        self.delete(name)
        if left:
            self.contents[name] = left.pop()
            self.covered[name] = left

    def _all(self, name: str) -> list[bytes]:
        check_name(name)
        newest = [self.contents[name]] if name in self.contents else []
        return self.covered.get(name, []) + newest
