"""Find what is under a newer version or a delete marker.

Rules kept here:

- a name is read as everybody reads it first; versions are looked at only when that fails;
- what is right is decided by the check, never by a version id or by which version is the newest;
- a version that the storage gives to nobody is passed over: it may be one that covers;
- what is longer than its name allows is not right, and never read whole;
- what does not verify in any version fails as the first reading failed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from bwcstore._limits import size_max, whole
from bwcstore._ports import Backend, Capability, StoredVersion
from bwcstore.errors import (
    BwcStoreError,
    ErrorKind,
    FormatError,
    IntegrityError,
    NotFoundError,
    StorageError,
)

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


def small_versions(backend: Backend, name: str) -> Iterator[StoredVersion]:
    """The versions of a name that are no longer than what is right there can be, newest first.

    Raises:
        StorageError: asking failed.
    """
    return (one for one in other_versions(backend, name) if one.length_bytes <= size_max(name))


@contextmanager
def passed_over(*failures: type[BwcStoreError]) -> Iterator[None]:
    """Go on with another version where this one fails so, or is given out to nobody."""
    try:
        yield
    except failures:
        return
    except StorageError as exc:
        if exc.kind is not ErrorKind.STORAGE_DENIED:
            raise


def read_verified(
    backend: Backend,
    name: str,
    check: Callable[[bytes], T],
) -> T:
    """What `check` makes of the bytes under a name, or else of the newest version that it takes.

    Args:
        backend: where the name is.
        name: what to read.
        check: raises `IntegrityError` or `FormatError` on what is not right.

    Raises:
        NotFoundError: nothing has that name, and no version of it is right.
        IntegrityError: `check` raised it on what the name gave, and no version is right.
        FormatError: likewise.
        StorageError: reading failed.
    """
    try:
        return check(backend.read(name, whole(name)))
    except _FAILURES:
        for version in small_versions(backend, name):
            with passed_over(*_FAILURES):
                return check(backend.read_version(name, version.version_id, whole(name)))
        raise
