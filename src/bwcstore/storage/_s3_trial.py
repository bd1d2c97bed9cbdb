"""What a bucket does, tried out rather than believed, before keys or a ledger are put into it."""

from bwcstore.storage._canaries import one_wins
from bwcstore.storage._s3 import S3Backend
from bwcstore.storage._s3_canaries import Canaries
from bwcstore.storage._s3_client import RefusedError


def creates_for_one(backend: S3Backend) -> bool:
    """Whether a name is ever created for one writer alone, as far as racing for it shows.

    Raises:
        StorageError: storing a canary failed.
    """
    canaries = Canaries(backend)
    try:
        won = one_wins(canaries.fresh, lambda name: canaries.wins("put", name))
    except RefusedError as exc:
        raise exc.refusal.error(f"trying {backend.place} out") from exc
    finally:
        # What cannot be removed is left to a later probe, which may have the right to.
        canaries.remove()
    return won


def is_replicated(backend: S3Backend) -> bool | None:
    """Whether the bucket is copied elsewhere; None where it does not say.

    Raises:
        StorageError: it cannot be asked.
    """
    try:
        fields = backend.client.call("get_bucket_replication").fields
    except RefusedError as exc:
        refusal = exc.refusal
        if refusal.absent:
            return False
        if refusal.denied or refusal.status in (400, 405, 501):
            return None
        raise refusal.error(f"asking {backend.place} for replication") from exc
    return bool(fields.get("ReplicationConfiguration", {}).get("Rules"))


def keeps_deleted(backend: S3Backend) -> str | None:
    """Why what is deleted here may still be somewhere, as far as the bucket says; None where it
    says nothing of the kind.

    Raises:
        StorageError: it cannot be asked.
    """
    if backend.lockable:
        return "the bucket has Object Lock"
    if backend.versioned:
        return "the bucket keeps versions"
    return "the bucket is replicated" if is_replicated(backend) else None
