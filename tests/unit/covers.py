"""What somebody with write rights can lay over a stored name."""

from collections.abc import Callable

from bwcstore.testing import VersionedMemoryBackend

Cover = Callable[[VersionedMemoryBackend, str], object]


def original(bucket: VersionedMemoryBackend, name: str) -> bytes:
    """The oldest version."""
    return bucket.read_version(name, bucket.versions(name)[-1].version_id)


def rewritten(bucket: VersionedMemoryBackend, name: str) -> bytes:
    """A batch with the same entries and another header: it continues the ledger as well."""
    raw = original(bucket, name)
    at = raw.index(b'"nonce":"') + len(b'"nonce":"')
    return raw[:at] + b"beef" + raw[at + 4 :]


def marker(bucket: VersionedMemoryBackend, name: str) -> None:
    """A delete marker."""
    bucket.mark(name)


def garbage(bucket: VersionedMemoryBackend, name: str) -> None:
    """Other bytes."""
    bucket.shadow(name, b"garbage\n")


def walled(bucket: VersionedMemoryBackend, name: str) -> None:
    """What nobody can read."""
    bucket.wall_up(name)


def truncated(bucket: VersionedMemoryBackend, name: str) -> None:
    """The same, without its end."""
    bucket.shadow(name, original(bucket, name)[:-40])
