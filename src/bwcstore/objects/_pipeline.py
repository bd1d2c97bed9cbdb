"""The pipeline of one ingest: groups of chunks are read, hashed, sealed and written, overlapping.

Rules kept here (spec chapter `segment`):

- one thread, the caller's, moves everything: it reads and hashes the source, draws every random
  value, hands work to the workers and collects it; workers never wait for each other, so that any
  number of them will do;
- groups of one segment are written in order, and a segment becomes visible after its last group;
- the journal is told of a segment before it becomes visible (SEG-20);
- after a failure no work goes on and no upload stays open.
"""

import contextlib
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

import attrs

from bwcstore import _layout
from bwcstore._ports import Backend, Environment, Pending, Upload, Workers
from bwcstore._values import Digest, Instant
from bwcstore.errors import ErrorKind, IntegrityError, InvalidInputError, NotFoundError
from bwcstore.objects._buffers import Buffer, BufferPool
from bwcstore.objects._intake import Intake
from bwcstore.objects._manifest import SegmentFacts
from bwcstore.objects._resume import Journal, JournalState, SegmentDone
from bwcstore.objects._seal import CHUNK_IV_LENGTH_BYTES, CHUNK_OVERHEAD_BYTES, Cipher, Place
from bwcstore.objects._segment import Geometry, hash_chunks

# With one worker nothing is handed between threads, and a small group stays in the processor's
# cache from reading to writing; with several, hand-overs cost more than the cache saves.
_GROUP_BYTES_ALONE: Final = 1024 * 1024
_GROUP_BYTES_SHARED: Final = 8 * 1024 * 1024
_GROUPS_AT_ONCE_MAX: Final = 5
_ENDING_MAX: Final = 1


def group_chunks(geometry: Geometry, workers: Workers) -> int:
    """How many chunks go through the pipeline together."""
    group_bytes = _GROUP_BYTES_ALONE if workers.count == 1 else _GROUP_BYTES_SHARED
    return max(1, min(group_bytes // geometry.chunk_bytes, geometry.segment_chunks))


def buffer_pool(geometry: Geometry, workers: Workers) -> BufferPool:
    """A pool whose buffers hold one group each."""
    chunks = group_chunks(geometry, workers)
    return BufferPool(
        plain_bytes=geometry.payload_bytes * chunks + 1,
        sealed_bytes=geometry.chunk_bytes * chunks,
        kept_max=_GROUPS_AT_ONCE_MAX + _ENDING_MAX,
    )


@attrs.define
class _Segment:
    """A segment being written."""

    number: int
    upload: Upload
    leaves: list[bytes] = attrs.field(factory=list)
    length_bytes: int = 0
    written: Pending[None] | None = None


@attrs.frozen(kw_only=True)
class _Group:
    """Consecutive chunks that go through the pipeline together.

    Attributes:
        done: set on the last group of a segment: what the journal is told, but for the segment's
            length and leaves, which only sealing tells.
    """

    segment: _Segment
    buffer: Buffer
    sealed: memoryview
    leaves: Pending[bytes]
    done: SegmentDone | None


class Pipeline:
    """One pass of one source. Groups move from `_sealing` to `_writing` to the pool, in order; the
    last of a segment by way of `_ending`, where it keeps no other group waiting.

    Attributes:
        resumed_segments: how many segments of an earlier run were taken as they stood.
    """

    def __init__(
        self,
        *,
        backend: Backend,
        environment: Environment,
        pool: BufferPool,
        intake: Intake,
        cipher: Cipher,
        state: JournalState,
        journal: Journal | None,
        report: Callable[[int], None],
        keep_until: Instant | None = None,
    ) -> None:
        self.resumed_segments = 0
        self._backend = backend
        self._workers = environment.workers
        self._entropy = environment.entropy
        self._pool = pool
        self._intake = intake
        self._cipher = cipher
        self._state = state
        self._geometry = state.geometry
        self._journal = journal
        self._report = report
        self._keep_until = keep_until
        self._group_chunks = group_chunks(state.geometry, environment.workers)
        self._groups_max = min(environment.workers.count + 2, _GROUPS_AT_ONCE_MAX)
        self._sealing: deque[_Group] = deque()
        self._writing: deque[tuple[_Group, Pending[None]]] = deque()
        self._ending: deque[tuple[_Group, Pending[None]]] = deque()
        self._open: dict[int, _Segment] = {}
        self._facts: dict[int, SegmentFacts] = {}

    def write_segments(self, expected_sha256: Digest | None) -> tuple[SegmentFacts, ...]:
        """Write every segment; return what the manifest says of them, in order.

        Raises:
            InvalidInputError: the source is not as announced, cannot be read, or changed since
                the run before.
            IntegrityError: a segment of the run before is not as the journal says.
            AlreadyExistsError: a segment exists that the journal does not know.
            StorageError: storing failed.
        """
        try:
            kept = self._find_kept()
            number = 0
            while not self._intake.ended:
                if (done := kept.get(number)) is not None:
                    self._pass_segment(done)
                else:
                    self._write_segment(number, expected_sha256)
                number += 1
            if any(done >= number for done in kept):
                raise self._changed(number)
            self._intake.check_digest(expected_sha256)
            while self._sealing or self._writing:
                self._release_one()
            while self._ending:
                self._end_segment()
        except BaseException:
            self._abandon()
            raise
        return tuple(self._facts[number] for number in sorted(self._facts))

    def _find_kept(self) -> dict[int, SegmentDone]:
        """What the run before made visible. What it only told the journal of is made again."""
        kept: dict[int, SegmentDone] = {}
        for done in self._state.segments:
            name = _layout.segment(self._state.object_id, done.number)
            try:
                found = self._backend.stat(name).length_bytes
            except NotFoundError:
                continue
            if found != done.length_bytes:
                raise IntegrityError(
                    ErrorKind.SEGMENT_LENGTH,
                    f"{name}: {found} bytes, the journal says {done.length_bytes}",
                )
            kept[done.number] = done
        return kept

    def _pass_segment(self, done: SegmentDone) -> None:
        """Read and hash what a finished segment was made of, and the segment; write nothing."""
        buffer = self._take_buffer()
        remaining = self._geometry.segment_chunks
        while remaining and not self._intake.ended:
            chunks = min(remaining, self._group_chunks)
            plain = self._intake.fill(buffer, chunks * self._geometry.payload_bytes)
            self._intake.hash(plain)
            self._report(self._intake.count_bytes)
            remaining -= chunks
        stored = self._hash_stored(done.number, buffer)
        self._pool.give(buffer)
        found = (
            self._intake.count_bytes,
            self._intake.running_sha256(),
            Place.FINAL if self._intake.ended else Place.INNER,
        )
        if found != (done.through_bytes, done.running_sha256, done.place):
            raise self._changed(done.number)
        if stored != done.leaves:
            raise IntegrityError(
                ErrorKind.CHUNK_DIGEST,
                f"{_layout.segment(self._state.object_id, done.number)} is not what the journal "
                "says was written there",
            )
        self._facts[done.number] = SegmentFacts(leaves=done.leaves, length_bytes=done.length_bytes)
        self.resumed_segments += 1

    def _hash_stored(self, number: int, buffer: Buffer) -> bytes:
        """The leaf hashes of a segment as it is stored.

        Whoever else was at the same source may have written it after this journal spoke of it.
        """
        source = self._backend.open(_layout.segment(self._state.object_id, number))
        leaves: list[bytes] = []
        offset = 0
        try:
            while count := source.read_into(offset, buffer.sealed):
                leaves.append(
                    hash_chunks(buffer.sealed[:count], chunk_bytes=self._geometry.chunk_bytes)
                )
                offset += count
        finally:
            source.close()
        return b"".join(leaves)

    def _changed(self, number: int) -> InvalidInputError:
        return InvalidInputError(
            ErrorKind.SOURCE_CHANGED,
            f"object {self._state.object_id}: the source is not what the broken ingest read, "
            f"first seen in segment {number}",
        )

    def _write_segment(self, number: int, expected_sha256: Digest | None) -> None:
        name = _layout.segment(self._state.object_id, number)
        upload = self._backend.create_large(name, keep_until=self._keep_until)
        segment = _Segment(number, upload)
        self._open[number] = segment
        chunk = number * self._geometry.segment_chunks
        end = chunk + self._geometry.segment_chunks
        while chunk < end:
            count = min(end - chunk, self._group_chunks)
            buffer = self._take_buffer()
            plain = self._intake.fill(buffer, count * self._geometry.payload_bytes)
            if self._intake.ended:
                end = chunk + max(1, -(-plain.nbytes // self._geometry.payload_bytes))
                count = end - chunk
            sealed = buffer.sealed[: plain.nbytes + count * CHUNK_OVERHEAD_BYTES]
            leaves = self._workers.submit(
                partial(
                    _seal_group,
                    self._cipher,
                    self._geometry,
                    plain,
                    sealed,
                    first=chunk,
                    place=Place.FINAL if self._intake.ended else Place.INNER,
                    ivs=[self._entropy.take(CHUNK_IV_LENGTH_BYTES) for _ in range(count)],
                )
            )
            self._intake.hash(plain)
            if self._intake.ended:
                self._intake.check_digest(expected_sha256)
            chunk += count
            done = self._done(number) if chunk == end else None
            self._sealing.append(
                _Group(segment=segment, buffer=buffer, sealed=sealed, leaves=leaves, done=done)
            )
            # The group before has been sealed while this one was hashed.
            while len(self._sealing) > 1:
                self._start_writing()
            self._report(self._intake.count_bytes)

    def _done(self, number: int) -> SegmentDone:
        return SegmentDone(
            number=number,
            through_bytes=self._intake.count_bytes,
            running_sha256=self._intake.running_sha256(),
            length_bytes=0,
            leaves=b"",
            place=Place.FINAL if self._intake.ended else Place.INNER,
        )

    def _take_buffer(self) -> Buffer:
        while len(self._sealing) + len(self._writing) >= self._groups_max:
            self._release_one()
        return self._pool.take()

    def _release_one(self) -> None:
        if not self._writing:
            self._start_writing()
        group, written = self._writing.popleft()
        if group.done is not None:
            self._ending.append((group, written))
            while len(self._ending) > _ENDING_MAX:
                self._end_segment()
            return
        written.result()
        self._pool.give(group.buffer)

    def _end_segment(self) -> None:
        group, written = self._ending.popleft()
        written.result()
        self._pool.give(group.buffer)
        del self._open[group.segment.number]

    def _start_writing(self) -> None:
        """Hand the oldest sealed group to storage, after the group before it."""
        group = self._sealing.popleft()
        segment = group.segment
        segment.leaves.append(group.leaves.result())
        segment.length_bytes += group.sealed.nbytes
        if segment.written is not None:
            segment.written.result()
        if group.done is None:
            work = partial(segment.upload.write, group.sealed)
        else:
            facts = SegmentFacts(leaves=b"".join(segment.leaves), length_bytes=segment.length_bytes)
            self._facts[segment.number] = facts
            if self._journal is not None:
                # SEG-20: told of before it can be seen.
                self._journal.segment_done(
                    attrs.evolve(group.done, leaves=facts.leaves, length_bytes=facts.length_bytes)
                )
            work = partial(_write_and_commit, segment.upload, group.sealed)
        segment.written = self._workers.submit(work)
        self._writing.append((group, segment.written))

    def _abandon(self) -> None:
        """Let running work end, then forget every upload that is not committed."""
        pending: list[Pending[None] | Pending[bytes]] = [group.leaves for group in self._sealing]
        pending += [written for _, written in (*self._writing, *self._ending)]
        for work in pending:
            # The first failure is the one that is raised.
            with contextlib.suppress(Exception):
                work.result()
        for segment in self._open.values():
            segment.upload.abort()


def _seal_group(
    cipher: Cipher,
    geometry: Geometry,
    plain: memoryview,
    sealed: memoryview,
    *,
    first: int,
    place: Place,
    ivs: list[bytes],
) -> bytes:
    """Seal consecutive chunks; return their leaf hashes. `place` is that of the last of them."""
    for number, iv in enumerate(ivs):
        plain_at = number * geometry.payload_bytes
        part = plain[plain_at : plain_at + geometry.payload_bytes]
        sealed_at = number * geometry.chunk_bytes
        cipher.seal_into(
            part,
            sealed[sealed_at : sealed_at + part.nbytes + CHUNK_OVERHEAD_BYTES],
            position=first + number,
            place=place if number == len(ivs) - 1 else Place.INNER,
            iv=iv,
        )
    return hash_chunks(sealed, chunk_bytes=geometry.chunk_bytes)


def _write_and_commit(upload: Upload, sealed: memoryview) -> None:
    upload.write(sealed)
    upload.commit()
