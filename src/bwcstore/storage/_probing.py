"""Trying any place out: which probe fits which storage."""

from bwcstore._ports import Backend, Environment
from bwcstore._values import LockMode
from bwcstore.storage._claimed import ClaimedBackend
from bwcstore.storage._directory_probe import probe_directory
from bwcstore.storage._probe_result import PlaceKind, ProbeResult
from bwcstore.storage._s3 import S3Backend
from bwcstore.storage._s3_probe import probe_bucket


def probe_place(
    backend: Backend,
    *,
    environment: Environment,
    place: PlaceKind = PlaceKind.EVIDENCE,
    mode: LockMode = LockMode.COMPLIANCE,
    creates_for_one: bool | None = None,
) -> ProbeResult:
    """Try a place out with canaries, which are removed again.

    Args:
        backend: the place.
        environment: the world.
        place: what a store keeps there; of a store with claims, `CLAIMS` picks theirs.
        mode: how canaries are locked in a bucket; `none` leaves locks out.
        creates_for_one: what racing by `put` has shown already; None to race here.

    Raises:
        StorageError: it cannot be listed.
    """
    if isinstance(backend, ClaimedBackend):
        backend = backend.claims if place is PlaceKind.CLAIMS else backend.evidence
    if isinstance(backend, S3Backend):
        return probe_bucket(backend, place=place, mode=mode, creates_for_one=creates_for_one)
    return probe_directory(backend, environment=environment, place=place)
