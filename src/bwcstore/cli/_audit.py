"""Auditing without keys: what is read, and what is compared with it from outside."""

from collections.abc import Sequence
from pathlib import Path

from bwcstore._places import Access, Place, open_root
from bwcstore._ports import Backend, Environment, Progress, no_progress
from bwcstore._system import SystemClock, SystemEntropy, SystemWorkers
from bwcstore._values import ObjectId
from bwcstore.audit._budget import UNBOUNDED, Budget, Cursor
from bwcstore.audit._report import Report
from bwcstore.audit._run import audit_store
from bwcstore.cli._files import find_statements
from bwcstore.errors import StorageError
from bwcstore.ledger._note import VerifierKey
from bwcstore.storage._local import LocalBackend
from bwcstore.storage._s3_options import S3Options, S3Place
from bwcstore.storage._vault_names import parse_note, short_digest

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
) -> Report:
    """Audit a store by what it stores alone.

    Args:
        location: the store's directory or bucket; nothing is written.
        vaults: key vaults, of which only the remembered checkpoint is read, if it can be.
        claims: where the claims of a store in a bucket lie, if it has any.
        s3: how object storage is reached.
        expect: checkpoint notes and receipts, or folders of them.
        verifier_key: the store's key as the auditor knows it; else the store's own word counts.
        budget: how much may be read.
        object_id: one object only.
        cursor: where to go on.
        progress: where to report.

    Raises:
        InvalidInputError: the claims of a store on a disk, or the client library is missing.
        StorageError: there is no store, or it cannot be read at all.
        FormatError: the verifier key is malformed.
        OSError: a statement cannot be read.
    """
    clock, workers = SystemClock(), SystemWorkers()
    world = Environment(clock=clock, entropy=SystemEntropy(), workers=workers)
    access = Access(environment=world, options=s3)
    try:
        backend = open_root(location, access, claims=claims)
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


def remembered(vaults: Sequence[Place], access: Access) -> tuple[bytes, ...]:
    """The last checkpoint that each key vault remembers; it is kept there in the clear."""
    found: dict[bytes, None] = {}
    for place in vaults:
        try:
            backend = access.bucket(place) if isinstance(place, S3Place) else LocalBackend(place)
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
        data = backend.read(name)
        if short_digest(data) == digest:
            return data
    return None
