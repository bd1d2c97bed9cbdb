"""What a bucket does, tried out rather than believed, before keys or a ledger are put into it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Final

from bwcstore.errors import AlreadyExistsError
from bwcstore.storage._s3 import S3Backend
from bwcstore.storage._s3_client import RefusedError

RACERS: Final = 8
ROUNDS: Final = 5
CANARIES: Final = "probe/"


def creates_for_one(backend: S3Backend) -> bool:
    """Whether, of writers that race for a name, exactly one is ever told that it has it.

    That no round showed two is no proof; that one did is.

    Raises:
        StorageError: storing or deleting a canary failed.
    """
    for _ in range(ROUNDS):
        name = f"{CANARIES}{backend.fresh_mark()}"
        start = Barrier(RACERS)

        def race(number: int, name: str = name, start: Barrier = start) -> bool:
            start.wait()
            try:
                backend.put(name, b"%d" % number, lock={})
            except AlreadyExistsError:
                return False
            return True

        with ThreadPoolExecutor(RACERS) as pool:
            won = sum(pool.map(race, range(RACERS)))
        backend.delete(name)
        if won != 1:
            return False
    return True


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
    try:
        fields = backend.client.call("get_bucket_replication").fields
    except RefusedError as exc:
        refusal = exc.refusal
        if refusal.absent or refusal.denied or refusal.status in (400, 405, 501):
            return None
        raise refusal.error(f"asking {backend.place} for replication") from exc
    rules = fields.get("ReplicationConfiguration", {}).get("Rules")
    return "the bucket is replicated" if rules else None
