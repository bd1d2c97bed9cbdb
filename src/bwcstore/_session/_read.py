"""Reading and exporting: the entry first, then the first byte (ORD-8 to ORD-10)."""

import contextlib
import hashlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import attrs

from bwcstore._encoding import Json
from bwcstore._ports import Progress, ProgressEvent
from bwcstore._session._acting import Acting
from bwcstore._session._law import law_of
from bwcstore._session._records import manifest_of, record_of
from bwcstore._values import Digest, Instant, ObjectId, ScopeId
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._clock import moment
from bwcstore.custody._lawful import check_lawful, lawful_reads
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._state import State
from bwcstore.errors import (
    AlreadyExistsError,
    ErrorKind,
    IntegrityError,
    InternalError,
    InvalidInputError,
    KeyVaultError,
    NotFoundError,
    RetentionError,
    StorageError,
)
from bwcstore.ledger._draft import Decision
from bwcstore.objects._manifest import content_key_id
from bwcstore.objects._reader import ObjectReader
from bwcstore.statute._rules import Act

_COPY_BYTES: Final = 4 << 20
_MODE: Final = {Verb.READ: "stream", Verb.EXPORT: "export"}
_ACT: Final = {Verb.READ: Act.VIEW, Verb.EXPORT: Act.COPY}


@attrs.frozen(kw_only=True)
class Exported:
    """What an export wrote: `sha256` and `length_bytes` are those of the original file."""

    object_id: ObjectId
    target: Path
    sha256: Digest
    length_bytes: int


@attrs.define
class _Ending:
    """How an access will be said to have ended."""

    failed: bool = False


def open_object(
    acting: Acting, object_id: ObjectId, verb: Verb, ending: "_Ending | None" = None
) -> ObjectReader:
    """Log the access, then open the object for reading; closing logs the end.

    Raises:
        NotFoundError: there is no such object.
        AuthorizationError: no authorization admits the actor, or the law does not; appended as
            `access.refused`.
        RetentionError: it was destroyed, or is being destroyed; appended likewise.
        KeyVaultError: the content key is missing.
        IntegrityError: manifest or header do not verify.
    """
    services = acting.services
    # What was decided on an old state is decided again: only what is not known needs a look first.
    if services.log.read_only is not None or services.log.state.object(object_id) is None:
        services.log.refresh()
    _require(services.log.state, object_id)
    how = ending or _Ending()

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        reads = _check_access(acting, state, permission, object_id=object_id, verb=verb, now=now)
        body: dict[str, Json] = {"mode": _MODE[verb], "purpose": acting.who.purpose}
        if permission.authorization_id is not None:
            body["authorization"] = permission.authorization_id
        draft = acting.draft(
            permission, "object.accessed", body, now=now, scope=ScopeId.object(object_id)
        )
        return Decision(drafts=(draft,), reads=reads, outcome=permission)

    committed = acting.commit(verb, plan, object_id=object_id)
    permission = committed.outcome
    if not isinstance(permission, Permission):
        raise InternalError(ErrorKind.DEFECT, "an access was committed without a permission")
    # What was set aside instead of appended has a number of its own (ORD-16).
    accessed = committed.entries[0].scope.seq if committed.entries else committed.batch
    end = partial(_end_access, acting, object_id, permission, accessed_seq=accessed)
    try:
        found = _require(services.log.state, object_id)
        return ObjectReader(
            manifest_of(services, found),
            backend=services.backend,
            content_key=_content_key(acting, object_id),
            workers=services.environment.workers,
            on_close=lambda reader: end(
                bytes_released=reader.bytes_released, outcome="failed" if how.failed else "closed"
            ),
        )
    except BaseException:
        # The access is over before it began; that no byte left is worth knowing.
        with contextlib.suppress(StorageError):
            end(bytes_released=0, outcome="failed")
        raise


def check_access(acting: Acting, object_id: ObjectId, verb: Verb) -> None:
    """Decide whether the actor may read or export an object, and do neither.

    Raises:
        NotFoundError: there is no such object.
        AuthorizationError: no authorization admits the actor, or the law does not; appended as
            `access.refused`.
        RetentionError: it was destroyed, or is being destroyed; appended likewise.
    """

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        return Decision(
            reads=_check_access(acting, state, permission, object_id=object_id, verb=verb, now=now)
        )

    acting.commit(verb, plan, object_id=object_id)


def _check_access(
    acting: Acting,
    state: State,
    permission: Permission,
    *,
    object_id: ObjectId,
    verb: Verb,
    now: Instant,
) -> frozenset[str]:
    """Check what is to be true beside the written authorization; return what was read (CUS-30)."""
    _require_present(state, object_id)
    law = law_of(acting.services, state, now)
    if law is None:
        return frozenset()
    found = _require(state, object_id)
    check_lawful(
        state,
        found,
        actor=permission.actor,
        purpose=acting.who.purpose,
        act=_ACT[verb],
        law=law,
        at=moment(state, now),
    )
    return lawful_reads(state, found)


def _content_key(acting: Acting, object_id: ObjectId) -> bytes:
    try:
        return acting.services.vault.get(content_key_id(object_id))
    except NotFoundError as exc:
        raise KeyVaultError(
            ErrorKind.KEY_ABSENT, f"object {object_id}: the vault has no content key for it"
        ) from exc


def _require(state: State, object_id: ObjectId) -> ObjectState:
    found = state.object(object_id)
    if found is None:
        raise NotFoundError(ErrorKind.OBJECT_UNKNOWN, f"no object {object_id}")
    return found


def _require_present(state: State, object_id: ObjectId) -> None:
    found = _require(state, object_id)
    if found.purged is not None:
        raise RetentionError(
            ErrorKind.OBJECT_PURGED,
            f"object {object_id} was destroyed (certificate {found.purged})",
        )
    if found.keeping.purge is not None:
        raise RetentionError(ErrorKind.PURGE_STARTED, f"object {object_id} is being destroyed")


def _end_access(
    acting: Acting,
    object_id: ObjectId,
    permission: Permission,
    *,
    accessed_seq: int,
    bytes_released: int,
    outcome: str,
) -> None:
    def plan(_: State, now: Instant) -> Decision:
        draft = acting.bare_draft(
            permission,
            "access.ended",
            {"accessed_seq": accessed_seq, "bytes_released": bytes_released, "outcome": outcome},
            now=now,
            scope=ScopeId.object(object_id),
        )
        return Decision(drafts=(draft,))

    acting.services.append(plan)


def check_target(target: Path) -> None:
    """Check that a new file can be made there.

    Raises:
        AlreadyExistsError: the target exists (`target-exists`).
        InvalidInputError: its folder does not (`argument-invalid`).
    """
    if target.exists() or target.is_symlink():
        raise AlreadyExistsError(ErrorKind.TARGET_EXISTS, f"target {str(target)!r} exists")
    if not target.parent.is_dir():
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID, f"target folder {str(target.parent)!r} does not exist"
        )


def export_object(
    acting: Acting, object_id: ObjectId, target: Path, *, progress: Progress
) -> Exported:
    """Copy an object's plaintext to a new file; see `Session.export`."""
    check_target(target)
    ending = _Ending()
    with open_object(acting, object_id, Verb.EXPORT, ending) as reader:
        try:
            found = _require(acting.services.log.state, object_id)
            expected = record_of(acting.services, found).plaintext_sha256
            _copy(reader, target, expected, progress)
        except BaseException:
            ending.failed = True
            raise
        length = reader.length_bytes
    return Exported(object_id=object_id, target=target, sha256=expected, length_bytes=length)


def _copy(reader: ObjectReader, target: Path, expected: Digest, progress: Progress) -> None:
    temporary = target.with_name(f".{target.name[:200]}.{os.getpid()}.part")
    try:
        descriptor = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode=0o600
        )
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            _pour(reader, file.write, expected, str(target), progress)
            os.fsync(file.fileno())
        os.link(temporary, target)
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except FileExistsError as exc:
        raise AlreadyExistsError(ErrorKind.TARGET_EXISTS, f"target {str(target)!r} exists") from exc
    except OSError as exc:
        raise StorageError(
            ErrorKind.STORAGE_IO, f"cannot write {str(target)!r}: {exc.strerror}"
        ) from exc
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _pour(
    reader: ObjectReader,
    write: Callable[[memoryview], int | None],
    expected: Digest,
    item: str,
    progress: Progress,
) -> None:
    buffer = memoryview(bytearray(_COPY_BYTES))
    digest = hashlib.sha256()
    done = 0
    while count := reader.readinto(buffer):
        part = buffer[:count]
        digest.update(part)
        while part.nbytes:
            part = part[write(part) or 0 :]
        done += count
        progress(
            ProgressEvent(
                verb="export", item=item, done_bytes=done, total_bytes=reader.length_bytes
            )
        )
    found = Digest(digest.digest())
    if found != expected:
        raise IntegrityError(
            ErrorKind.PLAINTEXT_DIGEST, f"the plaintext hashes to {found}, expected {expected}"
        )
