"""Auditing without keys: what is read, and what is compared with it from outside."""

from collections.abc import Callable, Sequence
from pathlib import Path

from bwcstore._places import Access, Place, open_root, place_of
from bwcstore._ports import Backend, Environment, Progress, no_progress
from bwcstore._system import SystemClock, SystemEntropy, SystemWorkers
from bwcstore._values import ObjectId
from bwcstore.audit._budget import UNBOUNDED, Budget, Cursor
from bwcstore.audit._report import Report
from bwcstore.audit._run import audit_store
from bwcstore.cli._files import find_statements
from bwcstore.errors import StorageError
from bwcstore.ledger._note import VerifierKey
from bwcstore.storage._copied import CopiedBackend, has_candidates_alone
from bwcstore.storage._local import LocalBackend
from bwcstore.storage._s3_options import S3Options, S3Place
from bwcstore.storage._vault_names import parse_note, short_digest, whole_file

_REMEMBERED = "head"


def keyless(
    location: Place,
    *,
    vaults: Sequence[Place] = (),
    claims: str | None = None,
    s3: S3Options | None = None,
    expect: Sequence[Path] = (),
    verifier_key: str | None = None,
    budget: Budget = UNBOUNDED,
    object_id: ObjectId | None = None,
    cursor: Cursor | None = None,
    progress: Progress = no_progress,
    unclaimed: Callable[[], None] = lambda: None,
) -> Report:
    """Audit a store by what it stores alone.

    Args:
        location: the store's directory or bucket; nothing is written.
        vaults: key vaults, of which only the remembered checkpoint is read, if it can be.
        claims: where the claims of a store in a bucket lie, if it has any, or a copy of them.
        s3: how object storage is reached.
        expect: checkpoint notes and receipts, or folders of them.
        verifier_key: the store's key as the auditor knows it; else the store's own word counts.
        budget: how much may be read.
        object_id: one object only.
        cursor: where to go on.
        progress: where to report.
        unclaimed: called when batches are committed by claims and no place for them is named: the
            last of them is then not seen.

    Raises:
        InvalidInputError: a place is malformed, or the client library is missing.
        StorageError: there is no store, or it cannot be read at all.
        FormatError: the verifier key is malformed.
        OSError: a statement cannot be read.
    """
    clock, workers = SystemClock(), SystemWorkers()
    world = Environment(clock=clock, entropy=SystemEntropy(), workers=workers)
    access = Access(environment=world, options=s3)
    try:
        backend = _readable(location, access, claims, unclaimed)
    except BaseException:
        workers.close()
        raise
    try:
        return audit_store(
            backend,
            verifier_key=VerifierKey.parse(verifier_key) if verifier_key is not None else None,
            expect=tuple(raw for _, raw in find_statements(tuple(expect))),
            remembered=remembered(vaults, access),
            budget=budget,
            object_id=object_id,
            cursor=cursor,
            workers=workers,
            monotonic=clock.monotonic,
            progress=progress,
        )
    finally:
        workers.close()
        backend.close()


def _readable(
    location: Place, access: Access, claims: str | None, unclaimed: Callable[[], None]
) -> Backend:
    """Open a store, or a copy of one, for reading alone (CLM-11).

    Raises:
        InvalidInputError: a place is malformed, or the client library is missing.
        StorageError: a place is not there, cannot be read, or cannot hold claims.
    """
    beside = place_of(claims) if claims is not None else None
    if isinstance(location, S3Place) and isinstance(beside, S3Place):
        return open_root(location, access, claims=claims)
    evidence = _opened(location, access)
    try:
        if beside is not None:
            return CopiedBackend(evidence, _opened(beside, access))
        if not has_candidates_alone(evidence):
            return evidence
        unclaimed()
        return CopiedBackend(evidence, None)
    except BaseException:
        evidence.close()
        raise


def _opened(place: Place, access: Access) -> Backend:
    return access.bucket(place) if isinstance(place, S3Place) else LocalBackend(place)


def remembered(vaults: Sequence[Place], access: Access) -> tuple[bytes, ...]:
    """The last checkpoint that each key vault remembers; it is kept there in the clear."""
    found: dict[bytes, None] = {}
    for place in vaults:
        try:
            backend = _opened(place, access)
        except StorageError:
            continue
        try:
            note = _newest(backend)
        except StorageError:
            note = None
        finally:
            backend.close()
        if note is not None:
            found[note] = None
    return tuple(found)


def _newest(backend: Backend) -> bytes | None:
    versions = []
    for stat in backend.list(f"notes/{_REMEMBERED}/"):
        parsed = parse_note(stat.name)
        if parsed is not None and parsed[0] == _REMEMBERED:
            versions.append((parsed[1], stat.name, parsed[2]))
    for _, name, digest in sorted(versions, reverse=True):
        data = backend.read(name, whole_file(name))
        if short_digest(data) == digest:
            return data
    return None
