"""One group of calls into one batch, whatever the race and the storage do.

Rules kept here (spec: LED-30 to LED-36):

- the only commit point is the creation of a batch under the next number;
- a number is left only when its content is known: ours byte for byte, or another's;
- after a lost race a decision is kept where nothing that it read was written, else asked again;
- where the outcome cannot be known nothing is written until the ledger was read again.
"""

import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import attrs

from bwcstore import _layout
from bwcstore._ports import Backend, Environment
from bwcstore._shadows import read_verified
from bwcstore._values import Instant, StoreId
from bwcstore.errors import (
    AlreadyExistsError,
    BwcStoreError,
    ConflictError,
    ErrorKind,
    FormatError,
    IntegrityError,
    InternalError,
    InvalidInputError,
    NotFoundError,
    OutcomeUnknownError,
    StorageError,
)
from bwcstore.ledger._batch import FORMAT, Batch, BatchHeader, decode_header, encode_batch
from bwcstore.ledger._chain import FRAME_KINDS, Chain
from bwcstore.ledger._choice import covered_batches, decides_by_version
from bwcstore.ledger._draft import (
    Committed,
    Decision,
    reads_of_decision,
    writes_of,
    writes_of_decision,
)
from bwcstore.ledger._history import History
from bwcstore.ledger._payload_ciphers import PayloadCiphers
from bwcstore.ledger._prepare import BatchFullError, Linker, Preparer
from bwcstore.ledger._present import present
from bwcstore.ledger._queue import Call
from bwcstore.ledger._scope import Folded

S = TypeVar("S", bound=Folded)

ROUNDS_MAX: Final = 64
SETTLE_ATTEMPTS: Final = 4
GROUP_SIZE_BYTES: Final = 4 * 1024 * 1024


@attrs.define(kw_only=True)
class _Group(Generic[S]):
    """Calls linked into one batch, in order, with the entries of each."""

    linker: Linker[S]
    calls: list[tuple[Call[S], int, int]]
    left: list[Call[S]]


class Committer(Generic[S]):
    """Commits groups of calls. Used by one thread at a time.

    Attributes:
        read_only: why nothing may be appended; None while something may.
        doubtful: the name of a batch that may or may not have been stored.
        contested: up to which size of a generation a batch was read of which other versions
            continue the ledger too.
        state_lock: held while the state changes.
        taken: told of every batch once it is taken in.
    """

    def __init__(
        self,
        backend: Backend,
        environment: Environment,
        *,
        store: StoreId | None,
        chain: Chain[S],
        history: History[S],
        record_key: Callable[[str], bytes],
    ) -> None:
        self._backend = backend
        self._environment = environment
        self._new_store = store
        self._chain = chain
        self._history = history
        self._ciphers = PayloadCiphers(record_key, environment.clock)
        self._writer = environment.entropy.take(8)
        self.read_only: ErrorKind | None = None
        self.doubtful: str | None = None
        self.contested: dict[int, int] = {}
        self.state_lock: Final = threading.RLock()
        self.taken: Callable[[Batch], None] = lambda _: None

    @property
    def _store(self) -> StoreId:
        store = self._chain.store or self._new_store
        if store is None:
            raise InternalError(ErrorKind.DEFECT, "nothing can be appended before a ledger is read")
        return store

    def note_failure(self, error: BwcStoreError) -> None:
        """Take evidence that the ledger is not what it was; other failures pass."""
        if isinstance(error, IntegrityError):
            self.read_only = error.kind

    def check_writable(self) -> None:
        """Check that something may be appended.

        Raises:
            FormatError: a newer version writes this ledger (VER-4).
            IntegrityError: the ledger is read-only, of the kind that made it so.
            OutcomeUnknownError: a batch is in doubt; the ledger must be read again first.
        """
        if self.read_only is ErrorKind.FORMAT_NEWER:
            raise FormatError(
                self.read_only, "a newer version writes this ledger: it can be read, not written"
            )
        if self.read_only is not None:
            raise IntegrityError(
                self.read_only, "the ledger does not verify: it can be read, not written"
            )
        if self.doubtful is not None:
            raise OutcomeUnknownError(
                ErrorKind.OUTCOME_UNKNOWN,
                f"{self.doubtful} may or may not have been stored; reload before appending",
            )

    def commit(self, calls: list[Call[S]]) -> list[Call[S]]:
        """Settle calls; return those without room, or all where another closed the generation.

        Raises:
            IntegrityError: the ledger is or became read-only.
            FormatError: another writer's batch is malformed, or newer.
            ConflictError: 64 races were lost in a row.
            OutcomeUnknownError: the batch may or may not have been stored.
            StorageError: it was not stored.
        """
        self.check_writable()
        dirty: set[str] = set()
        entropy = self._environment.entropy
        preparer = Preparer(self._store, entropy=entropy, ciphers=self._ciphers)
        for _ in range(ROUNDS_MAX):
            group = self._decide([c for c in calls if not c.settled], dirty, preparer)
            if not group.calls:
                return group.left
            if not group.linker.entries:
                self._settle(group, self._chain.next_batch, None)
                return group.left
            batch, stored = self._write(group)
            if stored:
                self._take_in(batch, group.linker.branch)
                self._history.keep(batch)
                place = (batch.header.generation, batch.header.batch)
                self._settle(group, place, batch)
                return group.left
            dirty = self.catch_up()
            self.check_writable()
            calls = [call for call, _, _ in group.calls] + group.left
            if self._chain.current.closed:
                return _undecided(calls)
        raise ConflictError(ErrorKind.RACE_LOST, f"{ROUNDS_MAX} races for the next batch lost")

    def _decide(self, calls: list[Call[S]], dirty: set[str], preparer: Preparer) -> "_Group[S]":
        """Decide calls in order, each on the state after the former; keep what can be kept."""
        now = present(self._backend, self._environment.clock)
        group = _Group(linker=Linker(self._chain, now), calls=[], left=[])
        for position, call in enumerate(calls):
            if group.linker.size_bytes > GROUP_SIZE_BYTES:
                group.left = _undecided(calls[position:])
                break
            before = len(group.linker.entries)
            try:
                former = call.decision
                # What closes a generation states the heads of all scopes: it reads everything.
                if former is None or call.frames or reads_of_decision(former) & dirty:
                    if former is not None:
                        dirty |= writes_of_decision(former)
                    decision = _ask(call, group.linker, preparer, now)
                    if former is not None:
                        dirty |= writes_of_decision(decision)
                else:
                    for prepared in call.prepared:
                        group.linker.link(prepared)
            except Exception as exc:  # noqa: BLE001 - a refusal is the caller's, whatever it is
                group.linker = self._undo(group, now)
                if before and isinstance(exc, BatchFullError):
                    group.left = _undecided(calls[position:])
                    break
                call.fail(exc)
            else:
                group.calls.append((call, before, len(group.linker.entries)))
        return group

    def _undo(self, group: "_Group[S]", now: Instant) -> Linker[S]:
        """A linker that holds the calls of the group alone, without what the last one left."""
        linker = Linker(self._chain, now)
        for call, _, _ in group.calls:
            for prepared in call.prepared:
                linker.link(prepared)
        return linker

    def _write(self, group: "_Group[S]") -> tuple[Batch, bool]:
        """Create the next batch; whether it was stored, or the number is another's.

        Raises:
            OutcomeUnknownError: it may or may not have been stored.
            StorageError: it was not stored.
        """
        generation, number = self._chain.next_batch
        header = BatchHeader(
            generation=generation,
            batch=number,
            first_index=self._chain.index,
            prev=self._chain.prev,
            store=self._store,
            writer=self._writer,
            nonce=self._environment.entropy.take(16),
        )
        parts, batch = encode_batch(header, group.linker.entries, group.linker.payloads)
        name = _layout.batch(generation, number)
        try:
            return batch, self._create(name, b"".join(parts))
        except OutcomeUnknownError:
            self.doubtful = name
            raise

    def _create(self, name: str, raw: bytes) -> bool:
        """Create, and settle a lost answer by reading back and creating again.

        Creating the same bytes again is safe: only one of the two can take the name.

        Raises:
            OutcomeUnknownError: reading back did not settle it.
            StorageError: it was not stored.
        """
        lost: OutcomeUnknownError | None = None
        for _ in range(SETTLE_ATTEMPTS):
            try:
                self._backend.create(name, raw)
            except AlreadyExistsError:
                return self._is_ours(name, raw, lost)
            except OutcomeUnknownError as exc:
                lost = exc
                if self._is_there(name, lost):
                    return self._is_ours(name, raw, lost)
            except StorageError as exc:
                if self._landed(name, raw):
                    return True
                if lost is None:
                    raise
                raise _unknown(name) from exc
            else:
                return True
        raise _unknown(name) from lost

    def _landed(self, name: str, raw: bytes) -> bool:
        """Whether a batch is there although storage says that it was not stored."""
        try:
            return self._holds(name, raw)
        except (NotFoundError, StorageError):
            return False

    def _is_there(self, name: str, lost: OutcomeUnknownError) -> bool:
        try:
            self._backend.stat(name)
        except NotFoundError:
            return False
        except StorageError as exc:
            raise _unknown(name) from exc
        else:
            return lost is not None

    def _is_ours(self, name: str, raw: bytes, lost: OutcomeUnknownError | None) -> bool:
        """Whether the name holds our bytes; its nonce is nobody else's."""
        try:
            return self._holds(name, raw)
        except StorageError as exc:
            # Without an answer lost before, the name is certainly another's.
            if lost is None:
                return False
            raise _unknown(name) from exc

    def _holds(self, name: str, raw: bytes) -> bool:
        """Whether a name holds these bytes, also under what does not continue the ledger."""

        def check(found: bytes) -> bool:
            if found != raw:
                self._chain.check_header(decode_header(found.split(b"\n")[0]), what=name)
            return found == raw

        try:
            return read_verified(self._backend, name, check)
        except (FormatError, IntegrityError):
            return False

    def _take_in(self, batch: Batch, branch: S) -> None:
        with self.state_lock:
            self._chain.state.adopt(branch)
            self._chain.advance(batch)
        self._note_format(batch)
        self.taken(batch)

    def _settle(self, group: "_Group[S]", place: tuple[int, int], batch: Batch | None) -> None:
        generation, number = place
        for call, first, last in group.calls:
            call.succeed(
                Committed(
                    entries=tuple(group.linker.entries[first:last]),
                    generation=generation,
                    batch=number if batch else max(0, number - 1),
                    batch_digest=batch.digest if batch else self._chain.prev,
                    outcome=call.decision.outcome if call.decision else None,
                )
            )

    def load(self) -> None:
        """Read everything, straight into the state; where it forks, stop and be read-only.

        Raises:
            IntegrityError: a link or payload does not verify.
            FormatError: a batch is malformed.
            StorageError: reading failed.
        """
        state = self._chain.state
        into = state.branch if decides_by_version(self._backend) else lambda: state
        try:
            for found in self._history.following(into, covered=covered_batches(self._backend)):
                if found.state is not state:
                    state.adopt(found.state)
                self._chain.advance(found.batch)
                self._note_format(found.batch)
                if found.displaced:
                    self.read_only = ErrorKind.FORKED
                if found.forked:
                    self.contested[self._chain.current.number] = self._chain.current.tree.size
        except IntegrityError as exc:
            if exc.kind is not ErrorKind.FORKED:
                raise
            self.read_only = ErrorKind.FORKED

    def _note_format(self, batch: Batch) -> None:
        if batch.header.format != FORMAT and self.read_only is None:
            self.read_only = ErrorKind.FORMAT_NEWER

    def catch_up(self) -> set[str]:
        """Take in what others wrote; return the conflict keys that it writes.

        Raises:
            IntegrityError: it does not continue what is known; a fork is read-only from then on.
            FormatError: a batch is malformed.
            StorageError: reading failed.
        """
        written: set[str] = set()
        try:
            for found in self._history.following(self._chain.state.branch):
                self._take_in(found.batch, found.state)
                if found.forked:
                    self.read_only = ErrorKind.FORKED
                for entry in found.batch.entries:
                    written |= writes_of(entry)
        except IntegrityError as exc:
            if exc.kind is ErrorKind.FORKED:
                self.read_only = ErrorKind.FORKED
            raise
        return written


def _undecided(calls: list[Call[S]]) -> list[Call[S]]:
    """The calls, to be asked anew: what they decided on will have changed by their turn."""
    for call in calls:
        call.decision, call.prepared = None, ()
    return calls


def _ask(call: Call[S], linker: Linker[S], preparer: Preparer, now: Instant) -> Decision:
    """Ask the caller's decider, and link what it wants written."""
    decision = call.decide(linker.branch, now)
    prepared = []
    for draft in decision.drafts:
        if draft.kind in FRAME_KINDS and not call.frames:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"{draft.kind} is written by the ledger itself"
            )
        item = preparer.prepare(draft, seq=linker.next_seq(draft), now=now)
        linker.link(item)
        prepared.append(item)
    call.decision, call.prepared = decision, tuple(prepared)
    return decision


def _unknown(name: str) -> OutcomeUnknownError:
    return OutcomeUnknownError(ErrorKind.OUTCOME_UNKNOWN, f"{name} may or may not have been stored")
