"""Ingest: a stream becomes an evidence object, once per source, in the order that ORD-3 gives."""

import contextlib
import hashlib
from functools import partial
from typing import Final, Literal

import attrs

from bwcstore._encoding import Json
from bwcstore._media import read_facts
from bwcstore._ports import Progress, ProgressEvent, no_progress
from bwcstore._session._acting import Acting
from bwcstore._session._derivation import ties
from bwcstore._session._describing import describe, source_name
from bwcstore._session._journal import VaultJournal
from bwcstore._session._lock_rules import lock_of_new
from bwcstore._session._records import make_receipt, receipt_of
from bwcstore._session._services import KEY_BYTES
from bwcstore._source import OpenedSource, SourceLike, open_source
from bwcstore._values import Digest, Instant, ObjectId, ScopeId, Tag
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._deriving import Derived
from bwcstore.custody._ingest import check_fresh, ingest_reads, source_purged
from bwcstore.custody._object_records import Claim, ObjectState
from bwcstore.custody._recording import Recording, SourceId, open_body
from bwcstore.custody._state import State
from bwcstore.errors import (
    AlreadyExistsError,
    ErrorKind,
    IntegrityError,
    InvalidInputError,
    KeyVaultError,
    NotFoundError,
    StorageError,
)
from bwcstore.ledger._draft import Decision
from bwcstore.ledger._present import present
from bwcstore.objects._manifest import content_key_id, record_key_id
from bwcstore.objects._writer import ObjectKeys, ObjectWriter, Written

Outcome = Literal["ingested", "resumed", "present"]
_READ_BYTES: Final = 1 << 20


@attrs.frozen(kw_only=True)
class Ingested:
    """What came of an ingest.

    Attributes:
        object_id: the evidence object.
        receipt: a signed note (spec: RCT); a camera may be erased on it.
        plaintext_sha256: what `sha256sum` prints for the source.
        length_bytes: the source's length.
        outcome: `ingested`; `resumed` when segments of a broken run were kept; `present` when the
            same source had been ingested before and nothing was written.
    """

    object_id: ObjectId
    receipt: bytes
    plaintext_sha256: Digest
    length_bytes: int
    outcome: Outcome


@attrs.frozen(kw_only=True)
class _Order:
    """One ingest as it was asked for."""

    opened: OpenedSource
    source_id: SourceId | None
    source_tag: Tag | None
    recording: Recording
    expected_sha256: Digest | None
    announced_length: int | None
    progress: Progress
    derived: Derived | None

    @property
    def verb(self) -> Verb:
        """What the actor does by it."""
        return Verb.INGEST if self.derived is None else Verb.DERIVE


def ingest(
    acting: Acting,
    source: SourceLike,
    *,
    source_id: SourceId | None,
    recording: Recording,
    length_bytes: int | None,
    expected_sha256: Digest | None,
    progress: Progress = no_progress,
    writer: ObjectWriter | None = None,
    derived: Derived | None = None,
) -> Ingested:
    """Ingest one source; see `Session.ingest`, and `Session.derive` for what is `derived`."""
    acting.allow(Verb.INGEST)
    services = acting.services
    services.require_writable()
    with open_source(source) as opened:
        order = _Order(
            opened=opened,
            source_id=source_id,
            source_tag=services.tag("source", source_id.tagged) if source_id else None,
            recording=recording,
            expected_sha256=expected_sha256,
            announced_length=opened.length_bytes if length_bytes is None else length_bytes,
            progress=progress,
            derived=derived,
        )
        if (found := _present(acting, order)) is not None:
            digest, length = _digest_source(order)
            made = _same_source(acting, order, found, digest=digest, length_bytes=length)
            _forget(_journal(acting, order))
            return made
        return _write(acting, order, writer or services.writer)


def _present(acting: Acting, order: _Order) -> ObjectState | None:
    if order.source_tag is None:
        return None
    state = acting.services.log.state
    object_id = state.sourced(order.source_tag)
    return state.object(object_id) if object_id is not None else None


def _digest_source(order: _Order) -> tuple[Digest, int]:
    """Read the source for its digest alone.

    Raises:
        InvalidInputError: it is not as announced, or changed meanwhile.
    """
    digest = hashlib.sha256()
    length = 0
    buffer = memoryview(bytearray(_READ_BYTES))
    try:
        while count := order.opened.file.readinto(buffer):  # type: ignore[attr-defined]  # BinaryIO lacks readinto
            digest.update(buffer[:count])
            length += count
            order.progress(
                ProgressEvent(
                    verb="compare",
                    item=order.opened.shown,
                    done_bytes=length,
                    total_bytes=order.announced_length,
                )
            )
    except OSError as exc:
        raise InvalidInputError(
            ErrorKind.SOURCE_UNREADABLE, f"source {order.opened.shown} at byte {length}: {exc}"
        ) from exc
    found = Digest(digest.digest())
    if order.announced_length not in (None, length):
        kind = ErrorKind.SOURCE_SHORT
        if order.announced_length is not None and length > order.announced_length:
            kind = ErrorKind.SOURCE_LONG
        raise InvalidInputError(
            kind,
            f"source {order.opened.shown}: {length} bytes, announced {order.announced_length}",
        )
    if order.expected_sha256 not in (None, found):
        raise InvalidInputError(
            ErrorKind.DIGEST_MISMATCH,
            f"source {order.opened.shown}: SHA-256 {found}, expected {order.expected_sha256}",
        )
    order.opened.check_unchanged()
    return found, length


def _same_source(
    acting: Acting, order: _Order, found: ObjectState, *, digest: Digest, length_bytes: int
) -> Ingested:
    """The receipt of the object that the same source became before.

    Raises:
        InvalidInputError: the source id was used for other bytes, or for something that was not
            made in the same way of the same recording (`SOURCE_CONFLICT`).
        RetentionError: what it names was destroyed (`SOURCE_PURGED`); appended as
            `access.refused`.
    """
    if (refusal := source_purged(found)) is not None:
        acting.refuse(Verb.INGEST, refusal, object_id=found.object_id)
        raise refusal
    if order.derived is not None and not order.derived.made(found):
        raise InvalidInputError(
            ErrorKind.SOURCE_CONFLICT,
            f"the source id names object {found.object_id}, which was not made in this way of "
            f"object {order.derived.parent}",
        )
    tags = found.tags.get("file", ())
    if acting.services.tag("file", str(digest)) not in tags:
        raise InvalidInputError(
            ErrorKind.SOURCE_CONFLICT,
            f"the source id names object {found.object_id}, which holds other bytes; "
            f"these have SHA-256 {digest}",
        )
    return Ingested(
        object_id=found.object_id,
        receipt=receipt_of(acting.services, found),
        plaintext_sha256=digest,
        length_bytes=length_bytes,
        outcome="present",
    )


def _write(acting: Acting, order: _Order, writer: ObjectWriter) -> Ingested:
    services = acting.services
    entropy = services.environment.entropy
    # What is locked as it is written could not be taken back if its entry were refused later.
    present(services.backend, services.environment.clock)
    journal = _journal(acting, order)
    object_id = None
    if journal is not None:
        object_id, keys = _resumable(acting, journal)
    if object_id is None:
        object_id = ObjectId.from_time(services.environment.clock.now(), entropy.take(10))
        keys = ObjectKeys(content=entropy.take(KEY_BYTES), record=entropy.take(KEY_BYTES))
        # ORD-3: the keys are safe in every replica before the first byte sealed with them.
        services.vault.put(
            {content_key_id(object_id): keys.content, record_key_id(object_id): keys.record}
        )
    facts = read_facts(order.opened.path) if order.opened.path else None
    claims = order.recording.claims(
        container=facts.created if facts else None, ingested=services.environment.clock.now()
    )
    keep_until = lock_of_new(
        services,
        object_id=object_id,
        claims=claims,
        label=order.recording.label,
        parent=order.derived.parent if order.derived else None,
    )
    try:
        written = writer.write(
            order.opened.file,  # type: ignore[arg-type]  # BinaryIO lacks readinto; open_source checks it
            object_id=object_id,
            keys=keys,
            describe=partial(
                describe,
                order.recording,
                source_id=order.source_id,
                name=order.opened.name,
                facts=facts,
                claims=claims,
            ),
            announced_length=order.announced_length,
            expected_sha256=order.expected_sha256,
            journal=journal,
            progress=order.progress,
            item=order.opened.shown,
            keep_until=keep_until,
        )
        order.opened.check_unchanged()
    except (InvalidInputError, IntegrityError, AlreadyExistsError):
        # What was journalled can never be finished; the next run begins a new object (ORD-7).
        if journal is not None:
            journal.forget()
        raise
    # What a broken run stored was locked by its own reckoning: of that the ledger says nothing.
    locked = None if written.resumed_segments else keep_until
    ingested = _commit(acting, order, object_id, written, claims, locked_until=locked)
    _forget(journal)
    return ingested


def _journal(acting: Acting, order: _Order) -> VaultJournal | None:
    if order.source_tag is None or order.opened.path is None:
        return None
    return VaultJournal(acting.services.vault, order.source_tag)


def _forget(journal: VaultJournal | None) -> None:
    """Remove the journal of an object that exists: should that fail, it exists all the same, and
    whoever ingests the source again tries again.
    """
    if journal is not None:
        with contextlib.suppress(StorageError, KeyVaultError):
            journal.forget()


def _resumable(acting: Acting, journal: VaultJournal) -> tuple[ObjectId | None, ObjectKeys]:
    """The object and keys of a broken run that can be taken up, if there is one."""
    services = acting.services
    nothing = ObjectKeys(content=b"", record=b"")
    begun = journal.load()
    if begun is None:
        return None, nothing
    state = services.log.state
    spent = state.object(begun.object_id) is not None or (begun.object_id in state.store.discarded)
    try:
        keys = ObjectKeys(
            content=services.vault.get(content_key_id(begun.object_id)),
            record=services.vault.get(record_key_id(begun.object_id)),
        )
    except NotFoundError:
        spent = True
    if spent:
        journal.forget()
        return None, nothing
    return begun.object_id, keys


def _commit(
    acting: Acting,
    order: _Order,
    object_id: ObjectId,
    written: Written,
    claims: tuple[Claim, ...],
    *,
    locked_until: Instant | None,
) -> Ingested:
    services = acting.services
    body: dict[str, Json] = {
        "manifest_sha256": str(written.manifest.digest),
        "header": written.manifest.header.hex(),
        "segment_count": len(written.manifest.segments),
        "ciphertext_root": str(written.manifest.ciphertext_root),
        **open_body(
            order.recording,
            claims=claims,
            source=order.source_id,
            plaintext_digest=written.plaintext_sha256,
            tag_key=services.tag_key,
        ),
    }
    if locked_until is not None:
        body["locked_until"] = str(locked_until)

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        winner = check_fresh(state, object_id=object_id, source=order.source_tag)
        reads = ingest_reads(object_id, order.source_tag)
        if winner is not None:
            return Decision(reads=reads, outcome=winner)
        draft = acting.draft(
            permission, "object.ingested", body, now=now, scope=ScopeId.object(object_id)
        )
        drafts = [draft]
        if order.derived is not None:
            drafts += ties(
                acting, permission, order.derived, object_id=object_id, state=state, now=now
            )
        return Decision(drafts=tuple(drafts), reads=reads)

    about = order.derived.parent if order.derived else None
    committed = acting.commit(order.verb, plan, object_id=about)
    if committed.outcome is not None:
        # ORD-5: another writer was first; what this one stored is a leftover.
        return _same_source(
            acting,
            order,
            _object(services.log.state, committed.outcome),
            digest=written.plaintext_sha256,
            length_bytes=written.length_bytes,
        )
    return Ingested(
        object_id=object_id,
        # From what is at hand: reading it back could fail, and the object exists already.
        receipt=make_receipt(
            services,
            _object(services.log.state, object_id),
            plaintext_sha256=written.plaintext_sha256,
            length_bytes=written.length_bytes,
            source=source_name(order.source_id),
        ),
        plaintext_sha256=written.plaintext_sha256,
        length_bytes=written.length_bytes,
        outcome="resumed" if written.resumed_segments else "ingested",
    )


def _object(state: State, object_id: object) -> ObjectState:
    found = state.object(object_id) if isinstance(object_id, ObjectId) else None
    if found is None:
        raise NotFoundError(ErrorKind.OBJECT_UNKNOWN, f"no object {object_id}")
    return found
