"""Write one object: stream a source into sealed segments, then store the manifest.

Rules kept here (spec chapter `segment`):

- each byte is read once, hashed once as plaintext, sealed once, hashed once as ciphertext;
- the source is checked against its announcement before the last segment becomes visible;
- the manifest is stored last, so that whatever it names exists (SEG-19);
- memory is bounded, whatever the length of the source;
- the caller's thread reads, hashes and keeps all order; workers seal and write. Every random value
  is drawn in the caller's thread, so that equal entropy gives equal bytes.

Nothing here knows the ledger: segments and manifest mean nothing until an entry names them.
"""

from collections.abc import Callable
from functools import partial

import attrs

from bwcstore import _layout
from bwcstore._ports import Backend, Environment, Progress, ProgressEvent, no_progress
from bwcstore._values import Digest, Instant, ObjectId, StoreId
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.objects._buffers import BufferPool
from bwcstore.objects._intake import Intake, Readable
from bwcstore.objects._manifest import (
    Manifest,
    SegmentFacts,
    seal_content,
    seal_record,
)
from bwcstore.objects._parts import ContentPart, RecordPart
from bwcstore.objects._pipeline import Pipeline, buffer_pool
from bwcstore.objects._resume import Journal, JournalState
from bwcstore.objects._seal import HEADER_IV_LENGTH_BYTES, Cipher, associated_data, start, unlock
from bwcstore.objects._sealed_part import NONCE_LENGTH_BYTES
from bwcstore.objects._segment import Geometry

Describe = Callable[[Digest, int], tuple[RecordPart, ContentPart]]


@attrs.frozen(kw_only=True)
class ObjectKeys:
    """The two 32-byte keys of one object. They must be safe in the vault before anything is."""

    content: bytes = attrs.field(repr=False, eq=False)
    record: bytes = attrs.field(repr=False, eq=False)


@attrs.frozen(kw_only=True)
class Written:
    """What was written.

    Attributes:
        manifest: as stored; its `digest` and `header` belong into the ledger.
        plaintext_sha256: SHA-256 of the source.
        length_bytes: the length of the source.
        resumed_segments: how many segments of an earlier run were taken as they stood.
    """

    manifest: Manifest
    plaintext_sha256: Digest
    length_bytes: int
    resumed_segments: int


class ObjectWriter:
    """Writes objects of one store. Safe to use from several threads, one object each."""

    def __init__(
        self,
        *,
        backend: Backend,
        environment: Environment,
        store_id: StoreId,
        geometry: Geometry | None = None,
    ) -> None:
        self._backend = backend
        self._environment = environment
        self._store_id = store_id
        self._geometry = geometry or Geometry()
        self._pools: dict[Geometry, BufferPool] = {}

    def write(
        self,
        source: Readable,
        *,
        object_id: ObjectId,
        keys: ObjectKeys,
        describe: Describe,
        announced_length: int | None = None,
        expected_sha256: Digest | None = None,
        journal: Journal | None = None,
        progress: Progress = no_progress,
        item: str = "",
        keep_until: Instant | None = None,
    ) -> Written:
        """Read `source` to its end and store it as one object.

        Args:
            source: a binary file at the position to read from; blocking.
            object_id: a fresh id; with a journal, the id of the run before.
            keys: the object's keys, already durable in the vault.
            describe: makes the two sealed parts of the manifest from the plaintext's SHA-256 and
                length in bytes.
            announced_length: how many bytes the source is said to have.
            expected_sha256: what the source is said to hash to.
            journal: where to keep what a later run needs; without it a broken run starts anew.
            progress: told after every group of chunks.
            item: what to call the source in progress reports.
            keep_until: until when the storage is asked to refuse the deletion of a segment.

        Raises:
            InvalidInputError: the source is not as announced, cannot be read, or changed since
                the run before; segments that became visible stay, unreferenced.
            AlreadyExistsError: the object id is in use.
            StorageError: storing failed.
            IntegrityError: the run before left something that does not verify.
        """
        state, cipher = self._begin(object_id, keys, journal)
        geometry = state.geometry
        intake = Intake(
            source, announced_length=announced_length, length_bytes_max=geometry.length_bytes_max
        )
        run = Pipeline(
            backend=self._backend,
            environment=self._environment,
            pool=self._pool(geometry),
            intake=intake,
            cipher=cipher,
            state=state,
            journal=journal,
            report=partial(_report, progress, item, announced_length),
            keep_until=keep_until,
        )
        segments = run.write_segments(expected_sha256)
        digest = intake.running_sha256()
        record, content = describe(digest, intake.count_bytes)
        manifest = self._store_manifest(state, segments, keys, record, content)
        return Written(
            manifest=manifest,
            plaintext_sha256=digest,
            length_bytes=intake.count_bytes,
            resumed_segments=run.resumed_segments,
        )

    def _begin(
        self, object_id: ObjectId, keys: ObjectKeys, journal: Journal | None
    ) -> tuple[JournalState, Cipher]:
        """The state of the run before, or a fresh one that the journal already has."""
        aad = associated_data(self._store_id, object_id)
        state = journal.load() if journal is not None else None
        if state is not None:
            if (state.store_id, state.object_id) != (self._store_id, object_id):
                raise InvalidInputError(
                    ErrorKind.ARGUMENT_INVALID,
                    f"the journal is of object {state.object_id}, not of {object_id}",
                )
            chunk_bytes = state.geometry.chunk_bytes
            return state, unlock(keys.content, state.header, aad=aad, chunk_bytes=chunk_bytes)
        iv = self._environment.entropy.take(HEADER_IV_LENGTH_BYTES)
        geometry = self._geometry
        header, cipher = start(keys.content, iv=iv, aad=aad, chunk_bytes=geometry.chunk_bytes)
        state = JournalState(
            store_id=self._store_id, object_id=object_id, header=header, geometry=geometry
        )
        if journal is not None:
            journal.begin(state)
        return state, cipher

    def _pool(self, geometry: Geometry) -> BufferPool:
        # Two threads may both make one; `setdefault` lets both use the first.
        return self._pools.get(geometry) or self._pools.setdefault(
            geometry, buffer_pool(geometry, self._environment.workers)
        )

    def _store_manifest(
        self,
        state: JournalState,
        segments: tuple[SegmentFacts, ...],
        keys: ObjectKeys,
        record: RecordPart,
        content: ContentPart,
    ) -> Manifest:
        object_id = state.object_id
        take = self._environment.entropy.take
        manifest = Manifest(
            store_id=self._store_id,
            object_id=object_id,
            chunk_bytes=state.geometry.chunk_bytes,
            header=state.header,
            segments=segments,
            record=seal_record(
                record,
                key=keys.record,
                nonce=take(NONCE_LENGTH_BYTES),
                store_id=self._store_id,
                object_id=object_id,
            ),
            content=seal_content(
                content,
                key=keys.content,
                nonce=take(NONCE_LENGTH_BYTES),
                store_id=self._store_id,
                object_id=object_id,
            ),
        )
        self._backend.create(_layout.manifest(object_id, manifest.digest), manifest.encode())
        return manifest


def _report(progress: Progress, item: str, total_bytes: int | None, done_bytes: int) -> None:
    progress(
        ProgressEvent(verb="ingest", item=item, done_bytes=done_bytes, total_bytes=total_bytes)
    )
