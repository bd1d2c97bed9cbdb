"""Find what is under a newer version or a delete marker.

Rules kept here:

- a name is read as everybody reads it first; versions are looked at only when that fails;
- what is right is decided by the check, never by a version id or by which version is the newest;
- what does not verify in any version fails as the first reading failed.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from bwcstore._ports import Backend, Capability, StoredVersion
from bwcstore._values import ByteRange
from bwcstore.errors import FormatError, IntegrityError, NotFoundError

T = TypeVar("T")

_FAILURES: Final = (NotFoundError, IntegrityError, FormatError)


def other_versions(backend: Backend, name: str) -> Iterator[StoredVersion]:
    """Every version of a name that has bytes, the newest first; none where storage keeps none.

    Raises:
        StorageError: asking failed.
    """
    if Capability.VERSIONS in backend.properties.capabilities:
        for version in backend.versions(name):
            if not version.marker:
                yield version


def read_verified(
    backend: Backend,
    name: str,
    check: Callable[[bytes], T],
    *,
    byte_range: ByteRange | None = None,
) -> T:
    """What `check` makes of the bytes under a name, or else of the newest version that it takes.

    Args:
        backend: where the name is.
        name: what to read.
        check: raises `IntegrityError` or `FormatError` on what is not right.
        byte_range: read no more than this.

    Raises:
        NotFoundError: nothing has that name, and no version of it is right.
        IntegrityError: `check` raised it on what the name gave, and no version is right.
        FormatError: likewise.
        StorageError: reading failed.
    """
    try:
        return check(backend.read(name, byte_range))
    except _FAILURES:
        for version in other_versions(backend, name):
            try:
                return check(backend.read_version(name, version.version_id, byte_range))
            except _FAILURES:
                continue
        raise
