"""What a bucket is set up to do, as it says itself."""

from typing import Final

import attrs

from bwcstore.errors import ErrorKind, StorageError
from bwcstore.storage._s3_client import RefusedError, S3Client

_NOT_CONFIGURED: Final = frozenset(
    {"ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration"}
)


@attrs.frozen(kw_only=True)
class Bucket:
    """How a bucket is set up.

    Attributes:
        versioned: it keeps versions, or may.
        lockable: it has Object Lock.
        default_retention: it locks by itself what is stored without a lock of its own.
    """

    versioned: bool
    lockable: bool
    default_retention: bool


def look_at(client: S3Client) -> Bucket:
    """Ask a bucket how it is set up.

    Raises:
        StorageError: there is no such bucket, or it cannot be reached or looked at.
    """
    versioned = _is_versioned(client)
    try:
        answer = client.call("get_object_lock_configuration")
    except RefusedError as exc:
        if exc.refusal.denied:
            # Who may not ask must not store unlocked what was to be locked: a bucket with versions
            # and without locks refuses the lock.
            return Bucket(versioned=versioned, lockable=versioned, default_retention=False)
        if exc.refusal.absent or exc.refusal.code in _NOT_CONFIGURED:
            return Bucket(versioned=versioned, lockable=False, default_retention=False)
        raise exc.refusal.error(f"looking at {client.place}") from exc
    configuration = answer.fields.get("ObjectLockConfiguration", {})
    return Bucket(
        versioned=versioned,
        lockable=configuration.get("ObjectLockEnabled") == "Enabled",
        default_retention="Rule" in configuration,
    )


def _is_versioned(client: S3Client) -> bool:
    try:
        answer = client.call("get_bucket_versioning")
    except RefusedError as exc:
        if exc.refusal.denied:
            # Who may not ask must expect the worse.
            return True
        raise exc.refusal.error(f"looking at {client.place}") from exc
    return "Status" in answer.fields


def check_unruled(bucket: Bucket, where: str) -> None:
    """Check that a bucket locks nothing by itself (BKT-14).

    Raises:
        StorageError: it does (`STORAGE_UNFIT`).
    """
    if bucket.default_retention:
        raise StorageError(
            ErrorKind.STORAGE_UNFIT,
            f"{where}: the bucket has a default retention, which would lock what the law wants "
            "gone; remove that rule (Object Lock itself stays on): each object that has to be "
            "kept is locked by the store",
        )
