"""A copy of a store with claims, for whoever audits it: on a disk or in a bucket, never written.

Rules kept here (spec: CLM-2, CLM-11):

- a copy of the evidence is read through the copy of its claims, or without them as CLM-8 says;
- what lies among the evidence under a batch's own name is no claim;
- nothing is appended to a copy, so that its claims may lie where no claim could be made.
"""

from collections.abc import Iterator, Sequence
from typing import NoReturn

from bwcstore._layout import batch_prefix, parse_batch, parse_candidate
from bwcstore._ports import Backend, Properties, Source, Stat, StoredVersion, Upload
from bwcstore._values import ByteRange, Instant
from bwcstore.errors import ErrorKind, NotFoundError, StorageError
from bwcstore.storage._claimed import ClaimedBackend


class _OnlyRead(Backend):
    """Storage in which nothing is created or deleted."""

    def create(self, name: str, data: bytes | Sequence[bytes]) -> Stat:
        """See `Backend.create`: refused."""
        del data
        self._refuse(name)

    def create_large(self, name: str, *, keep_until: Instant | None = None) -> Upload:
        """See `Backend.create_large`: refused."""
        del keep_until
        self._refuse(name)

    def delete(self, name: str) -> None:
        """See `Backend.delete`: refused."""
        self._refuse(name)

    def delete_version(self, name: str, version_id: str) -> None:
        """See `Backend.delete_version`: refused."""
        del version_id
        self._refuse(name)

    def discard_leftovers(self, prefix: str = "") -> int:
        """See `Backend.discard_leftovers`: refused."""
        self._refuse(f"what is below {prefix or '/'}")

    def _refuse(self, what: str) -> NoReturn:
        message = f"{self.properties.location} is a copy, which is only read: {what} stays as it is"
        raise StorageError(ErrorKind.STORAGE_READ_ONLY, message)


class _NoClaims(_OnlyRead):
    """The claims of a copy without claims."""

    @property
    def properties(self) -> Properties:
        """See `Backend.properties`."""
        return Properties(location="no place", capabilities=frozenset())

    def read(self, name: str, byte_range: ByteRange | None = None) -> bytes:
        """See `Backend.read`."""
        del byte_range
        self._miss(name)

    def open(self, name: str) -> Source:
        """See `Backend.open`."""
        self._miss(name)

    def stat(self, name: str) -> Stat:
        """See `Backend.stat`."""
        self._miss(name)

    def list(self, prefix: str) -> Iterator[Stat]:
        """See `Backend.list`."""
        del prefix
        return iter(())

    def versions(self, name: str) -> tuple[StoredVersion, ...]:
        """See `Backend.versions`."""
        del name
        return ()

    def _miss(self, name: str) -> NoReturn:
        raise NotFoundError(ErrorKind.NAME_ABSENT, f"{name} has no claim in this copy")


class CopiedBackend(_OnlyRead, ClaimedBackend):
    """Evidence that was copied, and its claims, if they were copied too; only read."""

    def __init__(self, evidence: Backend, claims: Backend | None) -> None:
        """Join a copy of the evidence with what there is of its claims."""
        super().__init__(evidence, _NoClaims() if claims is None else claims)

    def _check_place(self, place: Properties) -> None:
        """See `ClaimedBackend`: claims that are only read may lie anywhere."""


def has_candidates_alone(evidence: Backend) -> bool:
    """Whether the batches here are candidates: what lies under a batch's own name is none then.

    Raises:
        StorageError: listing failed.
    """
    own = False
    for stat in evidence.list(batch_prefix(0)):
        if found := parse_candidate(stat.name):
            return not own or parse_batch(found[0]) == (0, 0)
        if place := parse_batch(stat.name):
            if place != (0, 0):
                return False
            own = True
    return False
